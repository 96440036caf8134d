"""Tell what a file holds for each table, and what the user should know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from memberlib.errors import InputError
from memberlib.loaders import reader
from memberlib.loaders.crosswalk import crosswalks
from memberlib.loaders.forms import Crosswalk, plain
from memberlib.loaders.matching import Match
from memberlib.model import PAID_STATUSES
from memberlib.sql import literal, literals

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Part:
    """The rows that a file, or a sheet of it, holds for one table."""

    file: reader.FileTable
    match: Match

    @property
    def crosswalk(self) -> Crosswalk:
        """How it is read."""
        return self.match.crosswalk

    @property
    def numbered(self) -> bool:
        """Whether lines have no ids and are told apart by their place in the order."""
        return "line_id" in self.match.places and self.match.places["line_id"].place


def first_value(con: duckdb.DuckDBPyConnection, part: Part, names: tuple[str, ...]) -> str:
    """What the first row with anything in it says in the first of these columns."""
    import duckdb

    from memberlib.loaders.rows import raw_rows
    from memberlib.loaders.values import MACROS

    wanted = {plain(name) for name in names}
    position = next((p for p, name in enumerate(part.file.header) if plain(name) in wanted), None)
    if position is None:
        return ""
    con.execute(MACROS)
    source, reading = raw_rows(con, part.file, {position: 0}, careful=True)
    said = f"SELECT words_of(c{position}) AS said FROM ({source})"
    try:
        found = con.execute(f"SELECT said FROM ({said}) WHERE said IS NOT NULL LIMIT 1").fetchall()
    except duckdb.Error:
        if reading.stopped:
            raise InputError(reading.stopped) from None
        raise
    return str(found[0][0]) if found else ""


def overlaps(con: duckdb.DuckDBPyConnection, parts: list[Part], n: int) -> list[str]:
    """Rows of a sheet that stand in place of another sheet's of the same file, as two shops' orders may."""
    table = parts[n].crosswalk.table
    before = [k for k in range(n) if parts[k].crosswalk.table is table]
    if not before:
        return []
    key = ", ".join(f'"{name}"' for name in table.key)
    earlier = " UNION ALL ".join(f"SELECT {key} FROM staged_{k}" for k in before)
    (count,) = con.execute(
        f"SELECT count(*) FROM (SELECT {key} FROM fresh_{n} WHERE outcome = 'changed' INTERSECT ({earlier}))"
    ).fetchall()[0]
    if not count:
        return []
    return [
        f"rows that replace rows of the sheets before it: {count:,}; if the sheets are of several shops, import each "
        "by itself with --sheet"
    ]


def brushed_notes(con: duckdb.DuckDBPyConnection, orders: list[str], n: int, *, currency: str) -> list[str]:
    """What a list of brushed orders leaves out of every figure, and which of its orders the shop does not have."""
    (listed,) = con.execute(f"SELECT count(DISTINCT order_id) FROM staged_{n}").fetchall()[0]
    count, amount = 0, 0
    if orders:
        paid = ", ".join(literal(status) for status in PAID_STATUSES)
        count, amount = con.execute(
            "SELECT count(*), coalesce(sum(paid_amount - refund_amount) "
            f"FILTER (status IN ({paid})), 0) "
            f"FROM read_parquet({literals(orders)}) WHERE order_id IN (SELECT order_id FROM staged_{n})"
        ).fetchall()[0]
    notes = []
    if count:
        worth = f"{amount:,.2f} {currency}".strip()
        notes.append(f"orders left out of every figure from now on: {count:,}, worth {worth}")
    if listed > count:
        notes.append(
            f"orders on the list that the shop does not have so far: {listed - count:,}"
            " (a list for one channel needs its --channel)"
        )
    return notes


def unread(part: Part, parts: list[Part]) -> list[str]:
    """Columns that neither a part nor another one of the same table of the file reads; told with the first of them."""
    beside = [other for other in parts if other.file is part.file]
    if beside[0] is not part:
        return []
    return [name for name in part.match.ignored if all(name in other.match.ignored for other in beside)]


def notes_of(part: Part, *, blank_count: int, passed_over: list[str], unread: list[str]) -> list[str]:
    """What the user should know of how the file was read."""
    match, crosswalk, notes = part.match, part.crosswalk, []
    shipped = {c.name for c in crosswalks()} - {c.name for c in crosswalks() if c.platform == "generic"}
    if unread and crosswalk.name not in shipped:
        notes.append(f"columns passed over: {', '.join(unread)}")
    if match.repeated:
        notes.append(f"columns named twice, of which the first was read: {', '.join(match.repeated)}")
    if blank_count:
        notes.append(f"blank rows passed over: {blank_count:,}")
    if part.file.sheet and passed_over:
        notes.append(f"sheet read: {part.file.sheet}; not read: {', '.join(passed_over)}")
    if crosswalk.table.name == "orders":
        if "member_id" not in match.places:
            notes.append("no column names the buyer: every order is a guest's, and no member can be counted")
        if "status" not in match.places:
            notes.append(
                "no column for the status: orders with a time of payment are taken as paid, others as pending"
            )
    return notes
