"""What a recipe may say of each strategy, of constraints and of the split.

Here: the fields of each, their rules and defaults. Not here: how a strategy is written (``written``), the recipe around
them (``recipe``), and what they do (``gains``, ``k_center``, ``constraints``, …).
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from rushes.selection.choice import CANDIDATE
from rushes.selection.recipes.fields import ColumnName, Options, Texts

Role = Literal["gate", "turn", "gain", "swaps"]


class Strategy(Options):
    """One entry of a recipe's ``strategies``. ``role`` says how it works together with others:

    ``gate`` drops candidates before anything is chosen; ``turn`` says whose turn it is (a class, a video); ``gain``
    is a figure from 0 to 1 of which the most is taken; ``swaps`` improves a whole set and stands with gates and turns
    alone.
    """

    name: ClassVar[str]
    role: ClassVar[Role]
    reads_vectors: ClassVar[bool] = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the candidates' view that it reads beside those that every candidate has."""
        named = getattr(self, "column", None)
        return () if named is None or named in CANDIDATE.names else (named,)

    @property
    def subject(self) -> Any:
        """What it is about, in a recipe that names a strategy more than once; the same twice is refused."""
        return getattr(self, "column", None)


class Gain(Strategy):
    """A strategy that is a figure for each candidate."""

    role = "gain"
    strength: float = Field(1.0, gt=0, description="its weight beside other gains")


class Random(Gain):
    """An order that the seed alone decides."""

    name = "random"


class VideoBalanced(Strategy):
    """One of each video in turn."""

    name, role = "video_balanced", "turn"


class ClassBalanced(Strategy):
    """One of each class in turn; without gains, the highest weighted score of a class first."""

    name, role = "class_balanced", "turn"
    temperature: float = Field(0.0, ge=0, description="0: the best first; the higher, the more by chance")


class Balance(Strategy):
    """As near as can be to given shares of a column's values; what they leave of 1 goes to all other values."""

    name, role = "balance", "turn"
    column: ColumnName = "class_name"
    target: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        description="share of each value, 0 to 1", min_length=1
    )

    @model_validator(mode="after")
    def _shares(self) -> Balance:
        if (total := sum(self.target.values())) > 1 + 1e-9:
            raise ValueError(f"the shares of target sum to {total:g}; 1 is the most, and others get what is left")
        return self


class MaxMotion(Gain):
    """The most motion first: the 90th percentile of the clip's optical flow."""

    name = "max_motion"


class Weights(Gain):
    """The highest value of a column first."""

    name = "weights"
    column: ColumnName


class Diversity(Gain):
    """The farthest from all chosen before (greedy k-center)."""

    name, reads_vectors = "diversity", True
    mode: Literal["exact", "approximate"] = Field("exact", description="approximate: among a sample of the candidates")
    sample: int = Field(20_000, ge=1, description="candidates that the approximate mode looks at, at the least")


class Typicality(Gain):
    """The densest neighbourhood first: the inverse of the mean distance to the nearest neighbours."""

    name, reads_vectors = "typicality", True
    neighbours: int = Field(20, ge=1, description="how many neighbours count")


class Similarity(Gain):
    """The nearest to one of the queries first."""

    name, reads_vectors = "similarity", True
    images: Texts = Field((), description="paths or addresses of query images")
    tracks: Texts = Field((), description="ids of query tracks")
    sql: str | None = Field(None, min_length=1, description="query whose first column names tracks, clips or videos")

    @property
    def subject(self) -> Any:
        return (self.images, self.tracks, self.sql)

    @model_validator(mode="after")
    def _some(self) -> Similarity:
        if not (self.images or self.tracks or self.sql):
            raise ValueError("give images, tracks or sql: what is to be similar to")
        return self


class MinRedundancy(Strategy):
    """A random subset of each group, improved by swaps that spread it out."""

    name, role, reads_vectors = "min_redundancy", "swaps", True
    max_swaps: int | None = Field(None, ge=0, description="swaps at most; null: until none helps")
    epochs: int = Field(10, ge=1, description="passes over the candidates at most")


