"""Where the video lies that a row of a manifest names.

Here: from a name, an address or a YouTube id to a ``Named``, and who may be named. Not here: the rows (``rows``), what
a folder of videos holds (``media``), what addresses are allowed (``rushes.sources.trust``).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from urllib.parse import quote

from rushes.errors import SettingsError
from rushes.ranges.address import protocol_of, shown
from rushes.sources.formats import youtube_ids
from rushes.sources.formats.media import Media
from rushes.sources.ids import video_id_of
from rushes.sources.source import Given
from rushes.sources.trust import inside, refuse_listed
from rushes.store.names import check_name
from rushes.store.rejects import Reason


@dataclass(frozen=True)
class Named:
    """A video that a manifest names; ``within`` is the folder that a local file must lie in."""

    uri: str
    video_id: str
    within: str | None = None


@dataclass(frozen=True)
class Refused:
    """Why a name cannot be followed."""

    reason: Reason
    detail: str


class Names:
    """Follows the names that one manifest gives its videos."""

    def __init__(self, given: Given) -> None:
        self._media = Media(given.media) if given.media else None
        self._folder = self._media.within if self._media else os.path.abspath(given.path.parent)
        self._address = f"{str(given.media).rstrip('/')}/" if self._folder is None else None

    def address(self, name: str, video_id: str | None = None) -> Named | Refused:
        """Follow an address on the web or in a bucket, or a path below the manifest's folder, or below ``media``.

        A video that ``media`` has by the name of the address's file is taken from there, and so is YouTube's.
        """
        if video_id is not None and (wrong := _unfit(video_id)):
            return wrong
        if not name.strip():
            return Refused(Reason.BAD_LINE, "it names no video")
        return self._elsewhere(name, video_id) if "://" in name else self._below(name, video_id)

    def youtube(self, name: str) -> Named | Refused:
        """Follow a YouTube id: to the file of that name in ``media`` if there is one, else to its page."""
        known = youtube_ids.youtube_id(name)
        if self._media is not None:
            return self.file(known or name)
        if known is None:
            return Refused(Reason.BAD_ID, f"{name!r} is no YouTube id: say where the videos are with --media FOLDER")
        return Named(youtube_ids.watch_uri(known), youtube_ids.video_id(known))

    def file(self, name: str) -> Named | Refused:
        """Follow a file's name without its suffix to where it is in ``media``, or else should be."""
        return self.present(name) or self._below(f"{name}.mp4", _named_after(name))

    def present(self, name: str) -> Named | Refused | None:
        """Return the video of that name, if ``media`` is a folder here that has it; refused when it is a link out."""
        found = self._media.find(name) if self._media and self._media.within else None
        return self._below(found, _named_after(name)) if found else None

    def _elsewhere(self, uri: str, video_id: str | None) -> Named | Refused:
        known = youtube_ids.youtube_id(uri)
        if known is not None:
            return _called(self.youtube(known), video_id)
        # Whether private machines may be asked is for those to say who ask them.
        if wrong := refuse_listed(uri, allow_private=True):
            return Refused(Reason.FORBIDDEN, wrong)
        base = shown(uri).rstrip("/").rpartition("/")[2]
        here = self.present(base)
        if here is not None:
            return _called(here, video_id or video_id_of(base))
        return Named(uri, video_id or video_id_of(base))

    def _below(self, name: str, video_id: str | None) -> Named | Refused:
        if self._folder is None:
            return self._below_address(name, video_id)
        path = inside(self._folder, name)
        if path is None:
            return Refused(Reason.FORBIDDEN, f"{name!r} leads outside {self._folder}, where its videos must lie")
        return Named(path, video_id or video_id_of(os.path.relpath(path, self._folder)), self._folder)

    def _below_address(self, name: str, video_id: str | None) -> Named | Refused:
        if name.startswith("/") or ".." in name.split("/"):
            return Refused(Reason.FORBIDDEN, f"{name!r} leads outside {shown(str(self._address))}")
        path = quote(name) if protocol_of(str(self._address)) in ("http", "https") else name
        return Named(f"{self._address}{path}", video_id or video_id_of(name))


def _called(named: Named | Refused, video_id: str | None) -> Named | Refused:
    return replace(named, video_id=video_id) if video_id and isinstance(named, Named) else named


def _unfit(video_id: str) -> Refused | None:
    try:
        check_name(video_id, "video id")
    except SettingsError as error:
        return Refused(Reason.BAD_ID, str(error))
    return None


def _named_after(name: str) -> str:
    return youtube_ids.video_id(name) if youtube_ids.youtube_id(name) == name else video_id_of(f"{name}.mp4")
