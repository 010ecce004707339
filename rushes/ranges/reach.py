"""How far requests may reach: which machines may be asked for a file, going by who named its address.

Somebody else's list of addresses must not make us ask the machines around us. Here: what is a private machine, by its
name and by its address. Not here: addresses as a whole (``rushes.sources.trust``), connections (``http``).
"""

from __future__ import annotations

import socket
import unicodedata
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import unquote, urlsplit

Address = IPv4Address | IPv6Address

_PRIVATE_NAMES = ("localhost", "localdomain", "local", "internal", "metadata")
_AZURE_METADATA = IPv4Address("168.63.129.16")  # the one such address that is not in a private range
_GLOBAL = ip_network("2000::/3")  # all that was ever given out of IPv6
# Addresses of IPv6 that stand for one of IPv4 in their last 32 bits: NAT64's, and the earliest kind.
_LAST_BITS = (ip_network("64:ff9b::/96"), ip_network("::/96"))


@dataclass(frozen=True)
class Reach:
    """Which machines may be asked: all where ``private`` is set, else public ones, and the one that a person named."""

    private: bool = True
    named: str = ""

    @classmethod
    def of(cls, trust: str, uri: str) -> Reach:
        """Return how far an address reaches that is trusted as ``any``, ``given`` or ``listed`` (see ``Entry``)."""
        if trust == "any":
            return cls()
        return cls(private=False, named=_host(uri) if trust == "given" else "")

    def anywhere(self, host: str) -> bool:
        """Tell whether a host may be on any machine."""
        return self.private or (bool(self.named) and _plain(host) == _plain(self.named))

    def refuses(self, host: str) -> bool:
        """Tell whether a host's name alone says that it may not be asked; no name server is."""
        return not self.anywhere(host) and is_private_name(host)


def is_private_name(host: str) -> bool:
    """Tell whether a host's name is that of a private machine, or spells a private address."""
    address = literal(host)
    if address is not None:
        return not is_public(address)
    return _plain(host).rpartition(".")[2] in _PRIVATE_NAMES


def literal(host: str) -> Address | None:
    """Return the IP address that a host's name spells, in whatever way C libraries understand; None for a name."""
    name = _plain(host)
    try:
        return ip_address(name.strip("[]").partition("%")[0])
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(name))  # 2130706433, 0x7f.1, 0177.0.0.1
    except (OSError, ValueError):
        return None


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the public internet, with whichever other address it may stand for."""
    inner = _inner(address)
    if inner is not None:
        return is_public(inner)
    if isinstance(address, IPv6Address) and address not in _GLOBAL:
        return False
    return address.is_global and not address.is_multicast and address != _AZURE_METADATA


def _inner(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if any(address in network for network in _LAST_BITS):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _plain(host: str) -> str:
    """Return a host's name as resolvers see it: no escapes, wide characters, last dot."""
    return unicodedata.normalize("NFKC", unquote(host)).replace("。", ".").rstrip(".").lower()


def _host(uri: str) -> str:
    try:
        return urlsplit(uri).hostname or ""
    except ValueError:
        return ""
