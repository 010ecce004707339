"""The rules that drop a clip, in the order in which they are asked; the first that applies is the reason.

Here: thresholds against figures. ``sql/views/rejudge.sql`` asks the same of clips that are judged already. Not here:
measuring (``metrics``, ``predictors``, ``cartoon``).
"""

from __future__ import annotations

from collections.abc import Mapping

from rushes.settings import Filters
from rushes.store.rejects import Reason

# Reason, column of ``filtered_clips``, how a clip that is dropped lies to the threshold, and the threshold's name.
RULES = (
    (Reason.TOO_SHORT, "duration_s", "<", "min_duration_s"),
    (Reason.TOO_DARK, "exposure", "<", "min_exposure"),
    (Reason.TOO_BRIGHT, "exposure", ">", "max_exposure"),
    (Reason.LOW_CONTRAST, "contrast", "<", "min_contrast"),
    (Reason.COLOURLESS, "colourfulness", "<", "min_colourfulness"),
    (Reason.BLURRED, "sharpness", "<", "min_sharpness"),
    (Reason.NOISY, "noise", ">", "max_noise"),
    (Reason.STILL, "stillness", ">", "max_stillness"),
    (Reason.LITTLE_MOTION, "motion", "<", "min_motion"),
    (Reason.MUCH_MOTION, "motion", ">", "max_motion"),
    (Reason.LETTERBOXED, "letterbox", ">", "max_letterbox"),
    (Reason.SLIDES, "slides", ">", "max_slides"),
    (Reason.LOW_QUALITY, "quality", "<", "min_quality"),
    (Reason.CARTOON, "cartoon", ">", "max_cartoon"),
    (Reason.LOW_AESTHETICS, "aesthetics", "<", "min_aesthetics"),
)


def reason_to_drop(figures: Mapping[str, float | None], settings: Filters) -> tuple[Reason, str] | None:
    """Return why a clip is dropped and the rule in words, or None when it is kept.

    ``figures``: the metric columns of ``filtered_clips`` as they are kept, in 32 bits, or SQL might judge otherwise;
    null where a model is not asked. A threshold that is null drops nothing.
    """
    for reason, figure, relation, threshold in RULES:
        value, bound = figures[figure], getattr(settings, threshold)
        if value is not None and bound is not None and (value < bound if relation == "<" else value > bound):
            return reason, f"{figure} {value:.3g} {relation} {bound:g}"
    return None
