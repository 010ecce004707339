"""A recipe that cannot be carried out says in one line what is wrong and what would be right."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import SettingsError, StoreError
from rushes.selection.recipes import recipe as recipes
from rushes.selection.recipes.options import STRATEGIES, Balance, Diversity, Random, Similarity, Threshold, Weights
from rushes.selection.recipes.recipe import Recipe
from rushes.store.objects import Objects
from rushes.work.plan import digest

DEMO = Path(__file__).parents[2] / "docs" / "demo"
GOOD = "name: street\nsequence_length: 5\n"
ALL = ", ".join(STRATEGIES)


def refusal(text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        recipes.parse(text, "street.yaml")
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("street.yaml: ")
    return message.removeprefix("street.yaml: ")


def strategies(text: str) -> list[Any]:
    return list(recipes.parse(f"{GOOD}strategies: {text}\n").strategies)


def test_a_name_and_a_length_are_enough() -> None:
    recipe = recipes.parse(GOOD)
    assert (recipe.name, recipe.unit, recipe.length, recipe.strategies) == ("street", "sequence", 5, (Random(),))
    assert (recipe.count(100), recipe.split, recipe.formats, recipe.privacy) == (None, None, ("native",), "redact")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("n_sequence: 4", "unknown field 'n_sequence' (did you mean n_sequences?); allowed: name, description, coll"),
        ("n_sequence:", "unknown field 'n_sequence' (did you mean n_sequences?)"),
        ("qqq: 4", "unknown field 'qqq'; allowed: name, description, collections, where, unit"),
        ("split: {vall: 1}", "unknown field 'split.vall' (did you mean val?); allowed: train, val, test, n_val"),
        ("constraints: {min_move: 1}", "unknown field 'constraints.min_move'"),
        ("strategies: [{balance: {targt: {a: 1}}}]", "'strategies.0.balance.targt' (did you mean target?); allowed:"),
        ("strategies: [random, {diversity: {stren: 1}}]", "unknown field 'strategies.1.diversity.stren'"),
        ("strategies: [{random: {column: a}}]", "unknown field 'strategies.0.random.column'; allowed: strength"),
    ],
)
def test_an_unknown_field_is_named_with_the_allowed_ones_and_the_nearest(text: str, said: str) -> None:
    assert said in refusal(f"{GOOD}{text}\n")


@pytest.mark.parametrize("text", ["[diverse]", "\n  - diverse", "[random, diverse]", "diverse", "{diverse: {a: 1}}"])
def test_an_unknown_strategy_is_named_with_the_allowed_ones(text: str) -> None:
    message = refusal(f"{GOOD}strategies: {text}\n")
    assert message.endswith(f"unknown strategy 'diverse' (did you mean diversity?); allowed: {ALL}")
    assert message.startswith("strategies.")


def test_a_strategy_is_its_name_or_its_name_with_options_below() -> None:
    assert (
        strategies("[diversity]") == strategies("[{diversity: }]") == strategies("[{diversity: {}}]") == [Diversity()]
    )
    assert strategies("\n- random\n- diversity:\n    strength: 2") == [Random(), Diversity(strength=2)]


def test_one_strategy_needs_no_list() -> None:
    assert strategies("diversity") == strategies("[diversity]")
    assert strategies("{diversity: {strength: 2}}") == [Diversity(strength=2)]
    assert recipes.parse(f"{GOOD}formats: mot\ncollections: a\n").formats == ("mot",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("5", "strategies.0: 5 is no strategy"),
        ("true", "strategies.0: True is no strategy"),
        ("[[random]]", "is no strategy"),
        ("{}", "is no strategy"),
        ("[]", "strategies: name at least one, or leave it out"),
        ("{random: 1}", "strategies.0.random: Input should be a mapping"),
        ("{weights: score}", "strategies.0.weights: Input should be a mapping"),
        ("[{name: diversity, strength: 2}]", "write diversity: {strength: 2}"),
        ("[{name: diversity}]", "write diversity"),
        ("\n- diversity:\n  strength: 2", "options stand below their strategy's name; write diversity: {strength: 2}"),
        ("{class_balanced: , diversity: }", "class_balanced and diversity are strategies of their own; put a '-'"),
        ("[{weights: {}}]", "strategies.0.weights.column: Field required"),
        ("[{weights: {column: 'a; DROP TABLE'}}]", "strategies.0.weights.column: 'a; DROP TABLE' is no column's name"),
        ("[{random: {strength: 0}}]", "strategies.0.random.strength: Input should be greater than 0, not 0"),
        ("[{random: {strength: yes}}]", "strategies.0.random.strength: Input should be a valid number"),
        ("[{random: {strength: .inf}}]", "strategies.0.random.strength: Input should be a finite number"),
        ("[{diversity: {mode: fast}}]", "strategies.0.diversity.mode: Input should be 'exact' or 'approximate'"),
        ("[{class_balanced: {temperature: -1}}]", "greater than or equal to 0, not -1"),
        ("[{balance: {target: {}}}]", "strategies.0.balance.target"),
        ("[{balance: {target: {a: 0.7, b: 0.5}}}]", "strategies.0.balance: the shares of target sum to 1.2; 1 is the"),
        ("[{balance: {target: {a: 60, b: 40}}}]", "strategies.0.balance.target.a: Input should be less than or equal"),
        ("[{balance: {target: {a: -0.1}}}]", "strategies.0.balance.target.a"),
        ("[{threshold: {column: motion}}]", "strategies.0.threshold: give above, at_least, below or at_most"),
        ("[random, {similarity: }]", "strategies.1.similarity: give images, tracks or sql"),
        ("[{min_redundancy: {epochs: 0}}]", "strategies.0.min_redundancy.epochs"),
    ],
)
def test_what_is_wrong_with_a_strategy_is_told_with_its_place(text: str, said: str) -> None:
    assert said in refusal(f"{GOOD}strategies: {text}\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[min_redundancy, diversity, random]", "no place for the figures of diversity, random; leave one or the"),
        ("[min_redundancy, min_redundancy]", "min_redundancy stands there twice; leave one out"),
        ("[random, class_balanced, random]", "random stands there twice"),
        ("[diversity, {diversity: {mode: approximate}}]", "diversity stands there twice"),
        ("[{weights: {column: a}}, {weights: {column: A, strength: 2}}]", "weights of a stands there twice"),
        ("[class_balanced, {balance: {target: {a: 1}}}]", "both say which class's turn it is; leave one out"),
    ],
)
def test_strategies_that_do_not_go_together_are_refused(text: str, said: str) -> None:
    assert said in refusal(f"{GOOD}strategies: {text}\n")


@pytest.mark.parametrize(
    "text",
    [
        "[class_balanced, min_redundancy, {threshold: {column: motion, above: 0}}]",
        "[video_balanced, class_balanced, random, max_motion, diversity, typicality]",
        "[{weights: {column: a}}, {weights: {column: b}}]",
        "[{similarity: {tracks: a}}, {similarity: {tracks: b}}]",
        "[class_balanced, {balance: {column: collection, target: {a: 1}}}]",
    ],
)
def test_strategies_that_go_together_are_taken(text: str) -> None:
    assert len(strategies(text)) >= 2


bounds = st.dictionaries(
    st.sampled_from(("above", "at_least", "below", "at_most")), st.integers(-2, 2).map(float), min_size=1
)


@given(st.lists(bounds, min_size=1, max_size=3))
def test_thresholds_that_no_number_keeps_are_refused(given: list[dict[str, float]]) -> None:
    def keeps(number: float) -> bool:
        return all(
            number > b.get("above", -9)
            and number >= b.get("at_least", -9)
            and number < b.get("below", 9)
            and number <= b.get("at_most", 9)
            for b in given
        )

    distinct = [b for at, b in enumerate(given) if b not in given[:at]]
    written = [{"threshold": {"column": "motion", **b}} for b in distinct]
    text = f"{GOOD}strategies: {json.dumps(written)}\n"
    if any(keeps(number / 2) for number in range(-10, 11)):
        assert len(recipes.parse(text).strategies) == len(distinct)
    else:
        assert "no motion keeps these bounds at once" in refusal(text)


@pytest.mark.parametrize(
    ("n_samples", "advice"), [(12, "use 10 or 15"), (4, "use 5"), (6, "use 5 or 10"), (99, "use 95 or 100")]
)
def test_frames_that_make_no_whole_sequences_are_refused_with_the_nearest_that_do(n_samples: int, advice: str) -> None:
    message = refusal(f"{GOOD}n_samples: {n_samples}\n")
    assert f"n_samples {n_samples} is no multiple of sequence_length 5; {advice}" in message
    assert message.endswith(advice)


def test_frames_are_counted_in_sequences() -> None:
    assert recipes.parse(f"{GOOD}n_samples: 15\n").count(100) == 3
    assert recipes.parse(f"{GOOD}n_sequences: 7\n").count(100) == 7
    assert recipes.parse("name: f\nunit: frame\nn_samples: 12\n").count(100) == 12


@given(st.integers(1, 1000), st.integers(0, 3000))
def test_a_proportion_is_rounded_up_to_the_next_whole_sequence(thousandths: int, considered: int) -> None:
    count = recipes.parse(f"{GOOD}proportion: {thousandths / 1000}\n").count(considered)
    assert count == -(-thousandths * considered // 1000)


@pytest.mark.parametrize("amounts", ["n_samples: 5\nn_sequences: 1", "n_sequences: 1\nproportion: 0.5"])
def test_only_one_way_of_saying_how_many_is_taken(amounts: str) -> None:
    assert "give n_samples (frames), n_sequences or proportion, not both" in refusal(f"{GOOD}{amounts}\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: street", "unit: sequence needs sequence_length"),
        ("name: f\nunit: frame\nsequence_length: 2", "unit: frame means sequence_length: 1"),
        ("name: f\nunit: frame\nremainder: pad", "remainder: pad does nothing with unit: frame"),
        ("name: t\nunit: track\nn_samples: 5", "use n_sequences for whole tracks"),
        ("name: t\nunit: track\nstride: 5", "stride needs sequence_length"),
        ("name: t\nunit: track\nremainder: keep", "remainder: keep needs sequence_length"),
        ("name: t\nunit: track\naggregate: concat", "aggregate: concat needs sequence_length"),
        (
            "name: t\nunit: track\nwithin: clip",
            "unit: track runs along tracks; leave within out, or use unit: sequence",
        ),
        (GOOD + "aggregate: concat\nremainder: keep", "remainder: keep makes shorter ones; use drop or pad"),
        (GOOD + "split: {train: 0}", "all 0"),
        (GOOD + "split: {train: -1}", "split.train: Input should be greater than or equal to 0"),
        (GOOD + "split: {val: 0.1, n_val: 3}", "give val (a share) or n_val (videos), not both"),
        (GOOD + "split: 3", "split: Input should be a mapping"),
        (GOOD + "split: {exclude: [012]}", "split.exclude.0: Input should be a valid string; write it in quotes"),
        (GOOD + "constraints: {rounds: 2}", "rounds does nothing without min_motion, min_nn_dist or max_spt_iou"),
        (GOOD + "constraints: {min_motion: 1, iou_tbuff: 2}", "iou_tbuff does nothing without max_spt_iou"),
        (GOOD + "constraints: {max_spt_iou: 1.5}", "constraints.max_spt_iou: Input should be less than 1, not 1.5"),
        (GOOD + "constraints: {min_nn_dist: 0.1, relax: 1}", "constraints.relax"),
        (GOOD + "unit: movie", "unit: Input should be 'sequence', 'track' or 'frame'"),
        (GOOD + "stride: 0", "stride: Input should be greater than or equal to 1, not 0"),
        (GOOD + "fps: 0", "fps"),
        (GOOD + "fps: .nan", "fps: Input should be a finite number"),
        (GOOD + "fps: '8'", "fps: Input should be a valid number"),
        (GOOD + "seed: true", "seed: Input should be a valid integer, not True"),
        (GOOD + "seed: -1", "seed"),
        (GOOD + "seed: 1.5", "seed: Input should be a valid integer, not 1.5"),
        (GOOD + "check_frames: yes", "check_frames: Input should be true or false"),
        (GOOD + "proportion: 1.5", "proportion"),
        ("name: s\nsequence_length: 2000000000\nremainder: pad", "sequence_length"),
        (GOOD + "min_distance: 3", "min_distance"),
        (GOOD + "near_duplicates: 0", "near_duplicates"),
        (GOOD + "datapool: a/b", "datapool: recipe 'a/b': use letters"),
        (GOOD + "datapool: [a, a]", "datapool: a stands there twice"),
        (GOOD + "formats: []", "formats: name at least one"),
        (GOOD + "formats: [zip]", "'native', 'mediasequence', 'mot'"),
        (GOOD + "formats: [native, trackverse]", "trackverse needs unit: track"),
        (GOOD + "where: 5", "where: Input should be a valid string; write it in quotes"),
        (GOOD + "where: ' '", "where: the condition is empty"),
        ("sequence_length: 5", "name: Field required"),
        ("name: 2024\nunit: frame", "name: Input should be a valid string; write it in quotes"),
        ("name: a/b\nsequence_length: 5", "recipe name 'a/b': use letters"),
        ("- a\n- b", "a recipe is a mapping; allowed fields: name"),
        ("", "a recipe is a mapping"),
        ("name: [", "not YAML: line 1, column 8"),
        (GOOD + "name: road", "not YAML: line 3, column 1: 'name' stands there twice"),
        (GOOD + "collections: &all [*all]", "aliases included"),
        (GOOD + '"two\\nlines": 1', "unknown field 'two lines'"),
        ("1: 2\nname: street\nsequence_length: 5", "unknown field '1'"),
    ],
)
def test_what_contradicts_itself_is_refused(text: str, said: str) -> None:
    assert said in refusal(text)


def test_formats_of_tracks_need_sequences_along_tracks() -> None:
    assert recipes.parse(f"{GOOD}within: track\nformats: track-crops\n").of_tracks
    assert recipes.parse("name: t\nunit: track\nformats: trackverse\n").of_tracks
    assert not recipes.parse(GOOD).of_tracks


def test_a_field_without_a_value_is_one_left_out() -> None:
    assert recipes.parse(f"{GOOD}strategies:\nsplit: ~\nn_samples: null\ncollections:\n") == recipes.parse(GOOD)


def test_words_that_yaml_1_1_makes_truth_values_of_are_words() -> None:
    recipe = recipes.parse(f"{GOOD}collections: [on, no]\nstrategies: [{{balance: {{target: {{no: 0.5}}}}}}]\n")
    assert recipe.collections == ("on", "no")
    assert recipe.strategies == (Balance(target={"no": 0.5}),)


def test_a_recipe_tells_which_columns_it_reads_beside_those_of_every_candidate() -> None:
    text = "[{weights: {column: Sharpness}}, {threshold: {column: motion, above: 1}}, {balance: {target: {a: 1}}}]"
    assert recipes.parse(f"{GOOD}strategies: {text}\n").columns == ("sharpness",)


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("strategies: [random, class_balanced, max_motion]", False),
        ("strategies: [random, typicality]", True),
        ("near_duplicates: 0.1", True),
        ("min_distance: 0.1", True),
        ("constraints: {min_nn_dist: 0.1}", True),
        ("constraints: {min_motion: 0.1, max_spt_iou: 0.5}", False),
    ],
)
def test_vectors_are_read_when_something_compares_them(text: str, reads: bool) -> None:
    assert recipes.parse(f"{GOOD}{text}\n").reads_vectors is reads


EVERY_OPTION = [
    ({"diversity": {"strength": 2.0}}, {"diversity": {"strength": 2.0, "mode": "exact", "sample": 20000}}),
    ({"class_balanced": {"temperature": 0.5}}, {"class_balanced": {"temperature": 0.5}}),
    ("video_balanced", {"video_balanced": {}}),
    (
        {"similarity": {"tracks": "t1"}},
        {"similarity": {"strength": 1.0, "images": [], "tracks": ["t1"], "sql": None}},
    ),
]


@pytest.mark.parametrize(("given", "dumped"), EVERY_OPTION, ids=[next(iter(dumped)) for _, dumped in EVERY_OPTION])
def test_what_selects_names_each_strategy_with_all_its_options(given: Any, dumped: Any) -> None:
    recipe = recipes.parse(f"{GOOD}strategies: {json.dumps([given])}\n")
    assert json.loads(json.dumps(recipe.selecting()["strategies"])) == [dumped]


def identity(recipe: Recipe) -> str:
    return digest(recipe.selecting())


@pytest.mark.parametrize(
    "changed",
    [
        {"strategies": [Diversity(strength=2)]},
        {"strategies": [Diversity(mode="approximate")]},
        {"strategies": [Weights(column="a")]},
        {"strategies": [Weights(column="b")]},
        {"strategies": [Threshold(column="a", above=1)]},
        {"strategies": [Threshold(column="a", at_least=1)]},
        {"strategies": [Similarity(tracks=("a",))]},
        {"check_frames": False},
        {"stride": 2},
        {"seed": 1},
        {"split": {"n_val": 1}},
        {"split": {"exclude": ["a"]}},
        {"constraints": {"min_motion": 1}},
        {"datapool": ["other"]},
    ],
    ids=str,
)
def test_what_shapes_the_choice_changes_its_identity(changed: dict[str, Any]) -> None:
    assert identity(Recipe(name="r", sequence_length=5, **changed)) != identity(Recipe(name="r", sequence_length=5))


def test_how_it_is_written_and_packaged_does_not_change_the_identity_of_a_choice() -> None:
    short = recipes.parse(f"{GOOD}strategies: [diversity, {{balance: {{target: {{a: 0.5, b: 0.5}}}}}}]\n")
    long = recipes.parse(
        "# the same\nformats: [mot]\ndescription: words\nseed: 0\njpeg_quality: 50\nsequence_length: 5\nname: street\n"
        "strategies:\n- diversity: {mode: exact, strength: 1}\n- balance: {target: {b: 0.5, a: 0.5}}\n"
    )
    assert identity(short) == identity(long)
    assert short.packaging() != long.packaging()


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


@given(st.text(max_size=60) | st.text(st.sampled_from("name:{}[]-&*!? \n\t'\"#|>abc012.,"), max_size=40))
def test_whatever_is_written_is_a_recipe_or_refused_in_one_line(text: str) -> None:
    said = ""
    try:
        recipes.parse(f"{GOOD}{text}", "r.yaml")
    except SettingsError as error:
        said = str(error)
    assert "\n" not in said


@pytest.mark.parametrize("path", sorted({*DEMO.glob("*.yaml")} - {DEMO / "settings.yaml"}), ids=lambda path: path.stem)
def test_the_demos_recipes_are_recipes(path: Path) -> None:
    recipes.parse(path.read_text())


@pytest.mark.parametrize("file", sorted(DEMO.glob("*-*.yaml")), ids=lambda file: file.stem)
def test_a_recipe_written_out_whole_is_the_same_recipe(file: Path) -> None:
    """As it stands in a data set's account, with every default."""
    recipe = recipes.parse(file.read_text())
    assert recipes.Recipe.model_validate(recipe.model_dump(mode="json")) == recipe


@pytest.mark.parametrize("other", ["random", "diversity", "min_redundancy"])
def test_a_temperature_that_would_do_nothing_is_refused(other: str) -> None:
    strategies = f"strategies: [{{class_balanced: {{temperature: 0.5}}}}, {other}]\n"
    assert f"class_balanced's temperature does nothing beside {other}" in refusal(GOOD + strategies)
    assert recipes.parse(GOOD + strategies.replace("0.5", "0")).strategies
