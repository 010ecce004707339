"""Reading numbers of any count of bits, as headers hold them. Not here: what they mean."""

from __future__ import annotations


class Bits:
    """Some bytes of a header, read from the front. Reading past the end raises ValueError."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def read(self, n: int) -> int:
        """Return the next ``n`` bits as a number."""
        if n > self._left:
            raise ValueError("the header is cut off")
        self._left -= n
        return self._value >> self._left & ((1 << n) - 1)

    def flag(self) -> bool:
        """Return the next bit."""
        return self.read(1) == 1

    def zeros(self) -> int:
        """Count the zeros up to the next one, and read that too."""
        count = 0
        while not self.read(1):
            count += 1
        return count

    def exp_golomb(self) -> int:
        """Return an unsigned number in Exp-Golomb coding: ``ue(v)`` of ITU-T, ``uvlc()`` of AV1."""
        zeros = self.zeros()
        return (1 << zeros) - 1 + self.read(zeros)

    def signed_exp_golomb(self) -> int:
        """Return a signed number in Exp-Golomb coding, ``se(v)``."""
        number = self.exp_golomb()
        return (number + 1) // 2 if number % 2 else -(number // 2)
