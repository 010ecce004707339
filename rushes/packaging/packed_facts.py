"""What is to be told of a sequence beside its pixels, boxes and vectors: plain values, by the names that readers know.

Here: the values that formats list alike. Not here: where each of them writes them.
"""

from __future__ import annotations

from typing import Any

from rushes.packaging.packed import PackedSequence


def facts(sequence: PackedSequence) -> dict[str, Any]:
    """Return a sequence's plain values; None where there is none, of the vector's model as well."""
    label_id, label = sequence.label if sequence.label is not None else (None, None)
    return {
        "sequence_id": sequence.sequence_id,
        "split": sequence.split,
        "video_id": sequence.video_id,
        "clip_id": sequence.clip_id,
        "track_id": sequence.track_id,
        "media_id": sequence.media_id,
        "source_uri": sequence.source_uri,
        "width": sequence.width,
        "height": sequence.height,
        "frame_rate": sequence.frame_rate,
        "start_s": sequence.start_s,
        "end_s": sequence.end_s,
        "label_id": label_id,
        "label": label,
        "embedding_model": sequence.embedding_model if sequence.embedding is not None else None,
        "n_frames": len(sequence),
    }
