"""Pictures that a recipe asks for likeness to are kept when it is registered, and found by whoever carries it out."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from rushes.cli.app import app
from rushes.errors import SettingsError
from rushes.selection.recipes import recipe as recipes
from rushes.selection.recipes.query_pictures import keep, picture, pins
from rushes.store.objects import Objects

TEXT = "name: alike\nsequence_length: 5\nstrategies:\n  - similarity: {images: [%s]}\n"


def draw(path: Path, seed: int) -> bytes:
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(path)
    return path.read_bytes()


def test_the_picture_is_the_one_of_when_the_recipe_was_registered(store: Objects, tmp_path: Path) -> None:
    first = draw(tmp_path / "bus.png", 1)
    recipe = recipes.save(store, TEXT % "bus.png")
    keep(store, recipe, tmp_path)
    assert pins(store, recipe) == {"bus.png": hashlib.sha256(first).hexdigest()}
    (tmp_path / "bus.png").unlink()
    assert picture(store, recipe, "bus.png") == first


def test_another_picture_counts_when_the_recipe_is_registered_again(store: Objects, tmp_path: Path) -> None:
    draw(tmp_path / "bus.png", 1)
    recipe = recipes.save(store, TEXT % "bus.png")
    keep(store, recipe, tmp_path)
    second = draw(tmp_path / "bus.png", 2)
    before = pins(store, recipe)
    keep(store, recipe, tmp_path)
    assert pins(store, recipe) != before
    assert picture(store, recipe, "bus.png") == second


def test_a_recipe_that_was_never_registered_reads_the_file(store: Objects, tmp_path: Path) -> None:
    data = draw(tmp_path / "bus.png", 1)
    recipe = recipes.parse(TEXT % (tmp_path / "bus.png"))
    assert pins(store, recipe) == {}
    assert picture(store, recipe, str(tmp_path / "bus.png")) == data


def test_a_recipe_that_asks_no_more_keeps_nothing(store: Objects, tmp_path: Path) -> None:
    draw(tmp_path / "bus.png", 1)
    keep(store, recipes.save(store, TEXT % "bus.png"), tmp_path)
    plain = recipes.save(store, "name: alike\nsequence_length: 5\n")
    keep(store, plain, tmp_path)
    assert pins(store, plain) == {}
    assert recipes.names(store) == ["alike"]


def test_a_picture_that_is_not_there_is_an_error_and_the_recipe_is_not_registered(
    store: Objects, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        keep(store, recipes.parse(TEXT % "gone.png"), tmp_path)
    (tmp_path / "alike.yaml").write_text(TEXT % "gone.png")
    done = CliRunner().invoke(app, ["--store", store.uri, "recipe", "add", str(tmp_path / "alike.yaml")])
    assert done.exit_code != 0
    assert recipes.names(store) == []


def test_the_command_takes_paths_beside_the_recipes_file(store: Objects, tmp_path: Path) -> None:
    data = draw(tmp_path / "bus.png", 1)
    (tmp_path / "alike.yaml").write_text(TEXT % "bus.png")
    assert CliRunner().invoke(app, ["--store", store.uri, "recipe", "add", str(tmp_path / "alike.yaml")]).exit_code == 0
    assert picture(store, recipes.load(store, "alike"), "bus.png") == data
