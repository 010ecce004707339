"""Recipes: a named selection and how it is packaged, as YAML that a person writes.

Here: the fields, their rules, and errors that name what is allowed. Not here: carrying a recipe out (``select``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from fractions import Fraction
from math import ceil
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from rushes import plain_yaml
from rushes.errors import SettingsError, StoreError
from rushes.explain import explain
from rushes.privacy.look import Look, Shape, Style
from rushes.selection.recipes.fields import Options, Rates, Texts, listed
from rushes.selection.recipes.options import STRATEGIES, Constraints, Random, Similarity, Split
from rushes.selection.recipes.together import clashes
from rushes.selection.recipes.written import AnyStrategy
from rushes.store.names import check_name
from rushes.store.objects import Objects

FormatName = Literal[
    "native",
    "mediasequence",
    "mot",
    "coco-vid",
    "webdataset",
    "mediasequence-demo",
    "mediasequence-charades",
    "trackverse",
    "trackverse-scores",
    "track-crops",
]

# Frames of a sequence at most: nine hours of them. Padded, it is as long however short its clip is.
_LONGEST = 1_000_000

# Fields that shape the files and not which sequences are chosen.
_HIDING = frozenset(("privacy", "redaction", "redaction_shape"))
_PACKAGING = _HIDING | {"formats", "jpeg_quality", "shard_sequences", "shard_mb", "shards", "mediasequence", "pixels"}


class MediaSequence(Options):
    """What MediaSequence's examples have beside a sequence's own frames."""

    fps: Rates = Field((), description="rates of further images, frames a second, each under a prefix of its own")

    def __bool__(self) -> bool:
        return bool(self.fps)


class Recipe(Options):
    """One selection. ``docs/recipes.md`` has a worked example of each strategy."""

    name: str
    description: str = ""
    collections: Texts = Field((), description="collections to choose from; empty: all")
    where: str | None = Field(None, min_length=1, description="SQL condition over the candidates' columns")
    unit: Literal["sequence", "track", "frame"] = Field("sequence", description="what is chosen")
    within: Literal["clip", "track"] | None = Field(None, description="what a sequence runs along; null: by unit")
    sequence_length: int | None = Field(
        None, ge=1, le=_LONGEST, description="frames of a sequence; null for a track: all of it"
    )
    fps: float | None = Field(None, gt=0, description="frames a second of a sequence; null: every frame")
    stride: int | None = Field(None, ge=1, description="frames from one sequence's start to the next; null: its length")
    remainder: Literal["drop", "keep", "pad"] = Field("drop", description="frames left over at an item's end")
    aggregate: Literal["mean", "max", "first", "concat"] = Field("mean", description="frames' vectors into one")
    exact_duplicates: Literal["drop", "keep"] = Field("drop", description="sequences that show the very same")
    near_duplicates: float | None = Field(None, gt=0, le=2, description="drop what is nearer than this to another")
    check_frames: bool = Field(True, description="decode what is chosen, and choose others for what cannot be")
    strategies: Annotated[tuple[AnyStrategy, ...], BeforeValidator(listed)] = Field(
        (Random(),), description="how to choose, together: docs/selection.md"
    )
    constraints: Constraints = Field(Constraints(), description="what each choice must keep towards those before")
    n_samples: int | None = Field(None, ge=1, description="frames to choose, a multiple of sequence_length")
    n_sequences: int | None = Field(None, ge=1, description="sequences to choose")
    proportion: float | None = Field(None, gt=0, le=1, description="share of the sequences to choose, rounded up")
    per_video: int | None = Field(None, ge=1, description="at most so many of a video")
    per_class: int | None = Field(None, ge=1, description="at most so many of a class")
    min_distance: float | None = Field(None, gt=0, le=2, description="nothing chosen is nearer to another chosen")
    datapool: Texts = Field((), description="recipes whose choice stays and counts; its own name: its own")
    split: Split | None = Field(None, description="shares of train, val and test; null: one split named all")
    save_frames: bool = Field(False, description="the chosen frames as pictures too, beside the report")
    seed: int = Field(0, ge=0, lt=2**63, description="for whatever is random")
    formats: Annotated[tuple[FormatName, ...], BeforeValidator(listed)] = Field(
        ("native",), description="how the data set is written"
    )
    privacy: Literal["redact", "none"] = Field(
        "redact", description="hide faces and plates in what is packaged, or not"
    )
    redaction: Style = Field("blur", description="how they are hidden: blur, pixelate or solid")
    redaction_shape: Shape = Field("box", description="box, or ellipse for faces")
    jpeg_quality: int = Field(90, ge=1, le=100, description="of the frames that are written")
    pixels: Literal["jpeg", "video", "linked"] = Field("jpeg", description="what the format native keeps of frames")
    mediasequence: MediaSequence = Field(MediaSequence(), description="what its examples have beside the frames")
    shard_sequences: int = Field(256, ge=1, description="sequences in a shard")
    shard_mb: float | None = Field(None, gt=0, description="megabytes in a shard instead, about")
    shards: int | None = Field(None, ge=1, le=99_999, description="shards of a split instead")

    @field_validator("name")
    @classmethod
    def _name(cls, name: str) -> str:
        return _checked((name,), "recipe name")[0]

    @field_validator("datapool")
    @classmethod
    def _pool(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _checked(names, "recipe")

    @field_validator("where")
    @classmethod
    def _condition(cls, where: str | None) -> str | None:
        if where is not None and not where.strip():
            raise ValueError("the condition is empty; leave where out to take everything")
        return where

    @model_validator(mode="after")
    def _consistent(self) -> Recipe:
        if wrong := list(clashes(self)):
            raise ValueError("; ".join(wrong))
        return self

    @property
    def of_tracks(self) -> bool:
        """Whether sequences run along tracks, and not clips."""
        return (self.within or ("track" if self.unit == "track" else "clip")) == "track"

    @property
    def reads_vectors(self) -> bool:
        """Whether choosing needs the candidates' vectors."""
        asked = (self.near_duplicates, self.min_distance) != (None, None) or self.constraints.reads_vectors
        return asked or any(strategy.reads_vectors for strategy in self.strategies)

    @property
    def has_rules(self) -> bool:
        """Whether limits of number or constraints may say no to a choice."""
        return bool(self.constraints) or (self.per_video, self.per_class) != (None, None)

    @property
    def asks_all_batches(self) -> bool:
        """Whether its queries may ask batches of other collections than those that it chooses from."""
        likeness = [strategy for strategy in self.strategies if isinstance(strategy, Similarity)]
        is_subquery = re.search(r"\bfrom\b", self.where or "", re.IGNORECASE) is not None
        return is_subquery or any(strategy.sql or strategy.tracks for strategy in likeness)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the candidates' view that its strategies name."""
        return tuple(dict.fromkeys(column for strategy in self.strategies for column in strategy.columns))

    @property
    def length(self) -> int | None:
        """Frames of a sequence; None when each track is one."""
        return 1 if self.unit == "frame" else self.sequence_length

    @property
    def look(self) -> Look:
        """How what is hidden looks."""
        return Look(self.redaction, self.redaction_shape)

    def count(self, considered: int) -> int | None:
        """Return how many sequences to choose at most, of so many that could be; None: as many as there are."""
        if self.proportion is not None:
            return ceil(Fraction(repr(self.proportion)) * considered)  # 7 % of 100 are 7, and not 8 by rounding
        if self.n_samples is not None and self.length is not None:
            return self.n_samples // self.length
        return self.n_sequences

    def selecting(self) -> dict[str, Any]:
        """The fields that shape which sequences are chosen, and the pictures that are saved of them."""
        others = _PACKAGING - _HIDING if self.save_frames else _PACKAGING
        return self.model_dump(exclude={"description", *others})

    def packaging(self) -> dict[str, Any]:
        """The fields that shape the packaged files."""
        return self.model_dump(include={"name", *_PACKAGING})


