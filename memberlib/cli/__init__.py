"""What can be said at a prompt?"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from memberlib.cli.table import table_app
from memberlib.cli.words import AsOf, Data, In, StoreId
from memberlib.errors import InputError

app = typer.Typer(
    name="memberlib",
    help="Turn a shop's exports into answers about its members.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(table_app, name="table")


@app.command("import")
def import_(
    files: Annotated[
        list[Path], typer.Argument(help="Export files: CSV, xlsx or Parquet.", show_default=False)
    ],
    store: StoreId,
    platform: Annotated[
        str | None, typer.Option("--platform", help="Name of the crosswalk; else found by the header.")
    ] = None,
    max_rejected: Annotated[
        float, typer.Option("--max-rejected", help="Refuse a file with a larger share of bad rows.")
    ] = 0.2,
    data: Data = None,
) -> None:
    """Take exports into a shop; print an account that adds up for each file."""
    from memberlib.imports import import_files

    with _bar() as tell:
        import_files(
            files,
            store,
            data=data,
            platform=platform,
            max_rejected_share=max_rejected,
            progress=tell,
            done=_print_account,
        )


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


def _print_account(account: Any) -> None:
    typer.echo(
        f"{account.store_id} ← {account.file} ({account.platform} {account.table}):"
        f" {account.read_count:,} rows read = {account.accepted_count:,} accepted"
        f" + {account.same_count:,} same as before + {account.replaced_count:,} replaced"
        f" + {account.rejected_count:,} rejected"
    )
    for note in account.notes:
        typer.echo(f"  {note}")
    if account.rejected_count:
        typer.echo(f"  see them: memberlib rejected --store {account.store_id} --import {account.import_id}")


@app.command()
def samples(data: Data = None) -> None:
    """Import the sample shops that come with the project (data/samples)."""
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
                _print_account(account)
    typer.echo(
        f"{len(shops)} sample shops: " + (f"{changed} files taken in" if changed else "nothing changed")
    )


@app.command()
def shops(data: Data = None) -> None:
    """List the shops of the data folder."""
    from memberlib.lake import Lake, data_folder

    folder = data_folder(data)
    for store_id in Lake(folder / "lake").shops():
        typer.echo(store_id)


@app.command()
def imports(
    store: Annotated[str | None, typer.Option("--store", "-s", help="Only this shop.")] = None,
    data: Data = None,
) -> None:
    """List what was imported, with the account of each file."""
    from memberlib.lake import Lake, data_folder

    lake = Lake(data_folder(data) / "lake")
    for store_id in [store] if store else lake.shops():
        frame = lake.imports(store_id)
        typer.echo(f"{store_id}")
        typer.echo(frame.to_string(index=False) if len(frame) else "  nothing imported")


@app.command()
def rejected(
    store: StoreId,
    import_id: Annotated[str | None, typer.Option("--import", help="Only the rows of this import.")] = None,
    data: Data = None,
) -> None:
    """List rejected rows as CSV: file, row, rule, column, value."""
    from memberlib.lake import Lake, data_folder

    typer.echo(Lake(data_folder(data) / "lake").rejected(store, import_id).to_csv(index=False), nl=False)


@app.command()
def report(
    store: Annotated[
        list[str] | None, typer.Option("--store", "-s", help="A shop; may be given again.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every shop of the data folder.")] = False,
    as_of: AsOf = None,
    lang: In = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of the reports.")] = Path("reports"),
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Notebooks at work at once.")] = 2,
    force: Annotated[bool, typer.Option("--force", help="Make again what has not changed.")] = False,
    data: Data = None,
) -> None:
    """Make a report per shop, and an index over all of them."""
    from memberlib.reports import make_reports

    if not store and not all_:
        raise InputError("say which shops: --store ID (may be given again) or --all")
    if store and all_:
        raise InputError("give either --store or --all, not both")
    failed = make_reports(
        None if all_ else list(store or []),
        data=data,
        as_of=as_of,
        lang=lang.value if lang else None,
        out=out,
        jobs=jobs,
        force=force,
    )
    raise typer.Exit(1 if failed else 0)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; a user's mistake is one line and status 2."""
    try:
        app(list(arguments) if arguments is not None else None)
    except InputError as error:
        print(f"memberlib: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get("MEMBERLIB_DEBUG"):
            raise
        print(f"memberlib: unexpected {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
              " (MEMBERLIB_DEBUG=1 shows where)", file=sys.stderr)  # fmt: skip
        sys.exit(1)
