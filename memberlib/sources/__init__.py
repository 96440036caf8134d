"""Open a shop's tables, wherever they live.

They live in the lake, where imports put them, or where the shop's settings say (see :mod:`memberlib.external`): in
Spark, a file of DuckDB, or another backend of Ibis. Either way they are the tables of :mod:`memberlib.model`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from memberlib.engine import connection
from memberlib.errors import InputError
from memberlib.external import TABLES
from memberlib.frames import schema_of, serial
from memberlib.lake import Lake, data_folder, shop_ids
from memberlib.lake.damage import naming_damage
from memberlib.settings import Settings, check_store_id, load_settings
from memberlib.sources import external
from memberlib.sources.digests import digest
from memberlib.sources.external import close

if TYPE_CHECKING:
    from ibis.expr.types import Table

__all__ = ["ShopTables", "Version", "close", "shop_ids", "shop_tables", "shop_version"]


class Version(NamedTuple):
    """Which data of a shop: the number of its version in the lake, and the fingerprint of its data.

    The number is 0 where a shop's tables live external.
    """

    number: int
    digest: str


@dataclass(frozen=True)
class ShopTables:
    """The tables of a shop and the connection they belong to.

    ``number`` and ``digest`` are those of :class:`Version`, the digest to be called for; ``days`` those of the first
    and last order, where they are known.
    """

    con: Any
    tables: dict[str, Table]
    settings: Settings
    number: int
    digest: Callable[[], str]
    days: tuple[dt.date | None, dt.date | None] | None = None


def shop_tables(folder: Path, store_id: str, at_version: int | None = None) -> ShopTables:
    """The tables of a shop, opened.

    Raises
    ------
    InputError
        For an unknown shop or version, or tables elsewhere that cannot be had.
    """
    settings = load_settings(folder, check_store_id(store_id))
    if settings.source is not None:
        _check_version(store_id, at_version)
        con, tables = external.connected_tables(folder, store_id, settings)
        days = external.checked_days(tables["orders"], f"stores.toml, [{store_id}.source]")
        return ShopTables(con, tables, settings, 0, lambda: digest(con, tables), days)
    version = Lake(folder / "lake").version(store_id, at_version)
    con, tables = connection(), {}
    with naming_damage(folder / "lake" / store_id, store_id):
        for name, files in version.files.items():
            if name in TABLES and files:
                tables[name] = con.read_parquet(files, table_name=f"{name}_{next(serial)}")
        known = _order_days(con, version.files.get("orders"))
    if "orders" not in tables:
        tables["orders"] = con.create_table(f"orders_{next(serial)}", schema=schema_of("orders"), temp=True)
    return ShopTables(con, tables, settings, version.number, lambda: version.digest, known)


def _order_days(con: Any, files: list[str] | None) -> tuple[dt.date | None, dt.date | None] | None:
    """Days of the first and last order of Parquet files; None where there is no order with a date."""
    if not files:
        return None
    columns = "min(paid_at), min(created_at), max(paid_at), max(created_at)"
    found = con.con.execute(f"SELECT {columns} FROM read_parquet(?)", [files]).fetchall()[0]
    moments = [moment for moment in found if moment is not None]
    return (min(moments).date(), max(moments).date()) if moments else None


def shop_version(store_id: str, *, data: str | Path | None = None, at_version: int | None = None) -> Version:
    """Number and digest of a shop's data.

    Parameters
    ----------
    store_id : str
    data : path, optional
        Data folder.
    at_version : int, optional
        An earlier version; else the newest.

    Raises
    ------
    InputError
        For an unknown shop or version.
    """
    folder = data_folder(data)
    settings = load_settings(folder, check_store_id(store_id))
    if settings.source is None:
        version = Lake(folder / "lake").version(store_id, at_version)
        return Version(version.number, version.digest)
    _check_version(store_id, at_version)
    con, tables = external.connected_tables(folder, store_id, settings)
    try:
        return Version(0, digest(con, tables))
    finally:
        close(con)


def _check_version(store_id: str, at_version: int | None) -> None:
    if at_version:
        raise InputError(
            f"shop '{store_id}' has no earlier versions here: its tables live elsewhere"
            f" (stores.toml, [{store_id}.source])"
        )
