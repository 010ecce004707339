"""A strategy as it is written in a recipe: ``name``, or ``{name: {option: …}}``.

Here: reading and writing that, and saying what is wrong with it. Not here: the options (``options``).
"""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, create_model

from rushes.explain import did_you_mean
from rushes.selection.recipes.fields import Options
from rushes.selection.recipes.options import STRATEGIES, Strategy

# One field for each strategy, so that an error inside of one tells its place.
_WRITTEN = create_model(
    "_WRITTEN", __base__=Options, **{name: (kind | None, None) for name, kind in STRATEGIES.items()}
)  # type: ignore[call-overload]


def _strategy(given: Any) -> Strategy:
    """Read ``name`` or ``{name: {option: …}}``."""
    if isinstance(given, Strategy):
        return given
    if isinstance(given, str):
        given = {given: None}
    if not isinstance(given, dict) or not given:
        raise ValueError(f"{given!r} is no strategy; write its name, or {{name: {{option: …}}}}")
    name, options = next(iter(given.items()))
    if len(given) > 1 or name == "name":
        raise ValueError(_misplaced(given))
    if name not in STRATEGIES:
        raise ValueError(f"unknown strategy {name!r}{did_you_mean(name, STRATEGIES)}; allowed: {', '.join(STRATEGIES)}")
    written = _WRITTEN.model_validate_json(json.dumps({name: {} if options is None else options}), strict=True)
    strategy: Strategy = getattr(written, name)
    return strategy


def _misplaced(given: dict[str, Any]) -> str:
    """Say how several strategies, or options beside a strategy's name, are to be written."""
    known = [name for name in given if name in STRATEGIES]
    if len(known) > 1:
        return f"{' and '.join(known)} are strategies of their own; put a '-' before each"
    name = known[0] if known else given.get("name", next(iter(given)))
    options = ", ".join(f"{key}: {value}" for key, value in given.items() if key not in (name, "name"))
    return f"options stand below their strategy's name; write {name}: {{{options}}}" if options else f"write {name}"


def _written(strategy: Strategy) -> dict[str, Any]:
    return {strategy.name: strategy.model_dump()}


AnyStrategy = Annotated[Strategy, BeforeValidator(_strategy), PlainSerializer(_written)]
