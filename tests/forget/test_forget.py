"""What is forgotten is in no byte of a store, and all that is left of other videos is as it was, true and readable."""

import hashlib
import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from forgettable import build_all, choose
from searched import mentions, snapshot

import rushes
from rushes import settings
from rushes.errors import StoreError
from rushes.forget.forget import forget
from rushes.packaging.package import package
from rushes.packaging.state import package_state
from rushes.selection.recipes import recipe as recipe_files
from rushes.selection.report.write import write_report
from rushes.selection.select import select
from rushes.standing.status import batch_statuses, recipe_statuses
from rushes.steps import STEPS
from rushes.store.forgotten import remember
from rushes.store.manifests import Record, read_batch, write_record
from rushes.store.objects import Objects
from rushes.store.schemas import BATCH, SELECTIONS, TABLES
from rushes.store.tables import partition_path, read_partition
from rushes.work.build import build
from rushes.work.plan import State

BATCH_TABLES = [table for table in TABLES.values() if table.keys == (BATCH,)]


def rows(objects: Objects, batch: str = "zoo-0000") -> dict[str, list[dict[str, object]]]:
    return {t.name: read_partition(objects, t, {BATCH: batch}).to_pylist() for t in BATCH_TABLES}


def test_there_is_much_to_forget(built: Objects) -> None:
    where = {name.split("/")[0] for name in mentions(built, "zebrafinch")}
    assert where >= {"batches", "datasets", "parts", "records", "reports", "tables"}
    assert all(any(row["video_id"] == "zebrafinch" for row in rows(built)[name]) for name in ("tracks", "embeddings"))


def test_no_byte_of_the_store_names_it(built: Objects) -> None:
    media = rushes.open(built.root).videos["zebrafinch"].row
    forget(built, ["zebrafinch"], workers=0)
    assert mentions(built, "zebrafinch") == []
    assert mentions(built, media["sha256"]) == []
    assert not any(name.startswith("sheets/") for name in built.list("") if "packaged" not in name)


def test_rows_of_others_stay_and_nothing_has_to_be_built(built: Objects) -> None:
    before = rows(built)
    forget(built, ["zebrafinch"], workers=0)
    after = rows(built)
    assert after == {name: [row for row in own if row["video_id"] == "quokka"] for name, own in before.items()}
    assert {status.state for status in batch_statuses(built, "zoo-0000")} == {State.BUILT}
    for step in STEPS.values():
        assert build(built, step, "zoo-0000", settings.load(built, "zoo"), workers=0).made == 0


def test_a_batch_is_put_together_as_it_was_left(built: Objects) -> None:
    """What is written row by row is what a build would have written: byte for byte."""
    forget(built, ["zebrafinch"], workers=0)
    left = {name: data for name, data in snapshot(built).items() if name.startswith(("tables/", "records/"))}
    for name in [n for n in left if n.startswith("records/") and n.endswith("zoo-0000.json")]:
        built.delete(name)
    build_all(built, "zoo-0000")
    again = snapshot(built)
    assert {name: again[name] for name in left} == left


def test_a_data_set_is_packaged_anew_and_true(built: Objects) -> None:
    before = rushes.open(built.root).dataset("street")
    stay = [one["sequence_id"] for one in before if one["video_id"] == "quokka"]
    [old] = {name.split("/")[2] for name in built.list("datasets/street") if name.count("/") > 2}
    account = forget(built, ["zebrafinch"], workers=0)
    assert (account.repackaged, account.failed) == (("street",), {})
    dataset = rushes.open(built.root).dataset("street")
    assert sorted(dataset.sequence_ids) == sorted(stay)
    assert all(one["frames"].numpy().ndim == 4 for one in dataset)
    about = json.loads(built.read("datasets/street/dataset.json"))
    assert about["version"] != old
    assert (about["counts"]["sequences"], about["counts"]["videos"]) == (len(stay), 1)
    for file in about["files"]:
        assert hashlib.sha256(built.read(file["path"])).hexdigest() == file["sha256"]
    listed = rushes.open(built.root).sql("SELECT path FROM datasets").fetchall()
    assert {path for (path,) in listed} == {file["path"] for file in about["files"]}
    assert {name.split("/")[2] for name in built.list("datasets/street")} == {about["version"], "dataset.json"}