class Threshold(Strategy):
    """Only candidates whose column keeps the bounds; those that lack the value do not."""

    name, role = "threshold", "gate"
    column: ColumnName
    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None

    @property
    def subject(self) -> Any:
        return self

    @model_validator(mode="after")
    def _some(self) -> Threshold:
        if self.above is self.at_least is self.below is self.at_most is None:
            raise ValueError("give above, at_least, below or at_most")
        return self


STRATEGIES: dict[str, type[Strategy]] = {
    kind.name: kind
    for kind in (
        Random,
        VideoBalanced,
        ClassBalanced,
        Balance,
        MaxMotion,
        Weights,
        Diversity,
        Typicality,
        Similarity,
        MinRedundancy,
        Threshold,
    )
}


class Constraints(Options):
    """What a chosen sequence must keep towards those chosen before it; relaxed in rounds when too few do.

    Each round beyond the first multiplies ``min_motion`` and ``min_nn_dist`` by ``relax`` and divides ``max_spt_iou``
    by it; the last of ``rounds`` has none of them (TrackVerse's rounds).
    """

    min_motion: float | None = Field(None, ge=0, description="at least so much motion in its clip")
    min_nn_dist: float | None = Field(None, gt=0, le=2, description="at least so far from all chosen")
    max_spt_iou: float | None = Field(None, ge=0, lt=1, description="at most such an overlap with a chosen one")
    iou_tbuff: float = Field(1.0, gt=0, description="seconds between boxes beyond which their overlap counts less")
    relax: float = Field(0.8, gt=0, lt=1, description="factor of each round")
    rounds: int = Field(5, ge=1, description="rounds at most; 1: the constraints as they stand, never relaxed")

    @property
    def reads_vectors(self) -> bool:
        """Whether distances are asked about."""
        return self.min_nn_dist is not None

    def __bool__(self) -> bool:
        return self.min_motion is not None or self.min_nn_dist is not None or self.max_spt_iou is not None

    @model_validator(mode="after")
    def _of_use(self) -> Constraints:
        if not self and (idle := [name for name in ("relax", "rounds") if self._is_told(name)]):
            raise ValueError(f"{idle[0]} does nothing without min_motion, min_nn_dist or max_spt_iou")
        if self.max_spt_iou is None and self._is_told("iou_tbuff"):
            raise ValueError("iou_tbuff does nothing without max_spt_iou")
        return self

    def _is_told(self, name: str) -> bool:
        """Whether somebody wrote another value than the default: a recipe that was read and written tells all."""
        return bool(getattr(self, name) != type(self).model_fields[name].default)


class Split(Options):
    """Which videos are for training, validation and test; a video is wholly in one split, always the same for a seed.

    Shares are told by their sum: 8, 1, 1 is 0.8, 0.1, 0.1. ``n_val`` and ``n_test`` give numbers of videos instead.
    ``evaluation`` names videos that are in test in any case; ``exclude`` those of which nothing is chosen. Both take
    ids and patterns with ``*``, ``?`` and ``[…]``; upper and lower case differ.
    """

    train: float = Field(1.0, ge=0)
    val: float = Field(0.0, ge=0)
    test: float = Field(0.0, ge=0)
    n_val: int | None = Field(None, ge=0, description="videos in val, in place of its share")
    n_test: int | None = Field(None, ge=0, description="videos in test, in place of its share")
    evaluation: Texts = Field((), description="videos that are in test in any case")
    exclude: Texts = Field((), description="videos of which nothing is chosen")

    @model_validator(mode="after")
    def _some(self) -> Split:
        if self.train + self.val + self.test <= 0:
            raise ValueError("the shares of train, val and test are all 0")
        for share, number in (("val", self.n_val), ("test", self.n_test)):
            if number is not None and getattr(self, share) > 0:
                raise ValueError(f"give {share} (a share) or n_{share} (videos), not both")
        return self

    def excludes(self, video_id: str) -> bool:
        """Tell whether nothing of a video is to be chosen."""
        return _matches(video_id, self.exclude)

    def evaluates(self, video_id: str) -> bool:
        """Tell whether a video is for evaluation in any case."""
        return _matches(video_id, self.evaluation)


def _matches(video_id: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(video_id, pattern) for pattern in patterns)
