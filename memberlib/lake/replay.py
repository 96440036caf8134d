"""Work out what stands in a table after some imports, one after the other.

The rule, in the order the imports came: a stated row takes the place of the row with its key. Before the rows of an
export that states whole orders, all lines of its orders go. Lines read from titles do not count where the order has a
line with a quantity or an amount.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from memberlib.lake.import_rows import ImportRows
from memberlib.model import Table
from memberlib.sql import identifiers, literals

if TYPE_CHECKING:
    import duckdb


def lay_out(con: duckdb.DuckDBPyConnection, spec: Table, files: Sequence[str]) -> None:
    """Have a table's rows under its name; an empty table where there are no files."""
    if files:
        rows = f"SELECT {identifiers(spec.names)} FROM read_parquet({literals(files)})"
        con.execute(f"CREATE TEMP VIEW {spec.name} AS {rows}")
    else:
        con.execute(f"CREATE TEMP TABLE {spec.name} ({spec.sql_columns()})")


def scope_of(spec: Table) -> tuple[str, ...]:
    """The columns by which rows of a table belong together when imports are gone through again."""
    return ("order_id",) if spec.name == "items" else spec.key


def replay(
    con: duckdb.DuckDBPyConnection, spec: Table, sources: Sequence[ImportRows], *, scope: str | None = None
) -> None:
    """Make the table ``replayed``: the rows that stand after these imports.

    Parameters
    ----------
    sources : list of ImportRows
        What the imports stated of this table, in the order they came.
    scope : str, optional
        Name of a table with the columns of :func:`scope_of`; only rows that are in it are gone through.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE replayed ({spec.sql_columns()})")
    group: list[ImportRows] = []
    for source in sources:
        if not source.named_only:
            group.append(source)
            continue
        # what a title's line does depends on what stands when it comes
        _apply(con, spec, group, scope)
        _apply(con, spec, [source], scope)
        group = []
    _apply(con, spec, group, scope)


def _apply(con: duckdb.DuckDBPyConnection, spec: Table, group: list[ImportRows], scope: str | None) -> None:
    """Put what imports stated upon ``replayed``, all at once: of rows with one key the last stands."""
    files = [
        (path, number, path == source.gone, source.whole_orders and path != source.gone)
        for number, source in enumerate(group, 1)
        for path in source.files
    ]
    if not files:
        return
    con.execute(
        "CREATE OR REPLACE TEMP TABLE kept_files (path VARCHAR, turn INTEGER, gone BOOLEAN, whole BOOLEAN)"
    )
    con.executemany("INSERT INTO kept_files VALUES (?, ?, ?, ?)", files)
    names, key = identifiers(spec.names), identifiers(spec.key)
    where = []
    if scope:
        where.append(
            f"({identifiers(scope_of(spec))}) IN (SELECT ({identifiers(scope_of(spec))}) FROM {scope})"
        )
    if group[0].named_only:
        where.append(
            "order_id NOT IN (SELECT order_id FROM replayed WHERE quantity IS NOT NULL OR amount IS NOT NULL)"
        )
    paths = literals([file[0] for file in files])
    con.execute(
        "CREATE OR REPLACE TEMP VIEW stated AS SELECT *, 0 AS turn, false AS gone, false AS whole FROM replayed "
        "UNION ALL BY NAME SELECT * EXCLUDE (filename, path) FROM "
        f"read_parquet({paths}, filename = true, union_by_name = true) AS held "
        f"JOIN kept_files ON held.filename = kept_files.path{' WHERE ' + ' AND '.join(where) if where else ''}"
    )
    cut = ""
    if any(source.whole_orders for source in group):
        cut = (
            "AND NOT EXISTS (SELECT 1 FROM (SELECT order_id, max(turn) AS turn FROM stated WHERE whole "
            "GROUP BY order_id) AS cut WHERE cut.order_id = stated.order_id AND cut.turn > stated.turn)"
        )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE standing AS SELECT {names} FROM stated "
        f"JOIN (SELECT {key}, max(turn) AS turn FROM stated GROUP BY {key}) USING ({key}, turn) WHERE NOT gone {cut}"
    )
    con.execute("DROP VIEW stated; DROP TABLE replayed; ALTER TABLE standing RENAME TO replayed")
