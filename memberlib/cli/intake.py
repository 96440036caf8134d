"""The commands that import: `memberlib import` and `memberlib samples`."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from memberlib.cli.words import Data, StoreId, data_words
from memberlib.errors import InputError

intake_app = typer.Typer()


@intake_app.command("import")
def import_(
    store: StoreId,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Export files: CSV, workbooks, Parquet, or zip archives of them.", show_default=False
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="URL", help="Instead of files, a database: postgresql://, mysql://, sqlite:///…"
        ),
    ] = None,
    table: Annotated[
        str | None, typer.Option("--table", help="Of the database, the table to read; schema.table too.")
    ] = None,
    query: Annotated[
        str | None, typer.Option("--query", help="Of the database, one SELECT to read, instead of a table.")
    ] = None,
    platform: Annotated[
        str | None, typer.Option("--platform", help="Name of the crosswalk; else found by the header.")
    ] = None,
    channel: Annotated[
        str | None,
        typer.Option("--channel", help="Where the rows come from, such as jd; told before their ids."),
    ] = None,
    sheet: Annotated[
        list[str] | None, typer.Option("--sheet", help="Of a workbook, a sheet to read; may be given again.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="A crosswalk of your own, see memberlib mapping.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", help="The files' encoding, where it is guessed wrong.")
    ] = None,
    max_rejected: Annotated[
        float, typer.Option("--max-rejected", help="Refuse a file with a larger share of bad rows.")
    ] = 0.2,
    data: Data = None,
) -> None:
    """Take exports into a shop.

    An account that adds up is printed for each file.
    """
    from memberlib.imports import import_files, import_from

    if source is not None and (files or sheet or encoding):
        raise InputError("with --from no files are read, nor does it go with --sheet or --encoding")
    if source is None and not files:
        raise InputError("give the export files to read, or --from and a database")
    if source is None and (table is not None or query is not None):
        raise InputError("--table and --query go with --from, which names the database")
    with _bar() as tell:
        shared: dict[str, Any] = {
            "data": data,
            "platform": platform,
            "channel": channel,
            "mapping": mapping,
            "max_rejected_share": max_rejected,
            "progress": tell,
            "done": functools.partial(_print_account, data=data),
        }
        if source is not None:
            import_from(source, store, table=table, query=query, **shared)
        else:
            import_files(files or (), store, sheets=sheet or (), encoding=encoding, **shared)


@contextmanager
def _bar() -> Iterator[Callable[[str, float], None] | None]:
    """A progress bar per file on the terminal; nothing where the output goes elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, TaskID

    with Progress(console=Console(stderr=True), transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def tell(file: str, share: float) -> None:
            if file not in tasks:
                tasks[file] = progress.add_task(file, total=1.0)
            progress.update(tasks[file], completed=share, visible=share < 1)

        yield tell


def _print_account(account: Any, data: Path | None = None) -> None:
    typer.echo(
        f"{account.store_id} ← {account.file}{f' [{account.sheet}]' if account.sheet else ''}"
        f" ({account.platform} {account.table}):"
        f" {account.read_count:,} rows read = {account.accepted_count:,} accepted"
        f" + {account.same_count:,} same as before + {account.replaced_count:,} replaced"
        f" + {account.rejected_count:,} rejected"
    )
    for note in account.notes:
        typer.echo(f"  {note}")
    if account.rejected_count:
        which = f"--store {account.store_id} --import {account.import_id}{data_words(data)}"
        typer.echo(f"  see them: memberlib rejected {which}")


@intake_app.command()
def samples(data: Data = None) -> None:
    """Import the sample shops that come with the project.

    They are those of data/samples.
    """
    from memberlib.imports import import_files
    from memberlib.lake import data_folder

    folder = data_folder(data)
    shops = sorted(path for path in (folder / "samples").glob("*") if path.is_dir())
    if not shops:
        raise InputError(
            f"no sample shops in {folder / 'samples'}; run this where the project's data folder is, or give --data"
        )
    changed = 0
    for shop in shops:
        for account in import_files(
            sorted(p for p in shop.iterdir() if p.suffix == ".csv"), shop.name, data=folder
        ):
            if account.accepted_count or account.replaced_count:
                changed += 1
                _print_account(account, data)
    typer.echo(
        f"{len(shops)} sample shops: " + (f"{changed} files taken in" if changed else "nothing changed")
    )
