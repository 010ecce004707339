"""Whose an id is, where ids hold dots, and texts without what was forgotten."""

from hypothesis import given
from hypothesis import strategies as st

from rushes.forget.names import HIDDEN, Names

NAMES = Names({"bird", "bird~2"}, {"bird", "bird.v2", "birds"}, {"/films/bird of prey.mp4"})

PLAIN = st.text("ab.-_1", min_size=1, max_size=6).filter(lambda name: name[0] not in ".-_")


def test_an_item_is_of_the_longest_id_that_it_begins_with() -> None:
    assert [NAMES.goes(item) for item in ("bird", "bird~2", "bird.000000-000030.s000010", "bird.mot.12.3")] == [
        True
    ] * 4
    assert [NAMES.goes(item) for item in ("bird.v2", "bird.v2.000000-000030", "birds.000000-000030", "b")] == [
        False
    ] * 4


def test_ids_are_taken_out_of_sentences_and_others_are_left() -> None:
    said = "repeats bird.000000-000030.s000000, and bird.v2.000000-000030 is nearer. It was bird."
    assert NAMES.hidden(said) == f"repeats {HIDDEN}, and bird.v2.000000-000030 is nearer. It was {HIDDEN}."
    assert NAMES.hidden("birds, songbird, bird-watching, bird_1") == "birds, songbird, bird-watching, bird_1"


def test_addresses_and_files_of_that_name_are_taken_out() -> None:
    assert NAMES.hidden("/films/bird of prey.mp4: the same bytes") == f"{HIDDEN}: the same bytes"
    assert NAMES.hidden("/other/bird.mp4 and bird.v2.mp4") == f"/other/{HIDDEN} and bird.v2.mp4"


def test_nothing_is_mentioned_where_nothing_goes() -> None:
    assert not Names((), {"bird"}, ()).mentioned("bird")


@given(st.sets(PLAIN, min_size=1, max_size=5), st.data())
def test_items_of_other_videos_never_go(ids: set[str], data: st.DataObject) -> None:
    gone = data.draw(st.sampled_from(sorted(ids)))
    names = Names({gone}, ids, ())
    for video in ids:
        item = f"{video}.000000-000030"
        others = {one for one in ids if item == one or item.startswith(f"{one}.")}
        assert names.goes(item) == (max(others, key=len) == gone)
        assert names.mentioned(f"it repeats {item}") == names.goes(item)
