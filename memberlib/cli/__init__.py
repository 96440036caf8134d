"""What can be said at a prompt?"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from memberlib.cli.intake import intake_app
from memberlib.cli.joining import joining_app
from memberlib.cli.lake import lake_app
from memberlib.cli.mapping import mapping_app
from memberlib.cli.table import table_app
from memberlib.cli.words import AsOf, Data, In, Memory
from memberlib.errors import InputError

app = typer.Typer(
    name="memberlib",
    help="Turn a shop's exports into answers about its members.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(intake_app)
app.add_typer(joining_app)
app.add_typer(lake_app)
app.add_typer(mapping_app)
app.add_typer(table_app, name="table")


@app.command()
def shops(data: Data = None) -> None:
    """List the shops of the data folder."""
    from memberlib.lake import shop_ids

    for store_id in shop_ids(data):
        typer.echo(store_id)


@app.command()
def report(
    store: Annotated[
        list[str] | None, typer.Option("--store", "-s", help="A shop; may be given again.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every shop of the data folder.")] = False,
    as_of: AsOf = None,
    lang: In = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of the reports.")] = Path("reports"),
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", help="Notebooks at work at once; else 2, or the cluster's threads."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Make again what has not changed.")] = False,
    at_version: Annotated[
        int | None, typer.Option("--at-version", min=1, help="Of one shop, an earlier version of its data.")
    ] = None,
    limit: Annotated[float, typer.Option("--limit", help="Seconds a notebook may take.")] = 900,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter",
            "-p",
            metavar="NAME=VALUE",
            help="For the notebooks, such as edges=2,4,6; see README.",
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster", metavar="URL", help="A Dask scheduler's address, such as tcp://10.0.0.5:8786."
        ),
    ] = None,
    memory: Memory = None,
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
        at_version=at_version,
        limit=limit,
        given=parameter or (),
        cluster=cluster,
    )
    raise typer.Exit(1 if failed else 0)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; a user's mistake is one line and status 2.

    Parameters
    ----------
    arguments : sequence of str, optional
        Words of the command; else those that the program was called with, and the process ends with the command.
    """
    # A command imports half a million objects that stay: to look through them again and again takes a tenth of it.
    gc.set_threshold(100_000, 20, 100)
    try:
        if arguments is not None:
            sys.exit(app(list(arguments), standalone_mode=False, prog_name="memberlib") or 0)
        _leave(app(standalone_mode=False, prog_name="memberlib") or 0)
    except InputError as error:
        print(f"memberlib: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if hasattr(error, "format_message"):
            _show_misuse(error)
        if os.environ.get("MEMBERLIB_DEBUG"):
            raise
        from memberlib.engine import shortage
        from memberlib.lake.damage import damage_line

        if line := damage_line(error) or shortage(str(error)):
            print(f"memberlib: {line}", file=sys.stderr)
            sys.exit(2)
        print(f"memberlib: unexpected {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
              " (MEMBERLIB_DEBUG=1 shows where)", file=sys.stderr)  # fmt: skip
        sys.exit(1)


def _leave(status: int) -> NoReturn:
    """End the process without taking apart what it has imported, which takes as long as a short table."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _show_misuse(error: Any) -> NoReturn:
    """What is wrong with the words of a command, in one line; the help where no command is named."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
    else:
        where = f"; see {context.command_path} --help" if context else ""
        print(f"memberlib: {' '.join(error.format_message().split()).rstrip('.')}{where}", file=sys.stderr)
    sys.exit(error.exit_code)
