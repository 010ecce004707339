"""SequenceExamples written by hand are, byte for byte, what protobuf makes of the same message."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from rushes.packaging.sequence_example import Steps, _SequenceExample, build

small = st.integers(0, 200)
whole = st.one_of(small, st.integers(-(2**63), 2**63 - 1))
floats = st.floats(width=32, allow_nan=False)
texts = st.one_of(st.binary(max_size=20), st.integers(120, 40_000).map(bytes))
KINDS = {
    "ints": (whole, lambda values: np.array(values, np.int64)),
    "floats": (floats, lambda values: np.array(values, np.float32)),
    "bytes": (texts, tuple),
}
of_a_kind = st.sampled_from(sorted(KINDS))
# Of two keys that begin alike protobuf's own encoders have the one or the other first, so that none does here.
keys = st.one_of(
    st.text(st.characters(min_codepoint=1, codec="utf-8"), max_size=12), st.integers(120, 300).map(lambda n: "k" * n)
).map(lambda key: f"{key}\0")


def lists(kind):
    return st.tuples(st.just(kind), st.lists(KINDS[kind][0], max_size=5))


features = of_a_kind.flatmap(lists)
feature_lists = of_a_kind.flatmap(
    lambda kind: st.tuples(st.just(kind), st.lists(st.lists(KINDS[kind][0], max_size=4), max_size=5))
)


def by_protobuf(context, lists):
    message = _SequenceExample()
    for key, (kind, values) in context.items():
        fill(message.context.feature[key], kind, values)
    for key, (kind, steps) in lists.items():
        feature_list = message.feature_lists.feature_list[key]
        for step in steps:
            fill(feature_list.feature.add(), kind, step)
    return message.SerializeToString(deterministic=True)


def fill(feature, kind, values):
    target = {"ints": feature.int64_list, "floats": feature.float_list, "bytes": feature.bytes_list}[kind]
    target.SetInParent()
    target.value.extend(values)


@given(st.dictionaries(keys, features, max_size=4), st.dictionaries(keys, feature_lists, max_size=4))
@example({}, {})
@example({"": ("bytes", [])}, {"": ("ints", [])})
@example({}, {"a": ("floats", [[], [1.5]]), "b": ("ints", [[-1], [], [127, 128]])})
def test_the_bytes_are_protobuf_s(context, lists):
    told = by_protobuf(context, lists)
    ours = {key: KINDS[kind][1](values) for key, (kind, values) in context.items()}
    step_by_step = {key: [KINDS[kind][1](step) for step in steps] for key, (kind, steps) in lists.items()}
    in_one_piece = {
        key: Steps(KINDS[kind][1]([v for step in steps for v in step]), [len(step) for step in steps])
        for key, (kind, steps) in lists.items()
    }
    assert build(ours, step_by_step) == told
    assert build(ours, in_one_piece) == told
