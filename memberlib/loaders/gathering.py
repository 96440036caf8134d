"""Make one order of several rows of a file.

An order's fields may stand on its first row alone, or be repeated on each; its money may be spread over its rows. The
crosswalk says of each column whether its first or last value is the order's, or the sum of all. An order of which one
row cannot be read is not taken in at all: half an order would be a wrong amount.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from memberlib.loaders.forms import Located
from memberlib.loaders.matching import Match
from memberlib.loaders.query import Query
from memberlib.model import Column

if TYPE_CHECKING:
    import duckdb

_AGREEING = ("paid_amount", "refund_amount", "status", "member_id")


def gather(con: duckdb.DuckDBPyConnection, match: Match, query: Query, *, part: int, name: str) -> list[str]:
    """Make ``parsed_<part>`` a table of orders, ``row_count`` rows each, and add to ``refused_<part>``.

    Parameters
    ----------
    name : str
        The file's name, as refused rows show it.

    Returns
    -------
    list of str
        What the user should know: orders whose rows say different things of the order.
    """
    lines, refused = f"parsed_{part}", f"refused_{part}"
    notes = _disagreements(con, match, lines)
    extras = [f"{_first(extra)} AS {extra}" for extra in query.extras if extra.startswith("contact_")]
    columns = [
        _gathered(column, match.places.get(column.name, Located()))
        for column in match.crosswalk.table.columns
    ]
    late = " ".join(f"WHEN {fault.condition} THEN {n}" for n, fault in enumerate(query.late, 1))
    con.execute(
        "CREATE TEMP TABLE gathered AS "
        f"SELECT *, CAST(CASE {late or 'WHEN false THEN 1'} ELSE 0 END AS UTINYINT) AS late "
        f"FROM (SELECT min(row) AS row, count(*) AS row_count, max(fault) > 0 AS broken, "
        f"{', '.join(columns + extras)} FROM {lines} WHERE order_id IS NOT NULL GROUP BY order_id)"
    )
    with_it = f"FROM {lines} AS l JOIN gathered AS g ON l.order_id = g.order_id WHERE"
    con.execute(
        f"INSERT INTO {refused} SELECT ?, l.row, 'order_rejected', NULL, l.order_id {with_it} l.fault = 0 AND g.broken",
        [name],
    )
    for number, fault in enumerate(query.late, 1):
        con.execute(
            f"INSERT INTO {refused} SELECT ?, l.row, ?, ?, NULL {with_it} NOT g.broken AND g.late = ?",
            [name, fault.rule, fault.column, number],
        )
    con.execute(f"DROP TABLE {lines}")
    con.execute(
        f"CREATE TEMP TABLE {lines} AS SELECT * EXCLUDE (broken, late) FROM gathered WHERE NOT broken AND late = 0"
    )
    con.execute("DROP TABLE gathered")
    return notes


def _gathered(column: Column, place: Located) -> str:
    name = f'"{column.name}"'
    if column.name == "order_id":
        return name
    ways = {
        "sum": f"sum({name})",
        "least": f"min({name})",
        "last": f"arg_max({name}, row) FILTER (WHERE {name} IS NOT NULL)",
    }
    value = ways.get(place.gather, _first(name))
    if column.default:
        value = f"coalesce({value}, {column.default})"
    return f"TRY_CAST({value} AS {column.sql_type}) AS {name}"


def _first(name: str) -> str:
    return f"arg_min({name}, row) FILTER (WHERE {name} IS NOT NULL)"


def _disagreements(con: duckdb.DuckDBPyConnection, match: Match, lines: str) -> list[str]:
    notes = []
    for name in _AGREEING:
        place = match.places.get(name)
        if place is None or place.gather == "sum":
            continue
        found = con.execute(
            f"SELECT count(*), min(row) FROM (SELECT min(row) AS row FROM {lines} "
            f'WHERE fault = 0 AND order_id IS NOT NULL GROUP BY order_id HAVING count(DISTINCT "{name}") > 1)'
        ).fetchall()[0]
        if found[0]:
            notes.append(
                f"orders whose rows differ in {name}: {found[0]:,} (first row {found[1]:,}); "
                f"the {place.gather} was read"
            )
    return notes
