"""From a data set to a page in the browser, or in the notebook.

Here: finding what is to be viewed, and the handle that a person gets. Not here: the page and its answers (``site``).
"""

from __future__ import annotations

import os
import webbrowser
from typing import TYPE_CHECKING

from rushes.errors import StoreError
from rushes.loopback import Server
from rushes.packaging.find import open_dataset
from rushes.packaging.reader import Dataset
from rushes.playback.playing import in_notebook
from rushes.view.site import DatasetSite

if TYPE_CHECKING:
    from rushes.store.access import Store

_INLINE_HEIGHT = 700


class Viewing:
    """A data set that is being shown, from threads of this process, until ``close`` or the end of the process."""

    def __init__(self, dataset: Dataset, title: str, port: int = 0) -> None:
        self._server = Server(DatasetSite(dataset, title), port)

    def __enter__(self) -> Viewing:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Viewing at port {self._server.port}: .url gives an address to open, .close() ends it>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the page, inline."""
        return (
            f'<iframe src="{self._server.address(inline=True)}" width="100%" height="{_INLINE_HEIGHT}" '
            'style="border:0;border-radius:8px" allow="fullscreen"></iframe>'
        )

    @property
    def url(self) -> str:
        """A new address of the page, good for one visit."""
        return self._server.address()

    def close(self) -> None:
        """Stop showing."""
        self._server.close()


def view(dataset: Dataset, *, title: str = "data set", open_browser: bool = True, port: int = 0) -> Viewing:
    """Show a data set in the browser; in a notebook, inline, where what is returned is displayed. Returns at once."""
    viewing = Viewing(dataset, title, port)
    if open_browser and not in_notebook():
        webbrowser.open(viewing.url)
    return viewing


def find(store: Store, name: str) -> Dataset:
    """Return the data set of a recipe of the store, or at a path or URI.

    Raises ``StoreError`` or ``DatasetError`` when there is none, or it was not packaged in the native format.
    """
    if "://" in name or os.sep in name:
        return open_dataset(name)
    if not store.objects.exists(f"datasets/{name}/dataset.json"):
        if os.path.isdir(name):
            return open_dataset(name)
        raise StoreError(
            f"there is no folder {name!r}, and no data set of that name in {store.objects.uri}; see: rushes status"
        )
    return store.dataset(name)
