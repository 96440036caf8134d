"""Write the rows of a query to a Parquet file, count those of files, and compare tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from memberlib.lake.versions import sync
from memberlib.model import Table
from memberlib.sql import literal, literals

if TYPE_CHECKING:
    import duckdb


def row_count(con: duckdb.DuckDBPyConnection, paths: list[str]) -> int:
    """Number of rows in Parquet files, as their footers say."""
    if not paths:
        return 0
    found = con.execute(f"SELECT sum(num_rows) FROM parquet_file_metadata({literals(paths)})").fetchall()
    return int(found[0][0])


def copied(con: duckdb.DuckDBPyConnection, query: str, path: Path) -> Path | None:
    """The Parquet file with a query's rows; None, and no file, where there are none."""
    con.execute(f"COPY ({query}) TO {literal(path)} (FORMAT parquet)")
    if not row_count(con, [str(path)]):
        path.unlink()
        return None
    sync(path)
    return path


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
