"""What errors of sites mean: whether the same may go better later."""

import pytest

yt_dlp = pytest.importorskip("yt_dlp")

from yt_dlp.networking.exceptions import TransportError  # noqa: E402
from yt_dlp.utils import DownloadError, ExtractorError, GeoRestrictedError, UnsupportedError  # noqa: E402

from rushes.ranges.reach import Reach  # noqa: E402
from rushes.sources.download.site_guard import Guard  # noqa: E402
from rushes.sources.download.site_process import meaning  # noqa: E402
from rushes.store.rejects import Reason  # noqa: E402


def told(error: Exception) -> tuple[Reason, bool, str]:
    wrapped = DownloadError(f"ERROR: {error}", (type(error), error, None))
    failure = meaning(wrapped, Guard(Reach()))
    return failure.reason, failure.passes, failure.detail


@pytest.mark.parametrize(
    "words",
    [
        "Private video. Sign in if you've been granted access to this video",
        "This video has been removed by the uploader",
        "This video is no longer available due to a copyright claim by X",
        "Sign in to confirm your age. This video may be inappropriate for some users.",
        "Join this channel to get access to members-only content",
        "Video unavailable",
    ],
)
def test_a_video_that_is_kept_from_us_stays_so(words: str) -> None:
    error = ExtractorError(words, expected=True, video_id="jNQXAC9IVRw", ie="youtube")
    assert told(error) == (Reason.UNAVAILABLE, False, f"[youtube] jNQXAC9IVRw: {words}")


@pytest.mark.parametrize(
    "error",
    [
        ExtractorError("Sign in to confirm you’re not a bot. Use --cookies-from-browser or --cookies", expected=True),
        ExtractorError("The current session has been rate-limited by YouTube", expected=True),
        ExtractorError("Unable to download webpage", cause=TransportError("timed out")),
        ExtractorError("Unable to extract player response"),
        TransportError("Connection reset by peer"),
    ],
)
def test_trouble_on_the_way_and_changes_of_a_site_may_pass(error: Exception) -> None:
    reason, passes, detail = told(error)
    assert (reason, passes) == (Reason.UNAVAILABLE, True)
    assert "please report" not in detail
    assert "--cookies" not in detail


def test_where_one_is_does_not_pass_and_a_page_without_a_video_is_none() -> None:
    assert told(GeoRestrictedError("The uploader has not made this video available in your country"))[:2] == (
        Reason.UNAVAILABLE,
        False,
    )
    assert told(UnsupportedError("http://example.org/?token=hush"))[:2] == (Reason.NOT_VIDEO, False)
    assert "hush" not in told(UnsupportedError("http://example.org/?token=hush"))[2]
