"""Compare a file's checked rows with those the shop has already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from memberlib.loaders.forms import Crosswalk
from memberlib.sql import literals, same_key

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Comparison:
    """What the rows of one part do to the shop.

    Attributes
    ----------
    accepted_count, replaced_count, same_count : int
        They add up to the file's good rows.
    gone_count : int
        Present lines that go because their order came again without them.
    notes : tuple of str
        What the user should know of what the rows do.
    fresh, replaced, same : str
        SQL of the rows that go in, of the keys whose present rows go, and of the rows that change nothing; ``replaced``
        and ``same`` are empty where there are none.
    """

    accepted_count: int
    replaced_count: int
    same_count: int
    gone_count: int
    fresh: str
    replaced: str
    same: str
    notes: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether the shop is another afterwards."""
        return bool(self.accepted_count or self.replaced_count or self.gone_count)


def compare(
    con: duckdb.DuckDBPyConnection,
    crosswalk: Crosswalk,
    present: list[str],
    *,
    part: int = 0,
    whole: bool = True,
    numbered: bool = True,
) -> Comparison:
    """Hold the rows of ``staged_<part>`` against the present ones.

    Of rows with one key the last in the file stands; the others are the same as it, or are replaced by it. Where the
    one that stands changes nothing, none of them does. Lines that were only named in an order list never take the
    place of lines with a quantity or an amount: they count as the same.

    Parameters
    ----------
    present : list of str
        The Parquet files that hold the shop's rows.
    whole : bool
        The file has all lines of its orders and every one was read, so that a line it lacks is known to be gone.
    numbered : bool
        Its lines have no ids and are told apart by their place. Lines with ids of their own replace lines that were
        told apart by their place, and never one another.
    """

    def counted(query: str) -> tuple[int, ...]:
        return tuple(n or 0 for n in con.execute(query).fetchall()[0])

    table, staged, fresh = crosswalk.table, f"staged_{part}", f"fresh_{part}"
    if present and crosswalk.refunds_apart:
        staged = _with_sales(con, staged, present)
    weight = "sum(row_count)" if crosswalk.gathered else "count(*)"
    key = ", ".join(f'"{c}"' for c in table.key)
    names = ", ".join(f's."{c}"' for c in table.names)
    total, rows, kinds = counted(f"SELECT {weight}, count(*), count(DISTINCT ({key})) FROM {staged}")
    standing = staged
    if rows > kinds:
        con.execute(
            f"CREATE TEMP TABLE repeated_{part} AS SELECT {key}, max(row) AS last FROM {staged} "
            f"GROUP BY {key} HAVING count(*) > 1"
        )
        earlier = f"SELECT s.row FROM {staged} AS s JOIN repeated_{part} USING ({key}) WHERE s.row < last"
        standing = f"(SELECT * FROM {staged} WHERE row NOT IN ({earlier}))"
    gone = 0
    if not present:
        con.execute(
            f"CREATE TEMP VIEW {fresh} AS SELECT s.row, s.row_count, {names}, 'new' AS outcome FROM {standing} AS s"
        )
    else:
        same = " AND ".join(f's."{c}" IS NOT DISTINCT FROM p."{c}"' for c in table.values) or "true"
        met = same_key(table.key, "s", "p")
        held = f"read_parquet({literals(present)})"
        kept = ""
        if crosswalk.named_only:
            con.execute(
                f"CREATE TEMP TABLE told_{part} AS SELECT DISTINCT order_id FROM {held} "
                f"WHERE (quantity IS NOT NULL OR amount IS NOT NULL) AND order_id IN (SELECT order_id FROM {staged})"
            )
            kept = f"AND s.order_id NOT IN (SELECT order_id FROM told_{part})"
        con.execute(
            f"CREATE TEMP TABLE {fresh} AS SELECT s.row, s.row_count, {names}, "
            "if(p.there IS NULL, 'new', 'changed') AS outcome "
            f"FROM {standing} AS s LEFT JOIN (SELECT *, true AS there FROM {held}) AS p ON {met} "
            f"WHERE (p.there IS NULL OR NOT ({same})) {kept}"
        )
        if crosswalk.whole_orders and whole:
            spared = (
                f"AND order_id NOT IN (SELECT order_id FROM told_{part}) " if crosswalk.named_only else ""
            )
            placed = "" if numbered else "AND regexp_full_match(line_id, '[0-9]{1,4}') "
            con.execute(
                f"CREATE TEMP TABLE gone_{part} AS SELECT {key} FROM {held} AS p "
                f"WHERE order_id IN (SELECT order_id FROM {staged}) {spared}{placed}"
                f"AND NOT EXISTS (SELECT 1 FROM {staged} AS s WHERE {met})"
            )
            (gone,) = counted(f"SELECT count(*) FROM gone_{part}")
    new, changed, new_keys, changed_keys = counted(
        f"SELECT {weight} FILTER (outcome = 'new'), {weight} FILTER (outcome = 'changed'), "
        f"count(*) FILTER (outcome = 'new'), count(*) FILTER (outcome = 'changed') FROM {fresh}"
    )
    overruled = 0
    if rows > kinds and table.values:
        differ = " OR ".join(f's."{c}" IS DISTINCT FROM f."{c}"' for c in table.values)
        met = same_key(table.key, "s", "f")
        (overruled,) = counted(
            f"SELECT count(*) FROM {staged} AS s JOIN {fresh} AS f ON {met} AND s.row < f.row WHERE {differ}"
        )
    replaced = [f"SELECT {key} FROM {fresh} WHERE outcome = 'changed'"] if changed else []
    replaced += [f"SELECT {key} FROM gone_{part}"] if gone else []
    unchanged = (
        f"SELECT {names} FROM {standing} AS s ANTI JOIN {fresh} AS f ON {same_key(table.key, 's', 'f')}"
    )
    return Comparison(
        accepted_count=new,
        replaced_count=changed + overruled,
        same_count=total - new - changed - overruled,
        gone_count=gone,
        fresh=f"SELECT * EXCLUDE (row, row_count, outcome) FROM {fresh}",
        replaced=" UNION ALL ".join(replaced),
        same=unchanged if kinds > new_keys + changed_keys else "",
        notes=tuple(_over_refunded(con, staged)) if table.name == "orders" else (),
    )


