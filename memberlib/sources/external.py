"""Connect to a shop's tables outside the lake, and check them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.operations as ops

from memberlib.engine import connection
from memberlib.errors import InputError
from memberlib.external import SPARK, ExternalSource, resolved
from memberlib.frames import schema_of, serial, table_of
from memberlib.model import STATUSES
from memberlib.settings import Settings
from memberlib.sources import spark

if TYPE_CHECKING:
    from ibis.expr.types import Table, Value

_TAKEN = {
    "string": ("string", "integer"),
    "decimal": ("decimal", "floating", "integer"),
    "int64": ("integer",),
    "timestamp": ("timestamp", "date"),
    "date": ("date", "timestamp"),
    "boolean": ("boolean", "integer"),
}
"""Kind of a canonical column → kinds that are taken for it."""
_WORDS = {
    "string": "text",
    "decimal": "an amount (a decimal)",
    "int64": "a whole number",
    "timestamp": "a time",
    "date": "a date",
    "boolean": "true or false",
}


def connected_tables(folder: Path, store_id: str, settings: Settings) -> tuple[Any, dict[str, Table]]:
    """Connection and canonical tables of a declared shop.

    Parameters
    ----------
    folder : path
        The data folder, which paths are relative to.

    Raises
    ------
    InputError
        In one line, where the backend cannot be reached, or a table or column is missing or of another type.
    """
    source = settings.source
    assert source is not None
    where = f"stores.toml, [{store_id}.source]"
    con = _connected(source, folder, where)
    tables = {}
    for name, place in source.tables.items():
        rows = _table(con, name, place, folder=folder, where=where, settings=settings)
        tables[name] = _canonical(con, name, rows, f"{where}: '{place}'")
    return con, tables


def close(con: Any) -> None:
    """Let go of a connection; a session of Spark stays, for the other shops of the process."""
    if con.name == SPARK:
        spark.let_go(con)
    else:
        con.disconnect()


def _connected(source: ExternalSource, folder: Path, where: str) -> Any:
    options, url = resolved(source, where)
    if source.backend == SPARK:
        return spark.connected(options, where)
    if source.backend == "duckdb":
        con = connection()
        if "database" in options:
            path = folder / str(options["database"])
            if not path.is_file():
                raise InputError(f"{where}: no file {path}")
            try:
                con.attach(path, name="source", read_only=True)
            except Exception as error:
                raise InputError(f"{where}: {path.name} cannot be opened: {spark.reason(error)}") from None
        return con
    try:
        con = ibis.connect(url) if url else getattr(ibis, source.backend).connect(**options)
    except ImportError as error:
        raise InputError(
            f"{where}: {source.backend} needs a package that is not installed: {spark.reason(error)}"
        ) from None
    except Exception as error:
        raise InputError(f"{where}: {source.backend} cannot be reached: {spark.reason(error)}") from None
    if not (con.has_operation(ops.Median) and con.has_operation(ops.Quantile)):
        con.disconnect()
        raise InputError(
            f"{where}: {source.backend} cannot work out medians; take its tables in instead, with memberlib import"
        )
    return con


def _table(con: Any, name: str, place: str, *, folder: Path, where: str, settings: Settings) -> Table:
    """The table of that name, or the Parquet files or Delta table of that path."""
    is_path = "`" not in place and ("/" in place or "\\" in place or place.endswith(".parquet"))
    if is_path and "://" not in place:
        place = str(folder / place)
        if not Path(place).exists():
            raise InputError(f"{where}: {name}: no file or folder {place}")
    is_delta = is_path and (Path(place) / "_delta_log").is_dir()
    made = f"{name}_{next(serial)}"
    try:
        if con.name == SPARK:
            return spark.table(con, place, made, zone=settings.time_zone, is_path=is_path, is_delta=is_delta)
        if is_path:
            if con.name != "duckdb":
                raise InputError(f"{where}: {name}: {con.name} has tables, not paths such as {place}")
            return con.read_parquet(_files(place, is_delta, where), table_name=made)
        if con.name == "duckdb":
            if settings.source is None or "database" not in settings.source.options:
                raise InputError(f"{where}: {name}: '{place}' is no path; name the database in options, too")
            schema, _, table = place.rpartition(".")
            return con.table(table, database=("source", schema or "main"))
        schema, _, table = place.rpartition(".")
        return con.table(table, database=schema or None)
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"{where}: {name} cannot be read from '{place}': {spark.reason(error)}") from None


def _files(place: str, is_delta: bool, where: str) -> Any:
    if is_delta:
        try:
            from deltalake import DeltaTable
        except ImportError:
            raise InputError(
                f"{where}: {place} is a Delta table, which needs deltalake: pip install 'memberlib[delta]'"
            ) from None
        return DeltaTable(place).file_uris()
    return str(Path(place) / "**" / "*.parquet") if Path(place).is_dir() else place


def _canonical(con: Any, name: str, rows: Table, where: str) -> Table:
    """The table with every canonical column, of its type; what may be missing is filled."""
    schema, made = schema_of(name), {}
    for column, kind in schema.items():
        if column not in rows.columns:
            continue
        value = rows[column]
        have, wanted = value.type(), _kind(kind)
        if not any(getattr(have, f"is_{one}")() for one in _TAKEN[wanted]):
            raise InputError(f"{where}: {column} is {have}, and must be {_WORDS[wanted]}")
        made[column] = _exact(value, kind, f"{where}: {column}")
    try:
        return table_of(con, name, rows.select(**made) if made else rows)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _kind(kind: Any) -> str:
    return next(name for name in _TAKEN if getattr(kind, "is_integer" if name == "int64" else f"is_{name}")())


def _exact(value: Value, kind: Any, where: str) -> Value:
    have: Any = value.type()
    if have.is_timestamp() and have.timezone:
        raise InputError(f"{where} carries a time zone; give the shop's own wall time, by a view")
    if kind.is_decimal() and (not have.is_decimal() or (have.scale or 0) > kind.scale):
        return value.cast(kind)
    return value


def checked_days(orders: Table, where: str) -> tuple[Any, Any]:
    """First and last day of the orders, after a look for rows that no import would have taken.

    Raises
    ------
    InputError
        Where orders have no id, no amount or one below 0, or a status that is not known; it says how many.
    """
    wrong = {
        "no order_id": orders.order_id.isnull(),
        f"a status other than {', '.join(STATUSES)}": orders.status.isnull() | orders.status.notin(STATUSES),
        "no paid_amount": orders.paid_amount.isnull(),
        "an amount below 0": (orders.paid_amount < 0) | (orders.refund_amount < 0),
    }
    sums: dict[str, Any] = {
        f"wrong_{place}": holds.fill_null(False).sum() for place, holds in enumerate(wrong.values())
    }
    for name in ("paid_at", "created_at"):
        sums |= {f"first_{name}": orders[name].min(), f"last_{name}": orders[name].max()}
    found = orders.aggregate(**sums).to_pyarrow().to_pylist()[0]
    for place, what in enumerate(wrong):
        if found[f"wrong_{place}"]:
            raise InputError(f"{where}: {int(found[f'wrong_{place}']):,} orders have {what}")
    ends = [[found[f"{end}_{name}"] for name in ("paid_at", "created_at")] for end in ("first", "last")]
    known = [[at for at in at_end if at is not None and at == at] for at_end in ends]
    return (min(known[0]).date() if known[0] else None, max(known[1]).date() if known[1] else None)
