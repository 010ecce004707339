"""A report in the browser, wherever its store is: one page, served on this machine's loopback.

Here: finding it and handing it out. Not here: what stands on it (``page``), who may come in (``rushes.loopback``).
"""

from __future__ import annotations

from rushes.errors import StoreError
from rushes.loopback import HTML, Answer, Question, Server
from rushes.store.objects import Objects


class Report(Server):
    """The report of a recipe's last selection, shown until it is closed. Raises ``StoreError`` where there is none."""

    def __init__(self, objects: Objects, recipe: str, port: int = 0) -> None:
        try:
            page = objects.read(f"reports/{recipe}/index.html")
        except FileNotFoundError:
            raise StoreError(
                f"there is no report of {recipe!r} in {objects.uri}: rushes recipe list names what there is, and "
                "rushes build --recipe NAME writes its report"
            ) from None
        super().__init__(_OnePage(page), port)

    def __enter__(self) -> Report:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """A new address of the page, good for one visit."""
        return self.address()


class _OnePage:
    """A page that loads nothing and runs nothing."""

    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    gone = "Nothing here. The address of a report opens once: ask for a new one with rushes report.\n"

    def __init__(self, page: bytes) -> None:
        self._page = page

    def answer(self, question: Question) -> Answer | None:
        return Answer(HTML, self._page) if question.path == "" else None