def test_what_lost_rows_says_so_until_it_is_built_anew(built: Objects) -> None:
    [lost] = forget(built, ["zebrafinch"], workers=0).lost
    assert 0 < lost.rows < lost.of
    words = f"{lost.rows} of {lost.of} sequences were forgotten: 'rushes build --recipe street' chooses anew"
    selected, packaged = recipe_statuses(built, "street")
    assert (selected.state, selected.rows) == (State.STALE, lost.of - lost.rows)
    assert selected.note is not None
    assert selected.note.startswith(words)
    assert packaged.note == words
    choose(built, "street")
    assert [status.is_built for status in recipe_statuses(built, "street")] == [True, True]
    assert all("forgotten" not in (status.note or "") for status in recipe_statuses(built, "street"))
    assert mentions(built, "zebrafinch") == []


def test_ranks_have_no_gap_and_nothing_is_near_to_what_is_gone(built: Objects) -> None:
    query = "SELECT sequence_id, rank, nearest, distance, why FROM selections ORDER BY rank"
    before = rushes.open(built.root).sql(query).fetchall()
    forget(built, ["zebrafinch"], workers=0)
    after = rushes.open(built.root).sql(query).fetchall()
    assert [row[1] for row in after] == list(range(len(after)))
    assert [row[0] for row in after] == [row[0] for row in before if row[0].startswith("quokka")]
    assert {row[2] for row in after if row[2]} <= {row[0] for row in after}
    assert all((row[2] is None) <= (row[3] is None) for row in after)


def test_a_data_set_can_wait_for_a_build(built: Objects) -> None:
    account = forget(built, ["zebrafinch"], repackage=False)
    assert account.repackaged == ()
    assert list(built.list("datasets/street")) == []
    _, packaged = recipe_statuses(built, "street")
    assert packaged.state is State.MISSING
    assert packaged.failure == "the data set held what was forgotten and was removed: rushes build --recipe street"
    with pytest.raises(StoreError, match="no data set named 'street'"):
        rushes.open(built.root).dataset("street")
    assert mentions(built, "zebrafinch") == []


def test_every_version_that_held_it_goes_and_others_stay(built: Objects) -> None:
    recipe_files.save(built, built.read("recipes/street.yaml").decode() + "where: \"video_id <> 'z'\"\n")
    choose(built, "street")
    versions = {name.split("/")[2] for name in built.list("datasets/street") if name.count("/") > 2}
    assert len(versions) == 2
    forget(built, ["zebrafinch"], repackage=False)
    assert list(built.list("datasets")) == []


def test_a_data_set_without_it_is_left_alone(built: Objects) -> None:
    recipe_files.save(
        built, "name: birds\nunit: frame\nfps: 4\nn_sequences: 2\nwhere: \"starts_with(video_id, 'q')\"\n"
    )
    choose(built, "birds")
    before = {name: data for name, data in snapshot(built).items() if name.startswith("datasets/birds/")}
    account = forget(built, ["zebrafinch"], workers=0)
    assert [lost.recipe for lost in account.lost] == ["street"]
    assert {name: data for name, data in snapshot(built).items() if name.startswith("datasets/birds/")} == before
    assert list(built.list("reports/birds")) == []  # it shows candidates that were not chosen, too


def test_a_selection_that_has_nothing_left_has_no_data_set(built: Objects) -> None:
    forget(built, ["zebrafinch", "quokka"], workers=0)
    for word in ("zebrafinch", "quokka"):
        assert mentions(built, word) == []
    assert list(built.list("datasets")) == []
    assert read_batch(built, "zoo-0000").entries == ()
    assert {status.state for status in batch_statuses(built, "zoo-0000")} == {State.BUILT}
    assert [status.rows for status in recipe_statuses(built, "street")] == [0, 0]


def test_a_dry_run_tells_what_a_real_one_does_and_does_nothing(built: Objects) -> None:
    before = snapshot(built)
    told = forget(built, ["zebrafinch"], dry_run=True)
    assert snapshot(built) == before
    done = forget(built, ["zebrafinch"], repackage=False)
    assert (told.entries, told.rows, told.removed, told.lost) == (done.entries, done.rows, done.removed, done.lost)
    assert sum(done.rows.values()) > 100


def test_again_there_is_nothing_more_to_do(built: Objects) -> None:
    forget(built, ["zebrafinch"], repackage=False)
    before = snapshot(built)
    account = forget(built, ["zebrafinch"], repackage=False)
    assert (account.entries, account.rows, account.removed, account.lost) == ((), {}, {}, ())
    assert snapshot(built) == before


def test_an_unknown_id_is_refused_with_ids_like_it(built: Objects) -> None:
    before = snapshot(built)
    with pytest.raises(StoreError, match=r"nothing is known of 'zebrafinsh'; did you mean zebrafinch\?"):
        forget(built, ["quokka", "zebrafinsh"])
    assert snapshot(built) == before


