"""The commands about members that are one person: proposed, joined and decided pairs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memberlib.cli.lake import Listing
from memberlib.cli.words import Contacts, Data, In, StoreId, data_words
from memberlib.errors import InputError

if TYPE_CHECKING:
    from memberlib.lake import LakeVersion

joining_app = typer.Typer()


class State(StrEnum):
    """What became of a pair."""

    joined = "joined"
    reported = "reported"
    together = "together"
    apart = "apart"


One = Annotated[
    str | None, typer.Argument(metavar="A", help="Id of a member, as in the exports.", show_default=False)
]
Other = Annotated[str | None, typer.Argument(metavar="B", help="Id of another.", show_default=False)]
Undo = Annotated[bool, typer.Option("--undo", help="Take back what was decided on this pair.")]


@joining_app.command()
def joined(
    store: StoreId,
    state: Annotated[State | None, typer.Option("--state", help="Only these pairs.")] = None,
    propose: Annotated[
        bool, typer.Option("--propose", help="Pairs that look alike and share no contact (needs splink).")
    ] = False,
    least: Annotated[
        float, typer.Option("--least", min=0, max=1, help="With --propose: the least probability.")
    ] = 0.9,
    form: Annotated[
        Listing, typer.Option("--format", "-f", help="As a table to read, or as CSV.")
    ] = Listing.table,
    lang: In = None,
    contacts: Contacts = False,
    data: Data = None,
) -> None:
    """List pairs of members that share a contact.

    Each with what became of it; --propose lists likely ones.
    """
    from memberlib import i18n, identity, tables
    from memberlib.store import open_store

    shop = open_store(store, data=data)
    if propose:
        from memberlib import linking

        found = linking.proposals(shop, least=least)
    else:
        found = identity.pairs(shop)
        if state is not None:
            about = found.attrs
            found = found[found["state"] == state.value].reset_index(drop=True)
            found.attrs = about | {"base": len(found)}
    i18n.set_language(lang.value if lang else shop.settings.lang)
    typer.echo(tables.text(found, format=form.value, contacts=contacts).rstrip("\n"))
    if not len(found) and not propose and not shop.settings.join_by:
        typer.echo(f"shop '{store}' joins nobody: join_by is not set in stores.toml, [{store}]", err=True)


@joining_app.command()
def join(
    store: StoreId,
    one: One = None,
    other: Other = None,
    undo: Undo = False,
    given: Annotated[
        Path | None, typer.Option("--from", help="A CSV with member_id and other_id, a pair a line.")
    ] = None,
    data: Data = None,
) -> None:
    """Decide that two members are one.

    With --from a CSV, the pairs in it. Can be undone per pair.
    """
    pairs = [_pair(one, other)] if given is None else _pairs_in(given)
    _say(_decided(store, pairs, None if undo else "together", data), pairs, "one" if not undo else "", data)


@joining_app.command()
def part(store: StoreId, one: One = None, other: Other = None, undo: Undo = False, data: Data = None) -> None:
    """Decide that two members are not one.

    Whatever they share. Can be undone.
    """
    pairs = [_pair(one, other)]
    _say(_decided(store, pairs, None if undo else "apart", data), pairs, "two" if not undo else "", data)


def _pair(one: str | None, other: str | None) -> tuple[str, str]:
    if one is None or other is None:
        raise InputError("name two members: A B")
    return one, other


def _pairs_in(path: Path) -> list[tuple[str, str]]:
    import csv

    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read: {error}") from None
    if not rows or not {"member_id", "other_id"} <= set(rows[0]):
        raise InputError(f"{path} has no pairs; its header must name member_id and other_id")
    if any("****" in str(row[name]) for row in rows for name in ("member_id", "other_id")):
        raise InputError(f"{path} has masked ids; list the pairs with --contacts to have them whole")
    return [(str(row["member_id"]), str(row["other_id"])) for row in rows]


def _decided(
    store: str, pairs: list[tuple[str, str]], decision: str | None, data: Path | None
) -> LakeVersion:
    from memberlib.identity.deciding import decide
    from memberlib.lake import Lake, data_folder

    lake = Lake(data_folder(data) / "lake")
    lake.version(store)
    with lake.writing(store) as writer:
        return decide(writer, pairs, decision=decision)


def _say(version: Any, pairs: list[tuple[str, str]], number: str, data: Path | None) -> None:
    from memberlib.privacy import masked

    names = f"{masked(pairs[0][0])} and {masked(pairs[0][1])}" if len(pairs) == 1 else f"{len(pairs):,} pairs"
    what = f"are {number} from now on" if number else "are left to the shop's rules again"
    store = version.store_id
    back = f"memberlib undo {version.number} --store {store}{data_words(data)}"
    typer.echo(f"{store}: {names} {what}; to take this back: {back}")
