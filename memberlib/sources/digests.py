"""Compute the fingerprint of tables that have no versions.

The digest is made from the rows as they are: of each table the number of its rows, and of a 64-bit hash of every row,
emptiness and every canonical column included, the exclusive or and a sum. These are the same whatever order the rows
lie in. A change of any value that a figure rests on changes the digest, but for a chance of about one in 2⁶⁴. It does
not see what no figure sees: other columns, names, types, order, how files are cut.

The hash is the engine's own: the same rows have other digests on other engines, and may have other ones after a new
release of one. Engines that are not named here have, per column, the number of filled rows, the least and greatest
value, and of numbers the sum (of texts, of their lengths); they do not see values that change places among rows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ibis.expr.types import Table

# Spark's hash passes over what is empty: ('', 'x') and ('x', '') would be one without IS NULL
_HASHES = {
    "pyspark": ("`", "xxhash64({told})", "shiftrightunsigned(h, 40)"),
    "duckdb": ('"', "hash({told})", "h >> 40"),
    "postgres": ('"', "hashtextextended(CAST(ROW({told}) AS text), 0)", "(h >> 40) & 16777215"),
}
"""Engine → its quotation mark, its hash of some values, the hash's upper 24 bits (which add up without overflow)."""


def digest(con: Any, tables: Mapping[str, Table]) -> str:
    """Fingerprint of the rows of some tables."""
    one = _hashed if con.name in _HASHES else _summed
    stated = {name: [str(value) for value in one(con, rows)] for name, rows in sorted(tables.items())}
    return hashlib.sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest()


def _hashed(con: Any, rows: Table) -> list[Any]:
    quote, hashed, upper = _HASHES[con.name]
    told = ", ".join(f"{quote}{name}{quote}, {quote}{name}{quote} IS NULL" for name in rows.columns)
    found = con.raw_sql(
        f"SELECT count(*), bit_xor(h), CAST(sum({upper}) AS BIGINT)"
        f" FROM (SELECT {hashed.format(told=told)} AS h FROM ({con.compile(rows)}) AS given) AS hashed"
    )
    first = found.collect() if hasattr(found, "collect") else found.fetchall()
    return list(first[0])


def _summed(con: Any, rows: Table) -> list[Any]:
    stats: dict[str, Any] = {"rows": rows.count()}
    for name in rows.columns:
        column: Any = rows[name]
        if column.type().is_boolean():
            column = column.ifelse(1, 0)
        stats |= {
            f"{name}_filled": column.count(),
            f"{name}_least": column.min(),
            f"{name}_most": column.max(),
        }
        if column.type().is_numeric():
            stats[f"{name}_sum"] = column.sum()
        elif column.type().is_string():
            stats[f"{name}_sum"] = column.length().sum()
    found = rows.aggregate(**stats).to_pyarrow().to_pylist()[0]
    return [found[name] for name in sorted(found)]
