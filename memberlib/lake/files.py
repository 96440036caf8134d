"""How are rows written to Parquet files, and asked for in SQL?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from memberlib.lake.versions import sync
from memberlib.model import Table

if TYPE_CHECKING:
    import duckdb


def row_count(con: duckdb.DuckDBPyConnection, paths: list[str]) -> int:
    """Number of rows in Parquet files, as their footers say."""
    if not paths:
        return 0
    found = con.execute(f"SELECT sum(num_rows) FROM parquet_file_metadata({sql_list(paths)})").fetchall()
    return int(found[0][0])


def copied(con: duckdb.DuckDBPyConnection, query: str, path: Path) -> Path | None:
    """The Parquet file with a query's rows; None, and no file, where there are none."""
    con.execute(f"COPY ({query}) TO {sql_text(path)} (FORMAT parquet)")
    if not row_count(con, [str(path)]):
        path.unlink()
        return None
    sync(path)
    return path


def same_key(spec: Table, one: str, other: str) -> str:
    """SQL that two rows have one key."""
    return " AND ".join(f'{one}."{name}" = {other}."{name}"' for name in spec.key)


def differing(spec: Table, one: str, other: str) -> str:
    """SQL giving the rows of one table that do not stand alike in another.

    Examples
    --------
    >>> from memberlib.model import BRUSHED
    >>> differing(BRUSHED, "a", "b")
    'SELECT a.* FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE a."order_id" IS NOT DISTINCT FROM b."order_id")'
    """
    alike = " AND ".join(f'{one}."{name}" IS NOT DISTINCT FROM {other}."{name}"' for name in spec.names)
    return f"SELECT {one}.* FROM {one} WHERE NOT EXISTS (SELECT 1 FROM {other} WHERE {alike})"


def sql_text(value: str | Path) -> str:
    """A text as SQL writes it."""
    return "'" + str(value).replace("'", "''") + "'"


def sql_list(paths: list[str]) -> str:
    """Paths as SQL writes a list of texts."""
    return "[" + ", ".join(sql_text(p) for p in paths) + "]"


def sql_names(names: tuple[str, ...]) -> str:
    """Column names as SQL lists them."""
    return ", ".join(f'"{name}"' for name in names)
