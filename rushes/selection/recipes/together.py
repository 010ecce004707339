"""What in a recipe does not go together, why, and what to do about it.

Here: rules between fields. Not here: rules of one field (``recipe``, ``options``).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from rushes.selection.recipes.options import ClassBalanced, Strategy, Threshold

if TYPE_CHECKING:
    from rushes.selection.recipes.recipe import Recipe

# Formats that write whole tracks.
_OF_TRACKS = frozenset(("trackverse", "trackverse-scores", "track-crops"))
# Formats whose readers look for the files of train and of test.
_SPLIT = frozenset(("mediasequence-charades", "mediasequence-demo"))
_AMOUNTS = ("n_samples", "n_sequences", "proportion")


def clashes(recipe: Recipe) -> Iterator[str]:
    """Yield a sentence for each thing that is wrong between a recipe's fields."""
    yield from _of_sequences(recipe)
    yield from _of_amounts(recipe)
    yield from _of_strategies(recipe.strategies)
    if not recipe.of_tracks and (formats := [name for name in recipe.formats if name in _OF_TRACKS]):
        yield f"formats: {', '.join(formats)} needs unit: track, for it writes whole tracks"
    if recipe.split is None and (formats := [name for name in recipe.formats if name in _SPLIT]):
        yield f"formats: {', '.join(formats)} needs split, for its readers look for train and test"
    if recipe.shards is not None and recipe.shard_mb is not None:
        yield "give shards (their number) or shard_mb (their size), not both"
    if recipe.pixels != "jpeg" and "native" not in recipe.formats:
        yield f"pixels: {recipe.pixels} is for the format native; add it to formats, or leave pixels out"
    for field in ("strategies", "formats"):
        if not getattr(recipe, field):
            yield f"{field}: name at least one, or leave it out"
    rates = [f"{rate:.6f}".rstrip("0").rstrip(".") for rate in recipe.mediasequence.fps]
    if same := sorted({rate for rate in rates if rates.count(rate) > 1}):
        yield f"mediasequence.fps: {', '.join(same)} stands there twice"
    for field in ("collections", "formats", "datapool"):
        values = getattr(recipe, field)
        if twice := sorted({value for value in values if values.count(value) > 1}):
            yield f"{field}: {', '.join(twice)} stands there twice"


def _of_sequences(recipe: Recipe) -> Iterator[str]:
    if recipe.unit == "sequence" and recipe.sequence_length is None:
        yield "unit: sequence needs sequence_length, its number of frames"
    if recipe.unit == "frame" and recipe.sequence_length not in (None, 1):
        yield "unit: frame means sequence_length: 1; for more, use unit: sequence"
    if recipe.unit == "frame" and recipe.remainder != "drop":
        yield f"remainder: {recipe.remainder} does nothing with unit: frame, which leaves no frames over"
    if recipe.unit == "track" and recipe.within == "clip":
        yield "unit: track runs along tracks; leave within out, or use unit: sequence"
    if recipe.unit == "track" and recipe.sequence_length is None:
        if recipe.stride is not None:
            yield "stride needs sequence_length, for a whole track is one sequence"
        if recipe.remainder != "drop":
            yield f"remainder: {recipe.remainder} needs sequence_length, for a whole track leaves no frames over"
        if recipe.aggregate == "concat":
            yield "aggregate: concat needs sequence_length, for vectors of one length; whole tracks take mean or max"
    elif recipe.aggregate == "concat" and recipe.remainder == "keep":
        yield "aggregate: concat needs sequences of one length, and remainder: keep makes shorter ones; use drop or pad"


def _of_amounts(recipe: Recipe) -> Iterator[str]:
    given = [name for name in _AMOUNTS if getattr(recipe, name) is not None]
    if len(given) > 1:
        yield f"give n_samples (frames), n_sequences or proportion, not both {' and '.join(given)}"
    n_samples, length = recipe.n_samples, recipe.length
    if n_samples is None:
        return
    if length is None:
        if recipe.unit == "track":
            yield "n_samples counts frames and needs sequence_length; use n_sequences for whole tracks"
    elif n_samples % length:
        below = n_samples // length * length
        nearest = f"{below} or {below + length}" if below else f"{length}"
        yield f"n_samples {n_samples} is no multiple of sequence_length {length}; use {nearest}"


def _of_strategies(strategies: tuple[Strategy, ...]) -> Iterator[str]:
    swaps = [strategy.name for strategy in strategies if strategy.role == "swaps"]
    gains = [strategy.name for strategy in strategies if strategy.role == "gain"]
    if swaps and gains:
        yield (
            f"strategies: {swaps[0]} improves a whole set by swaps and so has no place for the figures of "
            f"{', '.join(gains)}; leave one or the other out (threshold and turns such as class_balanced go with it)"
        )
    by_chance = any(isinstance(strategy, ClassBalanced) and strategy.temperature for strategy in strategies)
    if by_chance and (others := gains or swaps):
        yield (
            f"strategies: class_balanced's temperature does nothing beside {', '.join(others)}, by which the next of a "
            "class is taken; leave it out"
        )
    seen: list[tuple[str, object]] = []
    for strategy in strategies:
        what = (strategy.name, strategy.subject)
        if what in seen:
            of = f" of {strategy.subject}" if isinstance(strategy.subject, str) else ""
            yield f"strategies: {strategy.name}{of} stands there twice; leave one out"
        seen.append(what)
    if ("balance", "class_name") in seen and any(isinstance(strategy, ClassBalanced) for strategy in strategies):
        yield "strategies: class_balanced and balance of class_name both say which class's turn it is; leave one out"
    thresholds = sorted((s for s in strategies if isinstance(s, Threshold)), key=lambda threshold: threshold.column)
    for column, bounds in groupby(thresholds, key=lambda threshold: threshold.column):
        if _nothing_between(list(bounds)):
            yield f"strategies: threshold: no {column} keeps these bounds at once"


def _nothing_between(thresholds: list[Threshold]) -> bool:
    """Tell whether no number keeps all these bounds of one column."""
    lows = [(t.above, 1) for t in thresholds if t.above is not None]
    lows += [(t.at_least, 0) for t in thresholds if t.at_least is not None]
    highs = [(t.below, -1) for t in thresholds if t.below is not None]
    highs += [(t.at_most, 0) for t in thresholds if t.at_most is not None]
    # A bound that is not kept by the number itself lies just beside it.
    return bool(lows and highs) and max(lows) > min(highs)
