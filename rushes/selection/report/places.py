"""Where vectors lie in two dimensions: principal axes, and UMAP where it is installed.

Here: the places. Not here: drawing them (``drawing``).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib import metadata

import numpy as np
from scipy.linalg import eigh


@dataclass(frozen=True)
class Axes:
    """Principal axes: ``centre`` float64 (d,), ``basis`` (2, d), and the share of the variance along each."""

    centre: np.ndarray
    basis: np.ndarray
    explained: tuple[float, float]

    def places(self, vectors: np.ndarray) -> np.ndarray:
        """Return float64 (n, 2)."""
        return (vectors - self.centre) @ self.basis.T


def principal_axes(vectors: np.ndarray) -> Axes:
    """Return the two axes along which float64 (n, d) vary most; of an axis that there is not, all places are 0.

    Each axis points to where its largest component is positive, so that the picture is always the same way round.
    """
    centre = vectors.mean(axis=0)
    centred = vectors - centre
    gram = centred @ centred.T
    count = len(gram)
    values, sides = eigh(gram, subset_by_index=[max(0, count - 2), count - 1])
    total = float(np.trace(gram))
    basis, explained = np.zeros((2, vectors.shape[1])), [0.0, 0.0]
    for axis, (value, side) in enumerate(zip(values[::-1], sides.T[::-1], strict=True)):
        if value <= 1e-9 * max(total, 1e-9):
            continue
        direction = centred.T @ side / np.sqrt(value)
        basis[axis] = direction * np.sign(direction[np.abs(direction).argmax()])
        explained[axis] = float(value) / total
    return Axes(centre, basis, (explained[0], explained[1]))


def umap_is_there() -> bool:
    """Tell whether the package umap-learn is installed."""
    try:
        metadata.distribution("umap-learn")
    except metadata.PackageNotFoundError:
        return False
    return True


def umap_places(vectors: np.ndarray, seed: int) -> np.ndarray:
    """Return float64 (n, 2), UMAP's (McInnes et al., 2018), the same for the same seed; n is at least 4."""
    from umap import UMAP

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns that a seed makes it use one thread
        model = UMAP(n_neighbors=min(15, len(vectors) - 1), random_state=seed % 2**32, init="pca", n_jobs=1)
        return np.asarray(model.fit_transform(vectors.astype(np.float32)), np.float64)
