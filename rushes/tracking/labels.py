"""Which classes an annotated object has: as its annotation ranks them, or counted over its boxes.

Here: labels, and the columns of ``tracks`` that speak of classes. Not here: detectors' scores (``summary``).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Label = tuple[int | None, str]
"""A class: its number, where its vocabulary has numbers, and its name."""

UNNAMED: Label = (None, "object")
"""The class of an object of which nobody said what it is."""

_KEPT = 10
_LARGEST = 2**31 - 1
_FAR = 3e38  # what the table's columns can hold


def label_of(class_id: int | None, class_name: str | None) -> Label | None:
    """Return the label that a number and a name, either of which may be missing, stand for; None for neither."""
    number = class_id if class_id is not None and 0 <= class_id <= _LARGEST else None
    if class_name:
        return number, class_name
    return None if number is None else (number, f"class {number}")


@dataclass(frozen=True)
class Ranking:
    """An object's classes, best first, at least one. ``means`` and ``stds`` are empty where no scores are known."""

    labels: Sequence[Label]
    means: Sequence[float]
    stds: Sequence[float]

    @classmethod
    def counted(cls, sightings: Sequence[Sequence[Label | None]]) -> Ranking:
        """Rank by the share of the frames in which a label was given; a frame may have several, or none (None)."""
        found: list[set[Label]] = [{label or UNNAMED for label in labels} for labels in sightings]
        labels = sorted(set[Label]().union(*found), key=_order)
        given = np.array([[label in own for label in labels] for own in found], np.float64)
        best = np.argsort(-given.mean(axis=0), kind="stable")[:_KEPT]
        return cls([labels[at] for at in best], given.mean(axis=0)[best].tolist(), given.std(axis=0)[best].tolist())

    def best_of(self, labels: Sequence[Label | None]) -> int | None:
        """Return the number of the class that ranks highest among those that one frame was given."""
        ranked = [label for label in self.labels if label in labels] or [label for label in labels if label]
        return (ranked or self.labels)[0][0]

    def columns(self) -> dict[str, Any]:
        """Return the columns of ``tracks`` that speak of classes."""
        return {
            "class_id": self.labels[0][0],
            "class_name": self.labels[0][1],
            "top10_class_ids": [number for number, _ in self.labels],
            "top10_class_names": [name for _, name in self.labels],
            "top10_mean": list(self.means),
            "top10_std": list(self.stds),
        }


def told_by(segment: Mapping[str, Any]) -> Ranking | None:
    """Return the ten classes that TrackVerse's records name for a whole track; None for others, or a broken list.

    Records of 2024 and of the code's last version give means and deviations, the released ones none.
    """
    told = json.loads(segment["attributes"] or "{}")
    numbers = told.get("top10_lbl", told.get("top10_label_ids"))
    names = told.get("top10_desc", told.get("top10_label_names"))
    if not isinstance(numbers, list) or not isinstance(names, list) or len(numbers) != len(names):
        return None
    labels = [label_of(_whole(number), str(name)) for number, name in zip(numbers, names, strict=True)]
    ranked = [label for label in labels[:_KEPT] if label]
    if not ranked or len(ranked) < len(labels[:_KEPT]):
        return None
    scores = told.get("top10_cls", [told.get("top10_logit_mu"), told.get("top10_logit_std")])
    means, stds = (_figures(scores, which, len(labels))[: len(ranked)] for which in (0, 1))
    return Ranking(ranked, *((means, stds) if means and stds else ([], [])))


def _order(label: Label) -> tuple[float, str]:
    return math.inf if label[0] is None else label[0], label[1]


def _whole(number: Any) -> int | None:
    return number if isinstance(number, int) else None


def _figures(scores: Any, which: int, count: int) -> list[float]:
    """Return one list of figures; an empty one when it is not there or does not fit."""
    figures = scores[which] if isinstance(scores, list) and len(scores) == 2 else None
    if not isinstance(figures, list) or len(figures) != count:
        return []
    fit = all(isinstance(figure, (int, float)) and -_FAR < figure < _FAR for figure in figures)
    return [float(figure) for figure in figures] if fit else []