def _over_refunded(con: duckdb.DuckDBPyConnection, staged: str) -> list[str]:
    """Orders that gave back more than they took, as a refund does whose sale is not in yet."""
    count, row, amount = con.execute(
        f"SELECT count(*), min(row), sum(refund_amount - paid_amount) FROM {staged} WHERE refund_amount > paid_amount"
    ).fetchall()[0]
    if not count:
        return []
    return [
        f"orders refunded by more than was paid for them: {count:,} (first row {row:,}; {amount:,.2f} in all); "
        "they count as nothing, so sales are overstated by as much"
    ]


def _with_sales(con: duckdb.DuckDBPyConnection, staged: str, present: list[str]) -> str:
    """The staged orders, with the sale or the refund that an earlier file had of them and this one has not.

    Where refunds are rows of their own, a sale may stand in one file of a series and its refund in the next. Of two
    refunds known of one order the larger stands: whether they are one refund or two, nothing in the rows says.
    """
    sale = ("created_at", "paid_at", "paid_amount", "item_count", "member_id", "channel")
    taken = ", ".join(
        f"if(s.paid_amount = 0 AND p.paid_amount > 0, p.{name}, s.{name}) AS {name}" for name in sale
    )
    con.execute(
        f"CREATE TEMP TABLE whole_{staged} AS SELECT s.* REPLACE ({taken}, "
        "greatest(s.refund_amount, coalesce(p.refund_amount, 0)) AS refund_amount) "
        f"FROM {staged} AS s LEFT JOIN (SELECT * FROM read_parquet({literals(present)}) "
        f"WHERE order_id IN (SELECT order_id FROM {staged})) AS p USING (order_id)"
    )
    return f"whole_{staged}"
