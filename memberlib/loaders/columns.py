"""Write a database's values as text columns of a Parquet file.

Text is exact: decimals keep all their places, whole numbers have no ``.0``, times with a zone are told in UTC with
``+00``, bytes are UTF-8 where they are such, else hex. NULL stays NULL.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memberlib.errors import InputError
from memberlib.sql import identifier, literal

if TYPE_CHECKING:
    import duckdb

_EXACT_DIGITS = 1e15
ROWS = 20_000
"""Rows that are held at once."""

_MEMORY = "400MB"


def as_text(name: str, kind: str) -> str:
    """SQL for DuckDB of a column as text: whole numbers without ``.0``, bytes as UTF-8 where they are such."""
    quoted = identifier(name)
    if kind in ("DOUBLE", "FLOAT"):
        return (
            f"CASE WHEN NOT isfinite({quoted}) OR {quoted} <> floor({quoted}) THEN CAST({quoted} AS VARCHAR) "
            f"WHEN abs({quoted}) < {_EXACT_DIGITS:.0f} THEN CAST(CAST({quoted} AS BIGINT) AS VARCHAR) "
            f"ELSE printf('%E', CAST({quoted} AS DOUBLE)) END"
        )
    if kind == "BLOB":
        return f"coalesce(TRY(decode({quoted})), '\\x' || lower(hex({quoted})))"
    return f"CAST({quoted} AS VARCHAR)"


def distinct(names: Sequence[str]) -> list[str]:
    """The names of a query's columns, which must be there and differ by more than capitals."""
    if not names:
        raise InputError("the query gives no columns")
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise InputError(f"the query gives two columns named {name}; name one of them otherwise, with AS")
        seen.add(name.lower())
    return list(names)


def write_rows(path: Path, cursor: Any) -> None:
    """Write the rows of a cursor, each value turned into text."""
    import pyarrow as pa

    def columns() -> Iterator[list[pa.Array]]:
        while rows := cursor.fetchmany(ROWS):
            yield [_texts(values) for values in zip(*rows, strict=True)]

    write(path, distinct([column[0] for column in cursor.description or ()]), columns())


def _texts(values: Sequence[Any]) -> Any:
    import pyarrow as pa

    try:
        return pa.array(values, pa.string())
    except (pa.ArrowTypeError, pa.ArrowInvalid):  # not all of them are text
        return pa.array([_text(value) for value in values], pa.string())


def _text(value: Any) -> str | None:
    """A value as text, as :func:`as_text` has it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return "\\x" + value.hex()
    if isinstance(value, float) and value.is_integer():
        return str(int(value)) if abs(value) < _EXACT_DIGITS else f"{value:E}"
    return str(value)


def write(path: Path, names: Sequence[str], batches: Iterator[Sequence[Any]]) -> None:
    """Write columns, batch by batch, to a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    first = next(batches, None)
    if first is None:
        pq.write_table(pa.table([pa.array([], pa.string()) for _ in names], list(names)), path)
        return
    schema = pa.schema([(name, column.type) for name, column in zip(names, first, strict=True)])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        # a table a time, not batches: those are gathered in memory until they make a group of a million rows
        writer.write_table(pa.Table.from_arrays(list(first), schema=schema))
        for columns in batches:
            writer.write_table(pa.Table.from_arrays(list(columns), schema=schema))


def rewrite_as_text(drawn: Path, path: Path, *, ordered: bool) -> None:
    """Give the rows of a file as text, ordered by all columns where they have no order; on disk where memory ends."""
    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = pq.read_schema(drawn)
    if ordered and all(kind == pa.string() for kind in found.types):
        drawn.rename(path)
        return
    with duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": str(path.parent)}) as con:
        con.execute("SET enable_progress_bar = false")
        con.execute("SET TimeZone = 'UTC'")
        source = f"read_parquet({literal(drawn)})"
        kinds = con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        texts = ", ".join(f"{as_text(kind[0], kind[1])} AS c{n}" for n, kind in enumerate(kinds))
        con.execute(f"CREATE TEMP VIEW texts AS SELECT {texts} FROM {source}")
        batches = con.sql(f"SELECT * FROM texts{'' if ordered else _order(con, len(kinds))}").to_arrow_reader(
            ROWS
        )
        write(path, found.names, (batch.columns for batch in batches))
    drawn.unlink()


def _order(con: duckdb.DuckDBPyConnection, count: int) -> str:
    """ORDER BY all columns; the first one alone does the same where no two rows share its value, at half the cost."""
    alike = con.execute("SELECT count(*) > count(DISTINCT c0) FROM texts").fetchall()[0][0]
    return " ORDER BY " + ", ".join(f"c{n}" for n in range(count if alike else 1))


__all__ = ["ROWS", "as_text", "distinct", "rewrite_as_text", "write", "write_rows"]
