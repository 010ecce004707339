"""How often each class and each video is among the candidates and among the chosen.

Here: counting. Not here: drawing bars (the page does).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_LISTED = 30


@dataclass(frozen=True)
class Share:
    """A value's count among the candidates and the chosen, and its share of them, 0 to 1."""

    name: str
    before: int
    after: int
    before_share: float
    after_share: float


def shares(values: pa.ChunkedArray, countable: np.ndarray, chosen: np.ndarray) -> list[Share]:
    """Return the 30 most frequent values, and all others as one; nothing when no candidate has a value.

    ``values``: text of each candidate. ``countable``, ``chosen``: places int64. The most frequent among the chosen come
    first, then among the candidates, then by name.
    """
    before, after = (_counts(values.take(pa.array(at))) for at in (countable, chosen))
    if not before.keys() - {None}:
        return []
    order = sorted(before, key=lambda name: (-after.get(name, 0), -before[name], name is None, name or ""))
    groups = [("none" if name is None else name, [name]) for name in order[:_LISTED]]
    if others := order[_LISTED:]:
        groups.append((f"{len(others)} others", others))
    return [
        Share(
            name,
            (some := sum(before[member] for member in members)),
            (taken := sum(after.get(member, 0) for member in members)),
            some / max(1, len(countable)),
            taken / max(1, len(chosen)),
        )
        for name, members in groups
    ]


def _counts(values: pa.ChunkedArray) -> dict[str | None, int]:
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    return {row["values"]: row["counts"] for row in pc.value_counts(values).to_pylist()}
