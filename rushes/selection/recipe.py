"""Recipes: a named selection and how it is packaged, as YAML that a person writes.

Here: the fields, their rules, and errors that name what is allowed. Not here: carrying a recipe out (``select``).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from rushes.errors import SettingsError, StoreError
from rushes.privacy.look import Look, Shape, Style
from rushes.settings import explain
from rushes.store.names import check_name
from rushes.store.objects import Objects

StrategyName = Literal["random", "video_balanced", "class_balanced", "diversity"]
FormatName = Literal["native", "mediasequence", "mot", "coco-vid", "trackverse", "trackverse-scores", "track-crops"]
_TRACK_FORMATS = frozenset(("trackverse", "trackverse-scores", "track-crops"))


# Fields that shape the files and not which sequences are chosen.
_PACKAGING = frozenset(("formats", "privacy", "redaction", "redaction_shape", "jpeg_quality", "shard_sequences"))


class Split(BaseModel):
    """Shares of the videos; a video is wholly in one split, always the same one for a seed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    train: float = Field(1.0, ge=0)
    val: float = Field(0.0, ge=0)
    test: float = Field(0.0, ge=0)

    @model_validator(mode="after")
    def _some(self) -> Split:
        if self.train + self.val + self.test <= 0:
            raise ValueError("the shares of train, val and test are all 0")
        return self


class Recipe(BaseModel):
    """One selection. ``docs/recipes.md`` has a worked example of each strategy."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str = ""
    collections: tuple[str, ...] = Field((), description="collections to choose from; empty: all")
    where: str | None = Field(None, description="SQL condition over the candidates' columns")
    unit: Literal["sequence", "track", "frame"] = Field("sequence", description="what is chosen")
    sequence_length: int | None = Field(None, ge=1, description="frames of a sequence; null for a track: all of it")
    fps: float | None = Field(None, gt=0, description="frames a second of a sequence; null: every frame")
    strategies: Annotated[tuple[StrategyName, ...], Field(min_length=1, max_length=1)] = ("random",)
    n_samples: int | None = Field(None, ge=1, description="frames to choose, a multiple of sequence_length")
    n_sequences: int | None = Field(None, ge=1, description="sequences to choose")
    per_video: int | None = Field(None, ge=1, description="video_balanced: at most so many of a video")
    per_class: int | None = Field(None, ge=1, description="class_balanced: at most so many of a class")
    min_distance: float | None = Field(None, gt=0, le=2, description="diversity: stop when all are nearer")
    split: Split | None = Field(None, description="shares of train, val and test; null: one split named all")
    seed: int = 0
    formats: tuple[FormatName, ...] = Field(("native",), min_length=1)
    privacy: Literal["redact", "none"] = Field(
        "redact", description="hide faces and plates in what is packaged, or not"
    )
    redaction: Style = Field("blur", description="how they are hidden: blur, pixelate or solid")
    redaction_shape: Shape = Field("box", description="box, or ellipse for faces")
    jpeg_quality: int = Field(90, ge=1, le=100)
    shard_sequences: int = Field(256, ge=1, description="sequences in a shard")

    @field_validator("name")
    @classmethod
    def _name(cls, name: str) -> str:
        try:
            check_name(name, "recipe name")
        except SettingsError as error:
            raise ValueError(str(error)) from None
        return name

    @model_validator(mode="after")
    def _consistent(self) -> Recipe:
        if self.unit == "sequence" and self.sequence_length is None:
            raise ValueError("unit: sequence needs sequence_length")
        if self.unit == "frame" and self.sequence_length not in (None, 1):
            raise ValueError("unit: frame means sequence_length: 1")
        if self.strategy == "class_balanced" and self.unit != "track":
            raise ValueError("class_balanced needs unit: track, for only tracks have a class")
        if self.unit != "track" and (of_tracks := sorted(_TRACK_FORMATS.intersection(self.formats))):
            raise ValueError(f"formats: {', '.join(of_tracks)} needs unit: track, for it writes whole tracks")
        if self.n_samples is not None and self.n_sequences is not None:
            raise ValueError("give n_samples (frames) or n_sequences, not both")
        self._check_samples()
        return self

    def _check_samples(self) -> None:
        if self.n_samples is None:
            return
        length = self.length
        if length is None:
            raise ValueError("n_samples counts frames and needs sequence_length; use n_sequences for whole tracks")
        if self.n_samples % length:
            below = self.n_samples // length * length
            nearest = f"{below} or {below + length}" if below else f"{length}"
            raise ValueError(f"n_samples {self.n_samples} is no multiple of sequence_length {length}; use {nearest}")

    @property
    def strategy(self) -> StrategyName:
        """The strategy that orders the candidates."""
        return self.strategies[0]

    @property
    def length(self) -> int | None:
        """Frames of a sequence; None when each track is one."""
        return 1 if self.unit == "frame" else self.sequence_length

    @property
    def look(self) -> Look:
        """How what is hidden looks."""
        return Look(self.redaction, self.redaction_shape)

    @property
    def limit(self) -> int | None:
        """How many sequences to choose at most."""
        if self.n_samples is not None and self.length is not None:
            return self.n_samples // self.length
        return self.n_sequences

    def selecting(self) -> dict[str, Any]:
        """The fields that shape which sequences are chosen."""
        return self.model_dump(exclude={"description", *_PACKAGING})

    def packaging(self) -> dict[str, Any]:
        """The fields that shape the packaged files."""
        return self.model_dump(include={"name", *_PACKAGING})


def parse(text: str, origin: str = "the recipe") -> Recipe:
    """Read a recipe. Raises ``SettingsError`` in one line that names what is wrong and what is allowed."""
    try:
        fields = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"{origin}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(fields, dict):
        raise SettingsError(f"{origin}: a recipe is a mapping; allowed fields: {', '.join(Recipe.model_fields)}")
    strategies = fields.get("strategies")
    for strategy in strategies if isinstance(strategies, list) else ():
        if strategy not in get_args(StrategyName):
            raise SettingsError(
                f"{origin}: unknown strategy {strategy!r}; allowed: {', '.join(get_args(StrategyName))}"
            )
    try:
        return Recipe.model_validate(fields)
    except ValidationError as error:
        raise SettingsError(f"{origin}: {explain(error, Recipe)}") from None


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
