"""``rushes recipe``: registering recipes, trying them on what a store holds, and looking at what came of them."""

from pathlib import Path
from typing import Any

import pytest
from rows import embedding_row, filtered_row, packet_rows, track_row, video_row, write_batch

from rushes.store.objects import Objects


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Write a recipe's file."""

    def write(text: str, name: str = "r.yaml") -> Path:
        file = tmp_path / name
        file.write_text(text)
        return file

    return write


@pytest.fixture
def filled(shell: Any) -> Any:
    """A command line over a store of three videos of 50 frames, in each a clip with two cars, the third one blurred."""
    clips = [filtered_row(video, 0, 50, sharpness=5.0 if video == "c" else 50.0) for video in "abc"]
    write_batch(
        Objects(str(shell.store)),
        videos=[video_row(video, 50) for video in "abc"],
        packets=[row for video in "abc" for row in packet_rows(video, range(50))],
        filtered_clips=clips,
        tracks=[track_row(clip, number, 10 * number, 40) for clip in clips for number in (0, 1)],
        embeddings=[
            embedding_row(clip, frame, [frame, ord(clip["video_id"]) - 90])
            for clip in clips[:2]
            for frame in range(0, 50, 5)
        ],
    )
    return shell


def steps(said: str) -> dict[str, int]:
    """Return the rows of a printed funnel."""
    rows = [[cell.strip() for cell in line.strip("│┃").split("│")] for line in said.splitlines() if line[:1] == "│"]
    return {step: int(count) for step, count in rows}


def test_a_recipe_is_registered_and_listed(shell: Any, write: Any) -> None:
    text = "unit: track\nstrategies: [class_balanced, max_motion]\nn_sequences: 3\ndescription: in the [street]\n"
    said = shell.ok("recipe", "add", write("name: cars\n" + text))
    assert "recipe cars registered; next: rushes build --recipe cars" in said
    said = shell.ok("recipe", "list")
    for word in ("cars", "track", "class_balanced, max_motion", " 3 ", "native", "in the [street]"):
        assert word in said


def test_several_are_registered_or_none(shell: Any, write: Any) -> None:
    good, bad = write("name: a\nunit: frame\n", "a.yaml"), write("name: b\nunit: frames\n", "b.yaml")
    assert "b.yaml: unit" in shell.refused("recipe", "add", good, bad)
    assert not (shell.store / "recipes").exists()
    twin = write("name: a\nunit: track\n", "twin.yaml")
    assert "are both named a" in shell.refused("recipe", "add", good, twin)
    other = write("name: b\nunit: track\n", "b.yaml")
    assert shell.ok("recipe", "add", good, other).count("registered") == 2


@pytest.mark.parametrize(
    ("command", "text", "named"),
    [
        ("add", "name: r\nunit: frame\nsequence_lenght: 8\n", ["'sequence_lenght'", "did you mean sequence_length?"]),
        ("add", "name: r\nunit: frame\nstrategies: [best]\n", ["'best'", "random, video_balanced, class_balanced,"]),
        ("check", "name: r\nunit: sequence\nsequence_length: 8\nn_samples: 20\n", ["16 or 24"]),
        ("add", "name: [\n", ["not YAML"]),
        ("check", "just words\n", ["name", "strategies"]),
    ],
)
def test_a_recipe_with_a_mistake_is_refused_in_one_line(
    shell: Any, write: Any, command: str, text: str, named: list[str]
) -> None:
    line = shell.refused("recipe", command, write(text, "recipe.yaml"))
    for word in ("recipe.yaml", *named):
        assert word in line
    assert not (shell.store / "recipes").exists()


