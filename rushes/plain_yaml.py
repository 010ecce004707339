"""YAML as a person means it: what they wrote twice, or what would silently become something else, is no surprise.

Words, numbers, true, false and null are as in YAML 1.2's core schema: ``on``, ``yes``, ``12:30`` and ``2024-05-01`` are
words and ``010`` is ten, where YAML 1.1 makes truth values, seconds, dates and eight of them. A name that stands twice
in a mapping is an error, and so are tags. Here: that reading. Not here: what the words may be.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any, ClassVar

import yaml

from rushes.errors import SettingsError

_TAG = "tag:yaml.org,2002:"
_MOST = 100_000  # a few lines of aliases of aliases are gigabytes, written out
# Kinds of words that are no text: their tag, their pattern, and the characters that they begin with.
_KINDS = (
    ("null", r"~|null|Null|NULL|", ("~", "n", "N", "")),
    ("bool", r"true|True|TRUE|false|False|FALSE", tuple("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", tuple("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", tuple("-+.0123456789")),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", tuple("-+.")),
    ("merge", r"<<", ("<",)),
)


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {
        start: [(f"{_TAG}{name}", re.compile(f"(?:{pattern})$")) for name, pattern, starts in _KINDS if start in starts]
        for start in {start for _, _, starts in _KINDS for start in starts}
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == f"{_TAG}merge":
                continue
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value!r} stands there twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_document(self, node: yaml.Node) -> Any:
        _spelt_out(node, {})
        return super().construct_document(node)

    def whole(self, node: yaml.ScalarNode) -> int:
        return int(node.value, 0) if node.value[:2] in ("0x", "0o") else int(node.value)

    def number(self, node: yaml.ScalarNode) -> float:
        return float(re.sub(r"\.(?=[in])", "", node.value.lower()))

    yaml_constructors: ClassVar[dict[str | None, Any]] = {
        f"{_TAG}null": yaml.SafeLoader.construct_yaml_null,
        f"{_TAG}bool": yaml.SafeLoader.construct_yaml_bool,
        f"{_TAG}int": whole,
        f"{_TAG}float": number,
        f"{_TAG}merge": yaml.SafeLoader.construct_yaml_str,
        f"{_TAG}str": yaml.SafeLoader.construct_yaml_str,
        f"{_TAG}seq": yaml.SafeLoader.construct_yaml_seq,
        f"{_TAG}map": yaml.SafeLoader.construct_yaml_map,
        None: yaml.SafeLoader.construct_undefined,
    }


def _spelt_out(node: yaml.Node, known: dict[int, int]) -> int:
    """Return how many values a node is with all its aliases written out; ``known`` are those of nodes seen before."""
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = _MOST  # until it is known: it may hold itself
    inner = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
    count = 1 + sum(_spelt_out(part, known) for part in inner) if isinstance(node, yaml.CollectionNode) else 1
    if count > _MOST:
        raise yaml.MarkedYAMLError(problem=f"more than {_MOST} values, aliases included", problem_mark=node.start_mark)
    known[id(node)] = count
    return count


def read(text: str) -> Any:
    """Return mappings, lists, strings, numbers, truth values and None. Raises ``SettingsError`` in one line."""
    try:
        # Built upon SafeLoader, and with fewer constructors than it has.
        return yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        at = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise SettingsError(f"not YAML: {at}{_words(error)}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SettingsError(f"not YAML: {' '.join(str(error).split())}") from None


def _words(error: yaml.MarkedYAMLError) -> str:
    words = " ".join(f"{error.problem or error}".split())
    if "\\t" in words:
        return f"{words}; indent with spaces, not with tabs"
    if "could not determine a constructor for the tag" in words:
        tag = words.rpartition(" ")[2].strip("'")
        return f"no tag such as {tag.replace(_TAG, '!!')} is taken"
    return words
