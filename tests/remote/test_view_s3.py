"""A data set in a real S3 server is viewed there: its columns, its pictures by their ranges."""

from __future__ import annotations

import json
import re
import urllib.request

import numpy as np
import simplejpeg

import rushes
from rushes.packaging import native
from rushes.packaging.packed import FrameBoxes, PackedSequence, Shard, ShardSummary
from rushes.store.objects import Objects
from rushes.view import find, view


def _sequence(number: int) -> PackedSequence:
    empty = np.empty(0, np.int32)
    none = FrameBoxes(np.empty((0, 4), np.float32), empty.astype(np.uint32), empty, *[empty] * 5)
    one = FrameBoxes(
        np.array([[4, 5, 6, 7]], np.float32), np.array([1], np.uint32), np.array([number]), *[np.array([1])] * 5
    )
    return PackedSequence(
        f"s{number}",
        *(f"film{number}", "clip", None, "train", "ab", "s3://b/film.mp4", 32, 24, 25.0),
        frames=np.arange(2),
        times_s=np.arange(2) / 25,
        start_s=0.0,
        end_s=0.08,
        jpegs=tuple(simplejpeg.encode_jpeg(np.full((24, 32, 3), 40 * number + step, np.uint8)) for step in range(2)),
        boxes=(none, one),
        annotated=np.zeros(2, bool),
        embedding=None,
        label=None,
    )


def test_a_data_set_is_viewed_where_it_lies(remote: Objects) -> None:
    sequences = [_sequence(number) for number in range(4)]
    summaries = []
    for index, part in enumerate((sequences[:2], sequences[2:])):
        shard = Shard("zoo", "train", index, 2)
        files = list(native.shard_files(part, shard, list("abcd")))
        summaries.append(
            ShardSummary(shard, tuple(one.sequence_id for one in part), (2, 2), tuple(f.path for f in files))
        )
        for file in files:
            remote.write(f"datasets/zoo/v1/native/{file.path}", file.data)
    for file in native.index_files(summaries, list("abcd")):
        remote.write(f"datasets/zoo/v1/native/{file.path}", file.data)
    remote.write("datasets/zoo/dataset.json", json.dumps({"version": "v1", "recipe": {"formats": ["native"]}}).encode())
    for name in ("zoo", remote.full_uri("datasets/zoo"), remote.full_uri("datasets/zoo/v1/native/")):
        with view(find(rushes.open(remote.uri), name), open_browser=False) as viewing:
            address = re.search(r'src="([^"]+)"', viewing._repr_html_())
            assert address
            with urllib.request.urlopen(address[1]) as page:
                room = page.url

            def ask(path: str, room: str = room) -> bytes:
                with urllib.request.urlopen(room + path) as answer:
                    return bytes(answer.read())

            assert [row["place"] for row in json.loads(ask("sequences.json?class=2"))["rows"]] == [2]
            assert json.loads(ask("classes.json")) == [[i, "abcd"[i], 1] for i in range(4)]
            assert ask("frame/3/1.jpg") == sequences[3].jpegs[1]
            assert simplejpeg.decode_jpeg_header(ask("thumbnail/1-boxes.jpg"))[:2] == (24, 32)
