"""How do a file's checked rows stand to those the shop has already?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from memberlib.model import Table

if TYPE_CHECKING:
    import duckdb


def compare(con: duckdb.DuckDBPyConnection, table: Table, present: list[str]) -> dict[str, int]:
    """Make ``fresh``, the rows of ``staged`` that change something, and count what each row does.

    Of rows with one key the last in the file stands; the others are the same as it, or are replaced by it. Where
    the one that stands changes nothing, none of them does.

    Parameters
    ----------
    present : list of str
        The Parquet files that hold the shop's rows.

    Returns
    -------
    dict
        accepted_count, replaced_count and same_count, which add up to the rows of ``staged``. The table or view
        ``fresh`` has ``row``, the canonical columns and ``kind``: ``new``, or ``changed`` for a key that is there.
    """

    def counted(query: str) -> tuple[int, ...]:
        found: tuple[int, ...] = con.execute(query).fetchall()[0]
        return found

    key = ", ".join(f'"{c}"' for c in table.key)
    names = ", ".join(f's."{c}"' for c in table.names)
    total, kinds = counted(f"SELECT count(*), count(DISTINCT ({key})) FROM staged")
    standing = "staged"
    if total > kinds:
        con.execute(
            f"CREATE TEMP TABLE repeated AS SELECT {key}, max(row) AS last FROM staged "
            f"GROUP BY {key} HAVING count(*) > 1"
        )
        earlier = f"SELECT s.row FROM staged AS s JOIN repeated USING ({key}) WHERE s.row < last"
        standing = f"(SELECT * FROM staged WHERE row NOT IN ({earlier}))"
    if not present:
        con.execute(f"CREATE TEMP VIEW fresh AS SELECT s.row, {names}, 'new' AS kind FROM {standing} AS s")
    else:
        same = " AND ".join(f's."{c}" IS NOT DISTINCT FROM p."{c}"' for c in table.values) or "true"
        met = " AND ".join(f's."{c}" = p."{c}"' for c in table.key)
        files = ", ".join("'" + p.replace("'", "''") + "'" for p in present)
        con.execute(
            f"CREATE TEMP TABLE fresh AS SELECT s.row, {names}, if(p.there IS NULL, 'new', 'changed') AS kind "
            f"FROM {standing} AS s LEFT JOIN (SELECT *, true AS there FROM read_parquet([{files}])) AS p ON {met} "
            f"WHERE p.there IS NULL OR NOT ({same})"
        )
    new, changed = counted(
        "SELECT count(*) FILTER (kind = 'new'), count(*) FILTER (kind = 'changed') FROM fresh"
    )
    overruled = 0
    if total > kinds and table.values:
        differ = " OR ".join(f's."{c}" IS DISTINCT FROM f."{c}"' for c in table.values)
        met = " AND ".join(f's."{c}" = f."{c}"' for c in table.key)
        (overruled,) = counted(
            f"SELECT count(*) FROM staged AS s JOIN fresh AS f ON {met} AND s.row < f.row WHERE {differ}"
        )
    return {
        "accepted_count": new,
        "replaced_count": changed + overruled,
        "same_count": total - new - changed - overruled,
    }
