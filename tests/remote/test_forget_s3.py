"""Forgetting in a store that lies in S3 leaves nothing either."""

from pathlib import Path

from forgettable import build_whole, cut_clips
from searched import mentions

import rushes
from rushes.forget.forget import forget
from rushes.sources.register import register
from rushes.standing.status import batch_statuses
from rushes.store.objects import Objects
from rushes.work.plan import State


def test_what_is_forgotten_is_in_no_object_and_the_rest_is_whole(remote: Objects, tmp_path: Path) -> None:
    clips = cut_clips(tmp_path)
    build_whole(remote, clips)
    assert len(mentions(remote, "zebrafinch")) > 20
    account = forget(remote, ["zebrafinch"], workers=0)
    assert (mentions(remote, "zebrafinch"), account.repackaged) == ([], ("street",))
    assert {status.state for status in batch_statuses(remote, "zoo-0000")} == {State.BUILT}
    dataset = rushes.open(remote.uri).dataset("street")
    assert {one["video_id"] for one in dataset} == {"quokka"}
    assert dataset.frames[0].numpy().ndim == 4
    assert register(remote, [str(clips[0])], "zoo").forgotten == (str(clips[0]),)
