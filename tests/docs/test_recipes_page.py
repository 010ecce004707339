"""The page of recipes is right: what it shows is accepted, and what it says of fields and defaults is so."""

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic_core import PydanticUndefined

from rushes.selection.recipes import recipe as recipes
from rushes.selection.recipes.options import STRATEGIES, Constraints, Split, Strategy
from rushes.selection.recipes.recipe import Recipe

PAGE = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
# Fields whose default a table tells in words.
WORDS = {
    "collections": "all",
    "where": "everything",
    "within": "by `unit`",
    "fps": "every frame",
    "stride": "its length",
    "near_duplicates": "off",
    "min_distance": "off",
    "strategies": "`random`",
    "constraints": "none",
    "mediasequence": "none",
    "n_sequences": "all",
    "per_video": "no limit",
    "per_class": "no limit",
    "datapool": "none",
    "split": "one, `all`",
    "formats": "`native`",
    "n_val": "by share",
    "n_test": "by share",
    "evaluation": "none",
    "exclude": "none",
    "min_motion": "none",
    "min_nn_dist": "none",
    "max_spt_iou": "none",
}


def section(title: str) -> str:
    return re.search(rf"^##+ {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)[1]


def table(text: str) -> dict[str, str]:
    """Return the defaults that the first table of a text tells, by field."""
    told: dict[str, str] = {}
    for line in text[text.index("|---") :].splitlines()[1:]:
        if not line.startswith("|"):
            break
        names, default = (cell.strip() for cell in line.split("|")[1:3])
        fields = re.findall(r"`(\w+)`", names)
        defaults = default.split(", ") if len(fields) > 2 else [default] * len(fields)
        told |= dict(zip(fields, defaults, strict=True))
    return told


@pytest.mark.parametrize("text", BLOCKS, ids=[re.search(r"name: (\S+)", text)[1] for text in BLOCKS])
def test_every_recipe_of_the_page_is_accepted(text: str) -> None:
    assert recipes.parse(text).name


def test_no_two_recipes_of_the_page_have_one_name() -> None:
    names = [recipes.parse(text).name for text in BLOCKS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("title", "model"), [("Fields", Recipe), ("Constraints and limits", Constraints), ("Splits", Split)]
)
def test_a_table_tells_every_field_and_its_default(title: str, model: type[Recipe]) -> None:
    told = table(section(title))
    assert sorted(told) == sorted(model.model_fields)
    for name, field in model.model_fields.items():
        default = field.default
        if default is PydanticUndefined:
            assert told[name] == "required"
        elif name in WORDS:
            assert told[name] == WORDS[name]
        else:
            shown = told[name].strip("`")
            assert shown == ("" if default in (None, "") else str(default).lower().removesuffix(".0")), name


def test_words_stand_for_fields_without_a_value_only() -> None:
    plain = Recipe(name="plain", sequence_length=1)
    for name in WORDS.keys() & Recipe.model_fields.keys():
        value = getattr(plain, name)
        assert not value or name in ("strategies", "formats"), name
    assert [strategy.name for strategy in plain.strategies] == ["random"]
    assert plain.formats == ("native",)


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_each_strategy_has_its_row_and_an_example_below_its_name(strategy: type[Strategy]) -> None:
    row = re.search(rf"^\| `{strategy.name}` \| (\w+) \| (.*?) \|", section("Strategies"), re.MULTILINE)
    assert row is not None
    assert row[1] == strategy.role
    options = dict.fromkeys(re.findall(r"`(\w+)(?:: (\S+))?`", row[2]))
    assert {name for name, _ in options} == set(strategy.model_fields)
    for name, default in options:
        known = strategy.model_fields[name].default
        if default:
            assert str(known).removesuffix(".0") == default
        else:
            assert known in (PydanticUndefined, None, ())
    example = re.search(rf"^### {strategy.name}\n.*?^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert strategy.name in [shown.name for shown in recipes.parse(example[1]).strategies]


def test_all_formats_are_told() -> None:
    told = {name for line in section("Formats").splitlines() for name in re.findall(r"^\| (.*?) \|", line)}
    assert set(re.findall(r"`([\w-]+)`", " ".join(told))) == set(get_args(recipes.FormatName))
