"""The commands about forms of exports: list the known platforms, propose a mapping for a new one."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memberlib.cli.words import Data
from memberlib.errors import InputError

if TYPE_CHECKING:
    from memberlib.loaders.forms import Crosswalk, Named
    from memberlib.loaders.proposal import Proposal, Sample

mapping_app = typer.Typer()


@mapping_app.command()
def mapping(
    file: Annotated[Path, typer.Argument(help="An export that no platform's form fits.", show_default=False)],
    table: Annotated[
        str | None,
        typer.Option("--table", help="orders, items, members, events or brushed; else what fits best."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="What the source is called, such as my-till.")
    ] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", help="Of a workbook, the sheet to look at.")] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", help="The file's encoding, where it is guessed wrong.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write it to this file, or into this folder; else it is printed."),
    ] = None,
) -> None:
    """Propose a mapping for a strange file.

    It goes by the file's header and its first rows, and is to be checked by hand.
    """
    from memberlib.loaders import reader
    from memberlib.loaders.matching import matches
    from memberlib.loaders.proposal import first_table, proposed
    from memberlib.model import TABLES
    from memberlib.privacy import masked

    with tempfile.TemporaryDirectory(prefix="memberlib-") as scratch:
        (shown, path), *others = reader.unpacked(file, Path(scratch))
        tables = reader.open_tables(path, encoding)
        wanted = [t for t in tables if t.sheet == sheet] if sheet else tables
        if not wanted:
            sheets = ", ".join(str(t.sheet) for t in tables if t.sheet) or "it is no workbook"
            raise InputError(f"{shown} has no sheet '{sheet}'; its sheets: {sheets}")
        looked = first_table(wanted, table if table in TABLES else None)
        opened = looked.file
        left = [other for other, _ in others] or [str(t.sheet) for t in tables if t is not opened]
        platform = name or _name_of(file)
        made = proposed(looked, platform=platform, mask=masked, table=table)
        written = [made]
        if out is not None and out.is_dir() and made.also and table is None:
            first = (
                made
                if made.table == "orders"
                else proposed(looked, platform=platform, mask=masked, table="orders")
            )
            lines = proposed(looked, platform=platform, mask=masked, table="items", beside=first.name)
            written = [first, lines]
        known = [found.crosswalk.name for found in matches(opened.header)]
        if known:
            _note(f"{shown} is read without a mapping, as {', '.join(known)}")
        if left:
            _note(
                f"looked at {shown}{f', sheet {opened.sheet}' if opened.sheet else ''}; not at {', '.join(left)}"
            )
        for proposal in written:
            _report_trial(looked, proposal)
    if out is None:
        typer.echo(made.text, nl=False)
        return
    for proposal in written:
        target = out / f"{proposal.name}.toml" if out.is_dir() else out
        try:
            with open(target, "x", encoding="utf-8", newline="\n") as kept:
                kept.write(proposal.text)
        except FileExistsError:
            raise InputError(f"{target} is there already; choose another --out") from None
        except OSError as error:
            raise InputError(f"{target} cannot be written: {error.strerror or error}") from None
        typer.echo(f"{target}")


def _report_trial(looked: Sample, proposal: Proposal) -> None:
    """Tell what is open in a proposal, and what became of the rows looked at."""
    from memberlib.loaders.crosswalk import crosswalk_from
    from memberlib.loaders.proposal.trying import try_out

    if proposal.lacking:
        _note(f"{proposal.name}: still to be filled in: {', '.join(proposal.lacking)}")
        return
    found = try_out(looked, crosswalk_from(proposal.name, proposal.text.encode()))
    said = f"{found.row_count - found.bad_count:,} of {found.row_count:,} rows looked at can be read by it"
    rules = "; ".join(f"{rule}: {count:,}, first row {row:,}" for rule, (count, row) in found.rules.items())
    guesses = f"; guessed: {', '.join(proposal.guesses)}" if proposal.guesses else ""
    _note(f"{proposal.name}: {said}{f' ({rules})' if rules else ''}{guesses}")


def _note(text: str) -> None:
    typer.echo(text, err=True)


def _name_of(file: Path) -> str:
    """A name for the source of a file: the file's own where it has letters for one."""
    own = re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-")[:40].strip("-")
    return own if own and not own.isdigit() else "my-shop"


@mapping_app.command()
def platforms(data: Data = None) -> None:
    """List the platforms whose exports are read.

    Each with its tables, and what its paid column means.
    """
    from memberlib.lake import data_folder
    from memberlib.loaders.crosswalk import available

    by_platform: dict[str, list[Crosswalk]] = {}
    for crosswalk in available(data_folder(data)):
        by_platform.setdefault(crosswalk.platform, []).append(crosswalk)
    for platform, its in sorted(by_platform.items()):
        tables = dict.fromkeys(c.table.name for c in its)
        typer.echo(f"{platform}: {', '.join(tables)}")
        for crosswalk in its:
            typer.echo(f"  {crosswalk.name}: {_described(crosswalk)}")


def _described(crosswalk: Crosswalk) -> str:
    """What a crosswalk reads, in one line."""
    rows = {
        "order": "one row per order",
        "line": "one row per line" + (" of an order" if crosswalk.gathered else ""),
        "titles": "one row per order, its lines in one cell",
        "member": "one row per member",
        "event": "one row per event",
    }
    said = ["one row per order, its lines in numbered columns" if crosswalk.wide else rows[crosswalk.row_is]]
    if crosswalk.table.name == "orders":
        refunds = "refunds taken off" if crosswalk.paid_is == "net_of_refund" else "refunds not taken off"
        said.append(f"paid is {_amount(crosswalk.sources['paid_amount'])}, {refunds}")
        inside = ", ".join(part.replace("_", " ") for part in crosswalk.paid_includes)
        said.append(f"it includes {inside}" if inside else "nothing said of what else it includes")
    if crosswalk.beside:
        said.append(f"read beside {crosswalk.beside}")
    if crosswalk.only_by_name:
        said.append(f"only with --platform {crosswalk.name}")
    return "; ".join(said)


def _amount(source: Named) -> str:
    """The headers an amount is read from, as a sum of words."""
    either = [" or ".join(source.first)] if source.first else []
    either += [" × ".join(names[0] for names in source.product)] if source.product else []
    either += [" + ".join(" or ".join(names) for names in source.total)] if source.total else []
    either += [" or ".join(names) for names in source.otherwise]
    return " or ".join(either) + "".join(f" − {names[0]}" for names in source.less)
