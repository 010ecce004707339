"""A map of vectors for people: where each lies on the two principal axes of them all, as a picture.

Drawn here rather than by a library of plots, whose import alone costs about as much as all other pictures of a batch.
Here: axes and dots. Not here: which vectors (``rushes.sheets``), maps of selections (``selection.report``).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from rushes.video.pictures import colour_of, write_words

_WIDTH, _HEIGHT = 640, 420
_TITLE, _EDGE, _LEGEND, _LINE = 24, 14, 150, 16
_ROUNDS = 20
_NAMED = 12


def vector_map(vectors: np.ndarray, videos: Sequence[str], whole: Sequence[bool]) -> bytes:
    """Return a PNG of float32 (n, d) vectors, n at least 1, coloured by video; those of ``whole`` frames are dots, of
    crops crosses. Up to a dozen videos are named."""
    names = sorted(set(videos))
    named = names if len(names) <= _NAMED else []
    picture = np.full((_HEIGHT, _WIDTH, 3), 255, np.uint8)
    places = _on_page(vectors @ principal_axes(vectors), _WIDTH - (_LEGEND if named else 0))
    numbers = {name: number for number, name in enumerate(names)}
    for place, video, is_frame in zip(places.tolist(), videos, whole, strict=True):
        _mark(picture, place, numbers[video], is_frame)
    write_words(picture, (_EDGE, 16), f"{len(vectors)} vectors on two principal axes (o frames, x crops)")
    for line, name in enumerate(named):
        top = _TITLE + _EDGE + line * _LINE
        _mark(picture, [_WIDTH - _LEGEND + 8, top - 4], numbers[name], True)
        write_words(picture, (_WIDTH - _LEGEND + 16, top), name if len(name) <= 20 else f"{name[:19]}~")
    return cv2.imencode(".png", picture[:, :, ::-1])[1].tobytes()


def principal_axes(vectors: np.ndarray) -> np.ndarray:
    """Return (d, 2) float32, the directions in which (n, d) vectors vary most, the first the most.

    By orthogonal iteration (Golub and Van Loan, Matrix Computations, 8.2.4) from a fixed start, as near as a picture
    needs it, and in a fraction of the time of the exact axes of reports (``rushes.selection.report.places``). Each
    points to where its largest component is positive.
    """
    centred = (vectors - vectors.mean(axis=0)).astype(np.float32)
    basis = np.random.default_rng(0).standard_normal((vectors.shape[1], 2), np.float32)
    for _ in range(_ROUNDS):
        basis = np.linalg.qr(centred.T @ (centred @ basis))[0]
    basis = basis @ np.linalg.svd(centred @ basis, full_matrices=False)[2].T
    return basis * np.where(np.take_along_axis(basis, np.abs(basis).argmax(axis=0)[None], axis=0) < 0, -1, 1)


def _on_page(places: np.ndarray, width: int) -> np.ndarray:
    """Return whole pixels (n, 2) of places (n, 2), both axes by one scale."""
    low, high = places.min(axis=0), places.max(axis=0)
    room = np.array([width, _HEIGHT - _TITLE]) - 2 * _EDGE
    scale = (room / np.maximum(high - low, 1e-9)).min()
    middle = np.array([width / 2, (_HEIGHT + _TITLE) / 2])
    return np.round((places - (low + high) / 2) * scale * (1, -1) + middle).astype(int)


def _mark(picture: np.ndarray, place: Sequence[int], number: int, is_frame: bool) -> None:
    colour = colour_of(number, dark=True)
    if is_frame:
        cv2.circle(picture, place, 3, colour, cv2.FILLED, cv2.LINE_AA)
    else:
        cv2.drawMarker(picture, place, colour, cv2.MARKER_TILTED_CROSS, 6, 1, cv2.LINE_AA)
