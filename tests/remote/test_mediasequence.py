"""SequenceExamples are read from a bucket as from a disk."""

import io
import pickle

import numpy as np
import simplejpeg

from rushes.packaging.mediasequence_reader import open_mediasequence
from rushes.packaging.sequence_example import build
from rushes.packaging.tfrecord import write_record
from rushes.store.objects import Objects


def test_examples_of_a_bucket_are_read_by_their_number(remote: Objects) -> None:
    picture = np.full((8, 8, 3), 90, np.uint8)
    jpeg = simplejpeg.encode_jpeg(picture, 95)
    for shard in range(2):
        examples = [build({"example/id": (b"%d-%d" % (shard, n),)}, {"image/encoded": [(jpeg,)]}) for n in range(3)]
        stream = io.BytesIO()
        for example in examples:
            write_record(stream, example)
        remote.write(f"set/street-{shard:05d}-of-00002", stream.getvalue())
    found = pickle.loads(pickle.dumps(open_mediasequence(f"{remote.uri}/set")))
    assert [example.id for example in found] == ["0-0", "0-1", "0-2", "1-0", "1-1", "1-2"]
    assert np.abs(found[-1].images()[0].astype(int) - picture).max() <= 2