def _checked(names: Iterable[str], what: str) -> tuple[str, ...]:
    for name in names:
        try:
            check_name(name, what)
        except SettingsError as error:
            raise ValueError(str(error)) from None
    return tuple(names)


def parse(text: str, origin: str = "the recipe") -> Recipe:
    """Read a recipe. Raises ``SettingsError`` in one line that names what is wrong and what is allowed."""
    try:
        fields = plain_yaml.read(text)
    except SettingsError as error:
        raise SettingsError(f"{origin}: {error}") from None
    if not isinstance(fields, dict):
        raise SettingsError(f"{origin}: a recipe is a mapping; allowed fields: {', '.join(Recipe.model_fields)}")
    # A known field without a value is one that was left out.
    fields = {name: value for name, value in fields.items() if value is not None or name not in Recipe.model_fields}
    try:
        return Recipe.model_validate_json(json.dumps(fields), strict=True)
    except ValidationError as error:
        raise SettingsError(f"{origin}: {explain(error, Recipe, STRATEGIES)}") from None
    except (ValueError, TypeError) as error:
        raise SettingsError(f"{origin}: {error}") from None


def recipe_path(name: str) -> str:
    """Return the name of a recipe's object."""
    return f"recipes/{name}.yaml"


def save(objects: Objects, text: str, origin: str = "the recipe") -> Recipe:
    """Check a recipe and put it into the store as it was written, replacing one of the same name."""
    recipe = parse(text, origin)
    objects.write(recipe_path(recipe.name), text.encode())
    return recipe


def load(objects: Objects, name: str) -> Recipe:
    """Read a recipe of the store."""
    try:
        return parse(objects.read(recipe_path(name)).decode(), f"recipe {name}")
    except FileNotFoundError:
        known = ", ".join(names(objects)) or "none: register one with 'rushes recipe add FILE'"
        raise StoreError(f"no recipe named {name!r}; there are: {known}") from None


def names(objects: Objects) -> list[str]:
    """Return the names of all recipes."""
    return [n.rsplit("/", 1)[-1].removesuffix(".yaml") for n in objects.list("recipes") if n.endswith(".yaml")]
