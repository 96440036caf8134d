"""The commands about imports: list, check and undo them, show rejected rows and brushed orders."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memberlib.cli.words import Contacts, Data, In, Lang, StoreId, data_words
from memberlib.errors import InputError

if TYPE_CHECKING:
    from memberlib.lake import Lake

lake_app = typer.Typer()


class Listing(StrEnum):
    """How a list is printed."""

    table = "table"
    csv = "csv"


As = Annotated[Listing, typer.Option("--format", "-f", help="As a table to read, or as CSV.")]


@lake_app.command()
def imports(
    store: Annotated[str | None, typer.Option("--store", "-s", help="Only this shop.")] = None,
    form: As = Listing.table,
    lang: In = None,
    data: Data = None,
) -> None:
    """List every file that was given.

    Each with its account: rows read, accepted, the same, replaced, rejected.
    """
    import pandas as pd

    lake = _lake(data)
    shops = [store] if store else lake.shops()
    frames = {shop: lake.imports(shop, unchanged=True, brief=form is Listing.table) for shop in shops}
    if form is Listing.csv:
        listed = [frame.assign(shop=shop) for shop, frame in frames.items()]
        whole = pd.concat(listed, ignore_index=True) if listed else pd.DataFrame({"shop": []})
        typer.echo(whole[["shop", *(c for c in whole if c != "shop")]].to_csv(index=False), nl=False)
        return
    for shop, frame in frames.items():
        typer.echo(shop)
        typer.echo(_table(frame, shop, data, lang) if len(frame) else "  nothing imported")
    if not frames:
        typer.echo("nothing imported yet; take in an export: memberlib import FILE --store ID")


@lake_app.command()
def rejected(
    store: StoreId,
    import_id: Annotated[str | None, typer.Option("--import", help="Only the rows of this import.")] = None,
    form: As = Listing.csv,
    contacts: Contacts = False,
    lang: In = None,
    data: Data = None,
) -> None:
    """List rejected rows with their reasons.

    File, row, rule, column, value.
    """
    from memberlib import privacy

    found = _lake(data).rejected(store, import_id)
    found = found if contacts else privacy.masked_ids(found)
    if form is Listing.csv:
        typer.echo(found.to_csv(index=False), nl=False)
    else:
        typer.echo(_table(found, store, data, lang) if len(found) else "no rejected rows")


@lake_app.command()
def undo(
    import_id: Annotated[
        str,
        typer.Argument(metavar="IMPORT", help="Id of the import, as `imports` lists it.", show_default=False),
    ],
    store: StoreId,
    data: Data = None,
) -> None:
    """Take an import back.

    The shop is then what its other imports give. The file can be imported again.
    """
    done = _lake(data).undo(store, import_id)
    said = [_rows(done.taken_out, "taken out"), _rows(done.given_back, "given back")]
    moved = "; ".join(text for text in said if text) or "no row changed, other imports hold them all"
    again = ", ".join(f"{import_id} ({file})" for import_id, file in done.along.items())
    along = f", with {again}, the same file given again" if again else ""
    typer.echo(f"{store}: import {done.import_id} ({done.file}) taken back{along}: {moved}")


@lake_app.command()
def check(
    stores: Annotated[
        list[str] | None, typer.Argument(metavar="ID...", help="Shops.", show_default=False)
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every shop of the data folder.")] = False,
    data: Data = None,
) -> None:
    """Test that a shop's data is whole.

    Files, versions, keys, values, accounts, and that the imports give it.
    """
    lake = _lake(data)
    if bool(stores) == all_:
        raise InputError("say which shops: memberlib check ID, or --all")
    shops = lake.shops() if all_ else list(dict.fromkeys(stores or []))
    found = {}
    for shop in shops:
        found[shop] = lake.check(shop)
        for line in found[shop] or ["all is well"]:
            typer.echo(f"{shop}: {line}")
    raise typer.Exit(1 if any(found.values()) else 0)


@lake_app.command()
def brushed(
    store: StoreId,
    orders: Annotated[
        list[str] | None,
        typer.Argument(metavar="ORDER_ID...", help="With --back: the orders.", show_default=False),
    ] = None,
    back: Annotated[bool, typer.Option("--back", help="Take these orders off the list.")] = False,
    form: As = Listing.table,
    lang: In = None,
    data: Data = None,
) -> None:
    """List the brushed orders, which no figure counts.

    --back ORDER_ID... takes some off the list.
    """
    lake = _lake(data)
    if back != bool(orders):
        raise InputError("to take orders off the list write: memberlib brushed --store ID --back ORDER_ID...")
    if orders:
        version = lake.take_off_brushed(store, orders)
        typer.echo(
            f"{store}: taken off the list of brushed orders: {len(set(orders)):,}; left on it: "
            f"{version.rows['brushed']:,}; to put them back: memberlib undo {version.number} --store {store}"
            f"{data_words(data)}"
        )
        return
    found = lake.brushed(store)
    if form is Listing.csv:
        typer.echo(found.to_csv(index=False), nl=False)
    else:
        typer.echo(_table(found, store, data, lang) if len(found) else "no brushed orders")


def _lake(data: Path | None) -> Lake:
    from memberlib.lake import Lake, data_folder

    return Lake(data_folder(data) / "lake")


def _table(frame: Any, store: str, data: Path | None, lang: Lang | None) -> str:
    """A frame as text, in the language asked for or the shop's own."""
    from memberlib import i18n, tables
    from memberlib.lake import data_folder
    from memberlib.settings import load_settings

    settings = load_settings(data_folder(data), store)
    i18n.set_language(lang.value if lang else settings.lang)
    frame.attrs["currency"] = settings.currency
    return tables.text(frame).strip("\n")


def _rows(counts: Mapping[str, int], what: str) -> str:
    return f"{what} " + ", ".join(f"{n:,} in {table}" for table, n in counts.items()) if counts else ""
