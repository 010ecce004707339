"""What looking at a store costs in requests: listings do not grow with the batches, but for pages of a thousand."""

from __future__ import annotations

from collections import Counter

from faulty_http import FaultyProxy
from rows import filtered_row, video_row, write_batch

from rushes.standing.status import batch_statuses, every_batch, every_recipe
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.store.schemas import TABLES

FEW, MORE = 2, 5


def stores(remote: Objects) -> tuple[Objects, Objects]:
    """Return a store of a few batches, and one of more."""
    made = []
    for count in (FEW, MORE):
        store = Objects(f"{remote.uri}/{count}")
        for number in range(count):
            video = f"v{number}"
            write_batch(
                store, f"made-{number:04}", videos=[video_row(video)], filtered_clips=[filtered_row(video, 0, 50)]
            )
        made.append(store)
    return made[0], made[1]


def kinds(proxy: FaultyProxy) -> Counter[str]:
    return Counter(asked.kind for asked in proxy.taken())


def test_how_everything_stands_costs_a_few_listings_and_a_few_reads_a_batch(
    remote: Objects, proxy: FaultyProxy
) -> None:
    cost = {}
    for count, store in zip((FEW, MORE), stores(remote), strict=True):
        proxy.taken()
        assert len([*every_batch(store)]) == count
        assert [*every_recipe(store)] == []
        cost[count] = kinds(proxy)
    assert cost[FEW]["LIST"] == cost[MORE]["LIST"] <= 10
    reads = (cost[MORE]["GET"] + cost[MORE]["HEAD"]) - (cost[FEW]["GET"] + cost[FEW]["HEAD"])
    assert reads <= 8 * (MORE - FEW)
    assert not {"PUT", "CREATE", "POST", "DELETE"} & {*cost[FEW], *cost[MORE]}


def test_how_one_batch_stands_does_not_depend_on_the_others(remote: Objects, proxy: FaultyProxy) -> None:
    cost = []
    for store in stores(remote):
        proxy.taken()
        batch_statuses(store, "made-0000")
        cost.append(kinds(proxy))
    assert cost[0] == cost[1]
    assert cost[0].total() <= 20


def test_opening_sql_costs_the_same_however_many_batches_there_are(remote: Objects, proxy: FaultyProxy) -> None:
    cost = []
    for store in stores(remote):
        proxy.taken()
        connect(store).close()
        cost.append(kinds(proxy))
    assert cost[0] == cost[1]
    assert cost[0]["LIST"] <= 2 + len(TABLES)
    assert cost[0].total() <= 2 + 5 * len(TABLES)


def test_a_query_lists_once_and_reads_each_file_of_its_tables_alone(remote: Objects, proxy: FaultyProxy) -> None:
    _, store = stores(remote)
    with connect(store) as connection:
        proxy.taken()
        connection.execute("SELECT video_id, start_frame FROM filtered_clips").fetchall()
        asked = proxy.taken()
        connection.execute("SELECT video_id, start_frame FROM filtered_clips").fetchall()
        again = kinds(proxy)
    assert all("/tables/filtered_clips/" in one.path for one in asked if one.kind != "LIST")
    assert Counter(one.kind for one in asked)["LIST"] == 1
    assert len(asked) <= 1 + 3 * MORE
    assert again.total() <= 1 + MORE


def test_reading_and_writing_cost_one_request_each(remote: Objects, proxy: FaultyProxy) -> None:
    for verb, kind in (
        (lambda: remote.write("a", b"x" * 5_000_000), "PUT"),
        (lambda: remote.create("b", b""), "CREATE"),
        (lambda: remote.read("a"), "GET"),
        (lambda: remote.exists("a"), "HEAD"),
        (lambda: remote.exists("none"), "HEAD"),
        (lambda: list(remote.list("")), "LIST"),
        (lambda: remote.delete("a"), "DELETE"),
    ):
        verb()
        assert kinds(proxy) == {kind: 1}
    remote.write("small", b"y" * 200_000)
    proxy.taken()
    with remote.open("small") as handle:
        handle.seek(100)
        assert handle.read() == b"y" * 199_900
    assert kinds(proxy) == {"GET": 1}


def test_a_second_look_in_one_process_costs_listings_and_reads_of_what_has_changed(
    remote: Objects, proxy: FaultyProxy
) -> None:
    _, store = stores(remote)
    first = [*every_batch(store)]
    proxy.taken()
    assert [*every_batch(store)] == first
    cost = kinds(proxy)
    assert {*cost} == {"LIST", "GET"}
    assert cost["GET"] == 1  # the settings
    store.write("batches/made-0001.json", store.read("batches/made-0001.json") + b"\n")
    proxy.taken()
    assert [*every_batch(store)] == first
    assert kinds(proxy)["GET"] <= 2 + 8