def test_the_source_itself_is_not_the_stores_to_remove(
    built: Objects, clips: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(clips[0].parent)
    account = forget(built, [clips[0].name], repackage=False)  # by its address, seen from here
    assert account.outside == (str(clips[0]),)
    assert clips[0].exists()
    assert mentions(built, "zebrafinch") == []


def test_what_people_wrote_that_names_it_is_told(built: Objects) -> None:
    recipe_files.save(built, "name: no-birds\nunit: frame\nfps: 4\nwhere: \"video_id <> 'zebrafinch'\"\n")
    account = forget(built, ["zebrafinch"], repackage=False)
    assert account.left == ("recipes/no-birds.yaml names it: change it, and register it anew",)


def test_settings_of_a_collection_are_kept_to(built: Objects) -> None:
    """A batch that was stale before stays so: nothing is said to be built that is not."""
    settings.save(built, built.read("settings.yaml").decode().replace("{fps: 4}", "{fps: 5}"))
    stale = {s.asset: s.state for s in batch_statuses(built, "zoo-0000")}
    assert State.STALE in stale.values()
    forget(built, ["zebrafinch"], repackage=False)
    assert {s.asset: s.state for s in batch_statuses(built, "zoo-0000")} == stale


def test_what_killed_writers_left_goes_and_what_is_being_written_stays(built: Objects) -> None:
    abandoned, young = Path(built.path("media/.tmp-abandoned")), Path(built.path("media/.tmp-young"))
    for path in (abandoned, young):
        path.write_bytes(b"perhaps a zebrafinch")
    os.utime(abandoned, (0, 0))
    forget(built, ["zebrafinch"], repackage=False)
    assert (abandoned.exists(), young.exists()) == (False, True)


def test_versions_that_were_never_ended_go_but_one_that_is_being_made_of_others(built: Objects) -> None:
    built.write("datasets/street/0123456789ab/native/media/x.tar", b"of an earlier selection")
    recipe_files.save(built, "name: birds\ncollections: [night]\nunit: frame\nfps: 4\n")
    write_record(built, Record("selected_sequences", "birds", "1", "made of other batches"))
    version = package_state(built, recipe_files.load(built, "birds"))[1][:12]
    built.write(f"datasets/birds/{version}/native/media/x.tar", b"being made")
    built.write("datasets/birds/0123456789ab/native/media/x.tar", b"of an earlier selection")
    forget(built, ["zebrafinch"], repackage=False)
    assert list(built.list("datasets")) == [f"datasets/birds/{version}/native/media/x.tar"]


def test_a_report_that_is_written_meanwhile_is_taken_back(built: Objects) -> None:
    recipe = recipe_files.load(built, "street")
    selection = select(built, recipe, 0)
    remember(built, ids=["zebrafinch"])  # as if somebody had forgotten it since, and looked before
    with pytest.raises(StoreError, match="recipe street: a video of it was forgotten meanwhile: build it again"):
        write_report(built, recipe, selection)
    assert list(built.list("reports")) == []


def test_a_selection_and_a_data_set_that_are_made_meanwhile_are_taken_back(built: Objects) -> None:
    recipe = recipe_files.load(built, "street")
    remember(built, ids=["zebrafinch"])
    with pytest.raises(StoreError, match="recipe street: a video of it was forgotten meanwhile"):
        package(built, recipe, 0)
    with pytest.raises(StoreError, match="recipe street: a video of it was forgotten meanwhile"):
        select(built, recipe, 0)
    assert [n for n in built.list("") if n.startswith(("datasets/", "tables/datasets", "tables/selections"))] == []
    assert [status.rows for status in recipe_statuses(built, "street")] == [0, 0]


def test_a_selection_of_before_its_columns_were_more_is_forgotten_from_as_it_is(built: Objects) -> None:
    path = partition_path(SELECTIONS, {"recipe": "street"})
    old = pq.read_table(pa.BufferReader(built.read(path))).drop_columns(["n_padded", "relaxed", "nearest", "distance"])
    sink = pa.BufferOutputStream()
    pq.write_table(old, sink)
    built.write(path, sink.getvalue().to_pybytes())
    [lost] = forget(built, ["zebrafinch"], repackage=False).lost
    assert mentions(built, "zebrafinch") == []
    left = pq.read_table(pa.BufferReader(built.read(path)))
    assert set(left.column_names) - {"nearest", "distance"} == set(old.column_names)
    assert 0 < len(left) == len(old) - lost.rows
    choose(built, "street")
