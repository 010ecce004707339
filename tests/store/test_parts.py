"""A part holds all tables of one video, in one object."""

from typing import Any

from generated import plain_row, rows_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rushes.store.objects import Objects
from rushes.store.parts import existing_parts, part_path, read_part, write_part
from rushes.store.schemas import CLIPS, REJECTS, TABLES


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_all_tables_come_back_as_they_were(store: Objects, data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(TABLES)), min_size=1, max_size=4, unique=True))
    tables = {name: TABLES[name].from_rows(data.draw(rows_of(TABLES[name], 4))) for name in names}
    write_part(store, "tracks", "b", "key", tables)
    back, _ = read_part(store, "tracks", "b", "key")
    assert back == tables
    assert all(back[name].schema == TABLES[name].arrow for name in names)


def test_the_digest_tells_other_rows_and_nothing_else(store: Objects) -> None:
    def digest(key: str, *rows: dict[str, Any]) -> str:
        tables = {"rejects": REJECTS.empty(), "clips": CLIPS.from_rows(rows)}
        write_part(store, "scene_clips", "b", key, tables if len(key) == 1 else dict(reversed(tables.items())))
        return read_part(store, "scene_clips", "b", key)[1]["clips"]

    one, two = plain_row(CLIPS, 1), plain_row(CLIPS, 2)
    assert digest("a", one, two) == digest("bb", one, two)
    assert len({digest("a"), digest("b", one), digest("c", two), digest("d", one, two)}) == 4


def test_the_parts_of_a_batch_are_listed_by_their_keys(store: Objects) -> None:
    for asset, batch, key in [
        ("tracks", "b", "k1"),
        ("tracks", "b", "k2"),
        ("tracks", "bb", "k3"),
        ("clips", "b", "k4"),
    ]:
        write_part(store, asset, batch, key, {"clips": CLIPS.empty()})
    store.write("parts/tracks/b/notes.txt", b"")
    assert existing_parts(store, "tracks", "b") == {"k1", "k2"}
    assert existing_parts(store, "tracks", "none") == set()
    assert store.exists(part_path("tracks", "bb", "k3"))
