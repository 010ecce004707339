"""The rules that drop a clip, in the order in which they are asked; the first that applies is the reason.

Here: thresholds against figures. Not here: measuring (``metrics``, ``predictors``).
"""

from __future__ import annotations

from collections.abc import Mapping

from rushes.settings import Filters
from rushes.store.rejects import Reason


def reason_to_drop(figures: Mapping[str, float | None], settings: Filters) -> tuple[Reason, str] | None:
    """Return why a clip is dropped and the rule in words, or None when it is kept.

    ``figures``: the metric columns of ``filtered_clips``, null where a predictor is not set.
    """
    rules = (
        (Reason.TOO_SHORT, "duration_s", "<", settings.min_duration_s),
        (Reason.TOO_DARK, "exposure", "<", settings.min_exposure),
        (Reason.TOO_BRIGHT, "exposure", ">", settings.max_exposure),
        (Reason.BLURRED, "sharpness", "<", settings.min_sharpness),
        (Reason.STILL, "stillness", ">", settings.max_stillness),
        (Reason.CARTOON, "cartoon", ">", settings.max_cartoon),
        (Reason.LOW_AESTHETICS, "aesthetics", "<", settings.min_aesthetics),
    )
    for reason, figure, relation, bound in rules:
        value = figures[figure]
        if value is not None and bound is not None and (value < bound if relation == "<" else value > bound):
            return reason, f"{figure} {value:.3g} {relation} {bound:g}"
    return None