def test_what_is_no_text_is_refused(shell: Any, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_bytes(b"name: \xff\xfe")
    assert shell.refused("recipe", "add", tmp_path / "r.yaml").endswith("r.yaml: is no text in UTF-8")
    assert shell.refused("recipe", "check", tmp_path / "nowhere.yaml").endswith("nowhere.yaml: no such file")


def test_recipes_that_build_upon_each_other_in_a_circle_are_refused(shell: Any, write: Any) -> None:
    shell.ok("recipe", "add", write("name: a\nunit: frame\ndatapool: b\n"))
    assert "circle: b → a → b" in shell.refused("recipe", "add", write("name: b\nunit: frame\ndatapool: a\n"))


def test_checking_without_videos_tells_that_it_was_not_tried(shell: Any, write: Any) -> None:
    said = shell.ok("recipe", "check", write("name: r\nunit: frame\nwhere: nonsense here\n"))
    assert "recipe r is sound" in said
    assert "no batch for it yet: where and columns were not tried" in said


def test_checking_tells_how_many_are_left_at_each_step_and_keeps_nothing(filled: Any, write: Any) -> None:
    before = sorted(path for path in filled.store.rglob("*"))
    text = "name: r\nsequence_length: 10\nwhere: sharpness > 10\nproportion: 0.25\n"
    said = filled.ok("recipe", "check", write(text))
    told = steps(said)
    assert told["kept clips"] == 3
    assert told["after where"] == 2
    assert told["sequences"] == told["candidates"] == 10
    assert "to be chosen: 3 at most" in said
    assert sorted(path for path in filled.store.rglob("*")) == before


def test_checking_tells_of_rejects(filled: Any, write: Any) -> None:
    said = filled.ok("recipe", "check", write("name: r\nsequence_length: 10\nstrategies: diversity\n"))
    assert steps(said)["candidates"] == 10
    assert "rejects: 5 no_embedding" in said


def test_a_condition_that_cannot_be_asked_is_refused(filled: Any, write: Any) -> None:
    file = write("name: r\nunit: track\nwhere: sharpnes > 10\n")
    line = filled.refused("recipe", "check", file)
    assert "sharpnes" in line
    assert "sharpness" in line
    line = filled.refused("recipe", "check", write("name: r\nunit: track\nstrategies: {weights: {column: sharpnes}}\n"))
    assert "sharpness" in line


def test_a_datapool_that_is_not_there_is_warned_of(filled: Any, write: Any) -> None:
    done = filled("recipe", "check", write("name: r\nunit: track\ndatapool: [r, other]\n"))
    assert done.returncode == 0
    assert "no recipe of its datapool is named other" in done.stderr


def test_a_recipe_is_shown_as_it_was_written_with_how_it_stands(filled: Any, write: Any) -> None:
    text = "# mine [b]\nname: r\nunit: track\n"
    filled.ok("recipe", "add", write(text))
    said = filled.ok("recipe", "show", "r")
    assert said.startswith(text)
    assert "missing" in said
    assert "no recipe named 'q'; there are: r" in filled.refused("recipe", "show", "q")


def test_a_recipe_of_the_store_that_is_not_understood_does_not_hide_the_others(shell: Any, write: Any) -> None:
    shell.ok("recipe", "add", write("name: good\nunit: frame\n"))
    (shell.store / "recipes" / "old.yaml").write_text("name: old\nunit: movie\n")
    said = shell.ok("recipe", "list")
    assert "good" in said
    assert "recipe old: unit: Input should be" in said


def test_what_came_of_a_recipe_is_shown(built: Any) -> None:
    said = built.ok("recipe", "show", "street")
    for word in ("built", "reports/street/index.html", "datasets/street/dataset.json", "n_sequences: 3"):
        assert word in said
    (chosen,) = [line for line in said.splitlines() if line.startswith("│ chosen")]
    assert chosen.split("│")[2].strip() == "3"


def test_checking_tells_of_how_many_sequences_a_proportion_is(filled: Any, write: Any) -> None:
    """Of all, as the build takes it, and not of those that are left when others are out."""
    text = "name: r\nsequence_length: 10\nstrategies: diversity\nproportion: 0.5\nformats: native\n"
    said = filled.ok("recipe", "check", write(text))
    assert (steps(said)["sequences"], steps(said)["candidates"]) == (15, 10)
    assert "to be chosen: 8 at most" in said
