"""Killed at any moment, forgetting is ended by the same command."""

import os
import shutil
from pathlib import Path

from cut_off import CutOff
from forgettable import build_all
from searched import mentions, snapshot

from rushes.forget.forget import forget
from rushes.store.objects import Objects


def test_a_kill_at_any_moment_leaves_what_the_same_command_ends(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "undisturbed")
    undisturbed = Objects(tmp_path / "undisturbed")
    forget(undisturbed, ["zebrafinch"], repackage=False)
    wanted = snapshot(undisturbed)
    moment, kills = 0, 0
    while True:
        root = tmp_path / f"killed-{moment}"
        shutil.copytree(whole, root)
        try:
            forget(CutOff(os.fspath(root), moment), ["zebrafinch"], repackage=False)
            break
        except KeyboardInterrupt:
            kills += 1
        store = Objects(root)
        forget(store, ["zebrafinch"], repackage=False)
        assert mentions(store, "zebrafinch") == [], moment
        if (state := snapshot(store)) != wanted:  # stale at worst: what is built on it is the same
            build_all(store, "zoo-0000")
            state = snapshot(store)
        tables = {name for name in wanted if name.startswith(("tables/", "batches/", "media/"))}
        assert {name: state[name] for name in tables} == {name: wanted[name] for name in tables}, moment
        shutil.rmtree(root)
        moment += 19
    assert kills > 5
