"""Whose an id is, and ids in sentences.

Ids of clips, tracks, sequences and annotations begin with their video's, and a video's may hold dots, so that only the
ids of all videos tell where it ends. Here: that, and taking forgotten ids out of texts. Not here: what is forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

HIDDEN = "(forgotten)"


class Names:
    """The ids that are to go (``gone``: of videos and of entries) among all that are known, and their ``sources``."""

    def __init__(self, gone: Iterable[str], known: Iterable[str], sources: Iterable[str]) -> None:
        self._gone = frozenset(gone)
        self._known = frozenset(known) | self._gone
        whole = "|".join(re.escape(uri) for uri in sorted(sources, key=len, reverse=True))
        begins = "|".join(re.escape(name) for name in sorted(self._gone, key=len, reverse=True))
        self._source = re.compile(rf"(?:{whole})(?![\w-])") if whole else None
        self._id = re.compile(rf"(?<![\w.~-])(?:{begins})(?![\w-])[\w.~-]*") if begins else None

    def goes(self, item_id: str) -> bool:
        """Tell whether an item is a video that is to go, or of one."""
        return self._owner(item_id) in self._gone

    def mentioned(self, text: str) -> bool:
        """Tell whether a text names what is to go."""
        return self.hidden(text) != text

    def hidden(self, text: str) -> str:
        """Return a text without what is to go."""
        if self._source is not None:
            text = self._source.sub(HIDDEN, text)
        return text if self._id is None else self._id.sub(self._hide, text)

    def _hide(self, found: re.Match[str]) -> str:
        word = found[0].rstrip(".-")
        return HIDDEN + found[0][len(word) :] if self.goes(word) else found[0]

    def _owner(self, item_id: str) -> str | None:
        """Return the longest known id that an id is, or begins with before a dot."""
        while item_id not in self._known:
            item_id, dot, _ = item_id.rpartition(".")
            if not dot:
                return None
        return item_id
