"""``rushes recipe …``: registering recipes, trying them, and looking at them.

Here: words and printing. Not here: what a recipe may say (``selection.recipes``), nor carrying it out.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from rushes.cli.terminal import cell, err, out, table_of, text_of, this_store
from rushes.errors import RushesError, SettingsError
from rushes.store.objects import Objects

if TYPE_CHECKING:
    from rushes.selection.recipes.recipe import Recipe

app = typer.Typer(no_args_is_help=True, help="Recipes: what goes into a data set.")


@app.command("add", epilog="`rushes recipe add street.yaml` · `rushes recipe add recipes/*.yaml`")
def add(files: Annotated[list[Path], typer.Argument(help="YAML files; see docs/recipes.md")]) -> None:
    """Register recipes, replacing those of the same names. When one is wrong, none is registered."""
    from rushes.selection.recipes import query_pictures
    from rushes.selection.recipes.pools import check_no_circle
    from rushes.selection.recipes.recipe import save

    recipes = _read(files)
    for file, recipe in recipes.items():
        check_no_circle(this_store(), recipe)
        query_pictures.keep(this_store(), recipe, file.parent)
        save(this_store(), text_of(file), str(file))
        out.print(f"recipe {recipe.name} registered; next: rushes build --recipe {recipe.name}", soft_wrap=True)


@app.command("check", epilog="`rushes recipe check street.yaml` · `rushes --store s3://b/p recipe check street.yaml`")
def check(files: Annotated[list[Path], typer.Argument(help="YAML files; they need not be registered")]) -> None:
    """Read recipes and try them on the store: how many candidates are left at each step. Nothing is chosen or kept."""
    for file, recipe in _read(files).items():
        out.print(f"{file}: recipe {recipe.name} is sound", soft_wrap=True, markup=False)
        _try(this_store(), recipe)


def _read(files: list[Path]) -> dict[Path, Recipe]:
    from rushes.selection.recipes.recipe import parse

    recipes: dict[Path, Recipe] = {}
    for file in files:
        recipe = parse(text_of(file), str(file))
        for other, known in recipes.items():
            if known.name == recipe.name:
                raise SettingsError(f"{other} and {file} are both named {recipe.name}; give one of them another name")
        recipes[file] = recipe
    return recipes


def _try(objects: Objects, recipe: Recipe) -> None:
    from rushes.selection.candidates.consider import consider
    from rushes.selection.recipes.pools import check_no_circle
    from rushes.selection.recipes.recipe import names
    from rushes.selection.select import pool_of
    from rushes.selection.state import batches_of, selection_inputs
    from rushes.store.database import connect

    check_no_circle(objects, recipe)
    if missing := [name for name in recipe.datapool if name not in (recipe.name, *names(objects))]:
        err.print(f"warning: no recipe of its datapool is named {', '.join(missing)}", soft_wrap=True, markup=False)
    batches = batches_of(selection_inputs(objects, recipe))
    if not batches:
        out.print(f"{objects.uri} has no batch for it yet: where and columns were not tried", soft_wrap=True)
        return
    with err.status("considering"), connect(objects, confined=True) as connection:
        considered = consider(connection, recipe, batches, pool_of(connection, recipe))
    steps = table_of("step", "left")
    for step, count in considered.funnel:
        steps.add_row(step, str(count))
    out.print(steps)
    reasons = Counter(reject.reason for reject in considered.rejects)
    if reasons:
        out.print("rejects: " + ", ".join(f"{reasons[reason]} {reason}" for reason in sorted(reasons)), soft_wrap=True)
    wanted = recipe.count(dict(considered.funnel)["sequences"])
    out.print("to be chosen: " + ("as many as keep its limits" if wanted is None else f"{wanted} at most"))


@app.command("list", epilog="`rushes recipe list`")
def list_() -> None:
    """List the store's recipes."""
    from rushes.selection.recipes.recipe import load, names

    recipes = table_of("name", "unit", "strategies", "how many", "formats", "description")
    for name in names(this_store()):
        try:
            recipe = load(this_store(), name)
        except RushesError as error:
            recipes.add_row(name, "", "", "", "", f"[red]{escape(str(error))}[/]")
            continue
        strategies = ", ".join(strategy.name for strategy in recipe.strategies)
        formats, words = ", ".join(recipe.formats), escape(recipe.description)
        recipes.add_row(name, recipe.unit, strategies, _amount(recipe), formats, words)
    out.print(recipes)


def _amount(recipe: Recipe) -> str:
    if recipe.proportion is not None:
        return f"{100 * recipe.proportion:g} %"
    if recipe.n_samples is not None:
        return f"{recipe.n_samples} frames"
    return "all" if recipe.n_sequences is None else f"{recipe.n_sequences}"


@app.command("show", epilog="`rushes recipe show street`")
def show(name: Annotated[str, typer.Argument(help="a recipe's name; see `rushes recipe list`")]) -> None:
    """Print a recipe as it was written, and tell what came of it."""
    from rushes.packaging.state import ASSET as PACKAGED
    from rushes.selection.recipes.recipe import load, recipe_path
    from rushes.selection.state import ASSET, selection_state
    from rushes.store.failures import read_failure
    from rushes.store.manifests import read_record

    objects = this_store()
    recipe = load(objects, name)
    out.print(objects.read(recipe_path(name)).decode().rstrip(), soft_wrap=True, markup=False)
    about = table_of("", "", header=False)
    state, _ = selection_state(objects, recipe)
    about.add_row("selection", state.value)
    if (failure := read_failure(objects, ASSET, name) or read_failure(objects, PACKAGED, name)) is not None:
        about.add_row("failure", escape(failure))
    if (record := read_record(objects, ASSET, name)) is not None:
        about.add_row("chosen", cell(record.rows["selections"]))
        about.add_row("rejects", escape(", ".join(f"{count} {reason}" for reason, count in record.rejects.items())))
        about.add_row("note", cell(record.note))
    for what, path in (("report", f"reports/{name}/index.html"), ("data set", f"datasets/{name}/dataset.json")):
        if objects.exists(path):
            about.add_row(what, escape(objects.full_uri(path)))
    out.print(about)
