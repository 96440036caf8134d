"""Which data is it, where a shop's tables have no versions?

The digest is made from the rows as they are: of each table the number of its rows, and over a 64-bit hash of every
canonical column of every row, emptiness included, the exclusive or and a sum. Both are the same whatever order the rows
lie in. Any change of a figure changes it, but for a chance of about one in 2⁶⁴; it does not see what no figure sees:
columns that are not canonical, names, types, order, how files are cut.

The hash is the engine's own, so that the same rows have other digests on other engines, and may have after a new
release of one. Engines without a hash of a row have, per column, the number of filled rows, the least and greatest
value and of numbers the sum; they do not see values that change places among rows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ibis.expr.types import Table

_HASHES = {"pyspark": "xxhash64", "duckdb": "hash"}
_QUOTES = {"pyspark": "`", "duckdb": '"'}


def digest(con: Any, tables: Mapping[str, Table]) -> str:
    """Fingerprint of the rows of some tables."""
    one = _hashed if con.name in _HASHES else _summed
    stated = {name: [str(value) for value in one(con, rows)] for name, rows in sorted(tables.items())}
    return hashlib.sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest()


def _hashed(con: Any, rows: Table) -> list[Any]:
    quote = _QUOTES[con.name]
    names = [f"{quote}{name}{quote}" for name in rows.columns]
    # Spark's hash passes over what is empty: ('', 'x') and ('x', '') would be one
    parts = ", ".join(f"{name}, {name} IS NULL" for name in names)
    found = con.raw_sql(
        f"SELECT count(*), bit_xor(h), CAST(sum(shiftrightunsigned(h, 40)) AS BIGINT)"
        f" FROM (SELECT {_HASHES[con.name]}({parts}) AS h FROM ({con.compile(rows)}) AS given) AS hashed"
        if con.name == "pyspark"
        else f"SELECT count(*), bit_xor(h), CAST(sum(h >> 40) AS BIGINT)"
        f" FROM (SELECT {_HASHES[con.name]}({parts}) AS h FROM ({con.compile(rows)}) AS given) AS hashed"
    )
    return list(found.collect()[0] if con.name == "pyspark" else found.fetchall()[0])


def _summed(con: Any, rows: Table) -> list[Any]:
    stats: dict[str, Any] = {"rows": rows.count()}
    for name in rows.columns:
        column = rows[name]
        value = column.cast("int8") if column.type().is_boolean() else column
        stats |= {f"{name}_filled": column.count(), f"{name}_least": value.min(), f"{name}_most": value.max()}
        if value.type().is_numeric():
            stats[f"{name}_sum"] = value.sum()
        elif value.type().is_string():
            stats[f"{name}_sum"] = value.length().sum()
    found = rows.aggregate(**stats).to_pyarrow().to_pylist()[0]
    return [found[name] for name in sorted(found)]
