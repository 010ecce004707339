"""Kinds of fields that recipes are made of.

Here: lists that take one thing as well, columns' names, and what all models of a recipe have in common. Not here: the
fields themselves (``recipe``, ``options``).
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def listed(given: Any) -> Any:
    """Take a list, or one thing for a list of it."""
    if given is None or isinstance(given, tuple):
        return given
    return tuple(given) if isinstance(given, list) else (given,)


def _column(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError(f"{name!r} is no column's name; a condition or a formula belongs into where")
    return name.lower()


Texts = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(listed)]
Rates = Annotated[tuple[Annotated[float, Field(ge=0.001, le=1000)], ...], BeforeValidator(listed)]
ColumnName = Annotated[str, AfterValidator(_column)]


class Options(BaseModel):
    """Fields that a person writes: unknown ones are refused, and so is what is no number."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
