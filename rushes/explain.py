"""What is wrong with a file that a person wrote, in one line that says what would be right.

Here: turning pydantic's errors into such a line. Not here: the fields themselves (``settings``, ``selection.recipes``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

# What pydantic calls by Python's or JSON's names.
_PLAIN = {
    "tuple_type": "Input should be a list",
    "model_type": "Input should be a mapping",
    "dict_type": "Input should be a mapping",
    "bool_type": "Input should be true or false",
}


def explain(error: ValidationError, model: type[BaseModel], named: Mapping[str, type[BaseModel]] | None = None) -> str:
    """Return a validation error in one line: where, what, and for an unknown field, which are allowed.

    ``named`` are models that stand below their own name rather than below a field's.
    """
    sentences = []
    for problem in error.errors(include_url=False):
        where = ".".join(str(step) for step in problem["loc"])
        if problem["type"] == "extra_forbidden":
            fields = _fields_beside(model, problem["loc"], named or {})
            hint = did_you_mean(problem["loc"][-1], fields)
            sentences.append(f"unknown field '{where}'{hint}; allowed: {', '.join(fields)}")
        else:
            words = _words(problem["type"], problem["msg"], problem["input"])
            sentences.append(f"{where}: {words}" if where else words)
    return " ".join("; ".join(sentences).split())


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Return `` (did you mean …?)`` with the nearest known word, or nothing when none is near."""
    near = get_close_matches(str(word), list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _words(kind: str, message: str, given: Any) -> str:
    words = _PLAIN.get(kind, message.removeprefix("Value error, "))
    if kind == "string_type" and isinstance(given, (bool, int, float)):
        return f"{words}; write it in quotes"
    return f"{words}, not {given!r}" if isinstance(given, (bool, int, float)) and kind != "value_error" else words


def _fields_beside(
    model: type[BaseModel], location: tuple[int | str, ...], named: Mapping[str, type[BaseModel]]
) -> list[str]:
    """Return the fields of the model in which the last step of a location stands."""
    for step in location[:-1]:
        if isinstance(step, str) and step in model.model_fields:
            model = next(_models(model.model_fields[step].annotation), model)
        elif isinstance(step, str):
            model = named.get(step, model)
    return list(model.model_fields)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models of an annotation such as ``Split | None``."""
    for option in (annotation, *get_args(annotation)):
        if isinstance(option, type) and issubclass(option, BaseModel):
            yield option
