"""Turn a frame, a Parquet file or an Ibis table into a table of the model, checked and typed."""

from __future__ import annotations

import itertools
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd

from memberlib.engine import connection
from memberlib.errors import InputError
from memberlib.identity import Joining
from memberlib.model import KEPT_TABLES

if TYPE_CHECKING:
    import pyarrow as pa
    from ibis.expr.types import Table

    from memberlib.settings import Settings

serial = itertools.count()
"""Numbers that make names of tables differ within a connection."""


def schema_of(name: str) -> Any:
    """The ibis schema of a canonical table."""
    return ibis.Schema.from_pyarrow(KEPT_TABLES[name].arrow_schema())


def table_of(con: Any, name: str, rows: Any) -> Table:
    """Rows of any kind as a table with every canonical column, typed; extra columns are dropped.

    Parameters
    ----------
    con : ibis connection
    name : str
        Of the canonical table.
    rows : DataFrame, path of a Parquet file, or ibis Table

    Raises
    ------
    InputError
        Where a needed column is missing, a file is not there, or a time carries a time zone.
    """
    spec, schema = KEPT_TABLES[name], schema_of(name)
    if isinstance(rows, str | Path):
        if not Path(rows).is_file():
            raise InputError(f"no file {rows}; give the path of a Parquet file")
        rows = con.read_parquet(str(rows), table_name=f"{name}_{next(serial)}")
    needed = spec.needed or tuple(c.name for c in spec.columns if c.filled and c.name != "import_id")
    lacking = [column for column in needed if column not in rows.columns]
    if lacking:
        raise InputError(f"{name}: column {lacking[0]} is missing; needed: {', '.join(needed)}")
    if isinstance(rows, pd.DataFrame):
        rows = _loaded(con, name, rows)
    picked = {}
    for column in spec.columns:
        kind = schema[column.name]
        value = rows[column.name] if column.name in rows.columns else ibis.null(kind)
        have = value.type()
        if have.is_timestamp() and have.timezone:
            raise InputError(f"{name}: {column.name} carries a time zone; give the shop's own wall time")
        if (
            not (have.is_decimal() and kind.is_decimal())
            and not (have.is_timestamp() and kind.is_timestamp())
            and have != kind
        ):
            value = value.cast(kind)
        if column.default is not None:
            default = (
                ibis.literal(column.default == "true")
                if kind.is_boolean()
                else ibis.literal(column.default.strip("'") if kind.is_string() else int(column.default))
            )
            value = value.fill_null(default.cast(value.type()))
        picked[column.name] = value.nullif("") if column.name == "member_id" else value
    return rows.select(**picked)


def _loaded(con: Any, name: str, frame: pd.DataFrame) -> Table:
    """A pandas frame in a temporary table; amounts become exact decimals, empty ids become null."""
    import pyarrow as pa

    schema = KEPT_TABLES[name].arrow_schema()
    picked = [field for field in schema if field.name in frame.columns]
    arrays = [pa.array(_cells(frame[field.name], field.type), type=field.type) for field in picked]
    made = f"{name}_{next(serial)}"
    return in_memory(con, made, pa.table(arrays, schema=pa.schema(picked)))


def in_memory(con: Any, name: str, rows: pa.Table) -> Table:
    """An Arrow table as a temporary table of a connection."""
    if con.name == "duckdb":
        con.con.register(f"{name}_view", rows)
        con.raw_sql(f'CREATE TEMP TABLE "{name}" AS SELECT * FROM "{name}_view"')
        con.con.unregister(f"{name}_view")
        return con.table(name, database=("temp", "main"))
    if con.name == "pyspark":
        # of times without a zone Spark makes moments, unless it is told what they are
        kinds = ", ".join(f"`{field.name}` {_spark_type(field.type)}" for field in rows.schema)
        con._session.createDataFrame(rows, schema=kinds).createOrReplaceTempView(name)
        return con.table(name)
    return con.create_table(name, obj=rows, temp=True)


def _spark_type(kind: pa.DataType) -> str:
    import pyarrow as pa

    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision}, {kind.scale})"
    names = {"timestamp[us]": "TIMESTAMP_NTZ", "int64": "BIGINT", "date32[day]": "DATE", "bool": "BOOLEAN"}
    return names.get(str(kind), "STRING")


def _cells(values: pd.Series, kind: Any) -> list[Any]:
    import pyarrow as pa

    missing = values.isna()
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        values = pd.to_datetime(values)
        if pa.types.is_timestamp(kind) and values.dt.tz is not None:
            raise InputError(f"{values.name} carries a time zone; give the shop's own wall time")
        made: list[Any] = [
            None if gone else v.to_pydatetime() for v, gone in zip(values, missing, strict=True)
        ]
        return [None if v is None else v.date() for v in made] if pa.types.is_date(kind) else made
    if pa.types.is_decimal(kind):
        step = Decimal("0.0001")
        return [
            None if gone else Decimal(str(v)).quantize(step) for v, gone in zip(values, missing, strict=True)
        ]
    if pa.types.is_string(kind):
        return [None if gone or v == "" else str(v) for v, gone in zip(values, missing, strict=True)]
    return [None if gone else v for v, gone in zip(values, missing, strict=True)]


def joining_of(con: Any, contacts: Table | None, decisions: Table | None, *, settings: Settings) -> Joining:
    """Which members are one, by their contacts and the decisions on single pairs; found by DuckDB."""
    rows = {n: t for n, t in (("contacts", contacts), ("decisions", decisions)) if t is not None}
    if con.name == "duckdb":
        engine, queries = (
            con.con,
            {name: str(ibis.to_sql(table, dialect="duckdb")) for name, table in rows.items()},
        )
    else:
        engine, queries = connection().con, {}  # of a shop elsewhere it is handed these two tables alone
        for name, table in rows.items():
            engine.register(name, table.to_pyarrow())
            queries[name] = f"SELECT * FROM {name}"
    return Joining(engine, queries.get("contacts"), queries.get("decisions"), settings=settings)


def joined_ids(con: Any, joining: Joining) -> Table | None:
    """member_id and joined_id of the members that go by another's id; None where there are none."""
    changed = joining.changed()
    if changed is None:
        return None
    if con.name == "duckdb":
        table: Table = con.table(changed, database=("temp", "main"))
        return table
    rows = joining.con.sql(f"SELECT * FROM {changed}").to_arrow_table()
    return in_memory(con, f"joined_{next(serial)}", rows)
