"""A recipe that cannot be carried out says in one line what is wrong and what would be right."""

from pathlib import Path

import pytest

from rushes.errors import SettingsError, StoreError
from rushes.selection import recipe as recipes
from rushes.store.objects import Objects

DEMO = Path(__file__).parents[2] / "docs" / "demo"
GOOD = "name: street\nsequence_length: 5\n"


def refusal(text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        recipes.parse(text, "street.yaml")
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("street.yaml: ")
    return message


def test_a_name_and_a_length_are_enough() -> None:
    recipe = recipes.parse(GOOD)
    assert (recipe.name, recipe.unit, recipe.length, recipe.strategy) == ("street", "sequence", 5, "random")
    assert (recipe.limit, recipe.split, recipe.formats, recipe.privacy) == (None, None, ("native",), "redact")


def test_an_unknown_field_is_named_with_the_allowed_ones() -> None:
    message = refusal(GOOD + "n_sequence: 4\n")
    assert "unknown field 'n_sequence'; allowed: name, description, collections, where, unit" in message
    assert "n_sequences" in message


def test_an_unknown_field_of_the_split_is_named_with_those_of_the_split() -> None:
    assert "unknown field 'split.training'; allowed: train, val, test" in refusal(GOOD + "split: {training: 1}\n")


@pytest.mark.parametrize("strategies", ["[diverse]", "\n  - diverse", "[random, diverse]"])
def test_an_unknown_strategy_is_named_with_the_allowed_ones(strategies: str) -> None:
    message = refusal(GOOD + f"strategies: {strategies}\n")
    assert "unknown strategy 'diverse'; allowed: random, video_balanced, class_balanced, diversity" in message


@pytest.mark.parametrize("strategies", ["random", "5", "{random: 1}", "[]", "[random, diversity]", "true"])
def test_strategies_that_are_no_list_of_one_are_refused(strategies: str) -> None:
    assert "strategies" in refusal(GOOD + f"strategies: {strategies}\n")


@pytest.mark.parametrize(
    ("n_samples", "advice"), [(12, "use 10 or 15"), (4, "use 5"), (6, "use 5 or 10"), (99, "use 95 or 100")]
)
def test_frames_that_make_no_whole_sequences_are_refused_with_the_nearest_that_do(n_samples: int, advice: str) -> None:
    message = refusal(GOOD + f"n_samples: {n_samples}\n")
    assert f"n_samples {n_samples} is no multiple of sequence_length 5; {advice}" in message
    assert message.endswith(advice)


def test_frames_are_counted_in_sequences() -> None:
    assert recipes.parse(GOOD + "n_samples: 15\n").limit == 3
    assert recipes.parse(GOOD + "n_sequences: 7\n").limit == 7
    assert recipes.parse("name: f\nunit: frame\nn_samples: 12\n").limit == 12


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: street", "unit: sequence needs sequence_length"),
        ("name: f\nunit: frame\nsequence_length: 2", "unit: frame means sequence_length: 1"),
        (GOOD + "strategies: [class_balanced]", "class_balanced needs unit: track"),
        (GOOD + "n_samples: 5\nn_sequences: 1", "not both"),
        ("name: t\nunit: track\nn_samples: 5", "use n_sequences for whole tracks"),
        (GOOD + "split: {train: 0}", "all 0"),
        (GOOD + "split: {train: -1}", "split.train: Input should be greater than or equal to 0"),
        (GOOD + "unit: movie", "unit: Input should be 'sequence', 'track' or 'frame'"),
        (GOOD + "sequence_length: 0", "sequence_length"),
        (GOOD + "fps: 0", "fps"),
        (GOOD + "min_distance: 3", "min_distance"),
        (GOOD + "formats: []", "formats"),
        (GOOD + "formats: [zip]", "'native', 'mediasequence', 'mot'"),
        (GOOD + "formats: [native, trackverse]", "trackverse needs unit: track"),
        (GOOD + "where: 5", "where"),
        ("sequence_length: 5", "name: Field required"),
        ("name: a/b\nsequence_length: 5", "recipe name 'a/b': use letters"),
        ("- a\n- b", "a recipe is a mapping; allowed fields: name"),
        ("", "a recipe is a mapping"),
        ("name: [", "not YAML"),
        ("1: 2\nname: street\nsequence_length: 5", "1"),
    ],
)
def test_what_contradicts_itself_is_refused(text: str, said: str) -> None:
    assert said in refusal(text)


def test_a_recipe_is_kept_as_it_was_written(store: Objects) -> None:
    text = "# mine\n" + GOOD
    assert recipes.save(store, text) == recipes.load(store, "street")
    assert store.read("recipes/street.yaml").decode() == text
    assert recipes.names(store) == ["street"]
    with pytest.raises(SettingsError):
        recipes.save(store, "name: other")
    assert recipes.names(store) == ["street"]


def test_a_recipe_that_is_not_there_is_named_with_those_that_are(store: Objects) -> None:
    with pytest.raises(StoreError, match="no recipe named 'street'; there are: none"):
        recipes.load(store, "street")
    recipes.save(store, GOOD)
    with pytest.raises(StoreError, match="no recipe named 'road'; there are: street"):
        recipes.load(store, "road")


@pytest.mark.parametrize("path", sorted({*DEMO.glob("*.yaml")} - {DEMO / "settings.yaml"}), ids=lambda path: path.stem)
def test_the_demos_recipes_are_recipes(path: Path) -> None:
    recipes.parse(path.read_text())
