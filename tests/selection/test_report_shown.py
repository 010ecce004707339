"""A report in the browser: one page, for whoever was given its address."""

import http.cookiejar
import urllib.error
import urllib.request

import pytest

from rushes.errors import StoreError
from rushes.selection.report.show import Report
from rushes.store.objects import Objects


def test_the_page_is_given_once_for_each_address(store: Objects) -> None:
    store.write("reports/street/index.html", b"<h1>chosen</h1>")
    with Report(store, "street") as shown:
        address = shown.url
        visitor = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        with visitor.open(address) as page:
            assert page.read() == b"<h1>chosen</h1>"
            assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(address)


def test_what_was_never_selected_has_no_report(store: Objects) -> None:
    with pytest.raises(StoreError, match="rushes build --recipe NAME"):
        Report(store, "street")
