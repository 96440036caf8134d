"""The core job in four ways: by hand in DuckDB's SQL and for Polars' streaming engine, with memberlib, and in pandas.

Each way takes a Parquet file of orders and gives the same five tables as rows of plain numbers: members by
time since their last trade, by mean order value and by number of trades; the months; the eight segments at
the median. Each imports what it needs before its clock starts, so that the seconds are those of the work.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

Answer = dict[str, list[list[Any]]]

STATUSES = ("paid", "shipped", "completed")
MONTHS, AMOUNTS, COUNTS = (2, 4, 6), (50, 100, 200), (2, 5, 10)
SEGMENTS = (  # (recent, often, much) → segment
    ("important_value", True, True, True),
    ("important_keep", False, True, True),
    ("important_develop", True, False, True),
    ("important_winback", False, False, True),
    ("general_value", True, True, False),
    ("general_keep", False, True, False),
    ("general_develop", True, False, False),
    ("general_winback", False, False, False),
)


def by_sql(path: str) -> tuple[float, Answer]:
    """Seconds and answer, by hand in DuckDB's SQL: one row per member once, then one query per table."""
    import duckdb

    started = time.perf_counter()
    con = duckdb.connect()

    def rows(query: str) -> list[list[Any]]:
        return [list(row) for row in con.execute(query).fetchall()]

    as_of: dt.date = rows(f"SELECT max(paid_at)::DATE FROM '{path}'")[0][0]
    trades = f"""
        FROM '{path}'
        WHERE member_id IS NOT NULL AND status IN {STATUSES} AND paid_amount > refund_amount
          AND paid_at < DATE '{as_of}' + 1
    """
    con.execute(f"""
        CREATE TEMP TABLE members AS
        SELECT member_id, min(paid_at)::DATE AS first_on, max(paid_at)::DATE AS last_on, count(*) AS orders,
               sum(paid_amount - refund_amount)::DOUBLE AS total
        {trades} GROUP BY member_id
    """)

    def spread(value: str, edges: tuple[Any, ...]) -> list[list[Any]]:
        cases = " ".join(f"WHEN {value} <= {edge} THEN {place}" for place, edge in enumerate(edges))
        return rows(f"""
            SELECT CASE {cases} ELSE {len(edges)} END AS place, count(*), sum(orders), sum(total)
            FROM members GROUP BY place ORDER BY place
        """)

    answer: Answer = {}
    days = tuple(
        rows(f"SELECT DATE '{as_of}' - (DATE '{as_of}' - INTERVAL {n} MONTH)::DATE")[0][0] for n in MONTHS
    )
    answer["time"] = spread(f"(DATE '{as_of}' - last_on)", days)
    answer["amount"] = spread("round(total / orders, 6)", AMOUNTS)
    answer["count"] = spread("orders", COUNTS)
    answer["months"] = rows(f"""
        SELECT month, orders, members, coalesce(firsts, 0), amount
        FROM (SELECT date_trunc('month', paid_at)::DATE AS month, count(*) AS orders,
                     count(DISTINCT member_id) AS members, sum(paid_amount - refund_amount)::DOUBLE AS amount
              {trades} GROUP BY month)
        LEFT JOIN (SELECT date_trunc('month', first_on)::DATE AS month, count(*) AS firsts
                   FROM members GROUP BY month) USING (month)
        ORDER BY month
    """)
    answer["segments"] = rows(f"""
        WITH cut AS (SELECT median(DATE '{as_of}' - last_on) AS r, median(orders) AS f, median(total) AS m
                     FROM members)
        SELECT DATE '{as_of}' - last_on <= r AS recent, orders > f AS often, total > m AS much,
               count(*), sum(orders), sum(total), avg(DATE '{as_of}' - last_on), avg(orders), avg(total)
        FROM members, cut GROUP BY recent, often, much
    """)
    seconds = time.perf_counter() - started
    found = {tuple(row[:3]): row[3:] for row in answer["segments"]}
    answer["segments"] = [[name, *found[key]] for name, *rest in SEGMENTS if (key := tuple(rest)) in found]
    return seconds, _plain(answer)


def by_memberlib(path: str) -> tuple[float, Answer]:
    """Seconds and answer, with memberlib."""
    from memberlib import bands, calendar, rfm
    from memberlib.store import store_from

    started = time.perf_counter()
    store = store_from(path)
    tables = {
        "time": bands.time_bands(store, edges=MONTHS),
        "amount": bands.amount_bands(store, measure="mean", edges=AMOUNTS),
        "count": bands.count_bands(store, edges=COUNTS),
        "months": calendar.months(store),
        "segments": rfm.segments(store, method="median"),
    }
    seconds = time.perf_counter() - started
    answer: Answer = {}
    for name in ("time", "amount", "count"):
        columns = tables[name][["member_count", "order_count", "amount"]].to_numpy().tolist()
        answer[name] = [[place, *row] for place, row in enumerate(columns) if row[0]]
    months = tables["months"][["month", "order_count", "member_count", "new_member_count", "amount"]]
    answer["months"] = months.loc[months["order_count"] > 0].to_numpy().tolist()
    names = ["segment", "member_count", "order_count", "amount", "mean_recency_days", "mean_order_count"]
    segments = tables["segments"][[*names, "mean_total_amount"]]
    by_name = {row[0]: row for row in segments.loc[segments["member_count"] > 0].to_numpy().tolist()}
    answer["segments"] = [by_name[name] for name, *_ in SEGMENTS if name in by_name]
    return seconds, _plain(answer)


def by_polars(path: str) -> tuple[float, Answer]:
    """Seconds and answer, by hand for Polars' streaming engine; money stays an exact decimal until it is summed."""
    import polars as pl

    started = time.perf_counter()
    orders = pl.scan_parquet(path)
    net = pl.col("paid_amount") - pl.col("refund_amount")
    as_of = orders.select(pl.col("paid_at").max().dt.date()).collect(engine="streaming").item()
    trades = orders.filter(
        pl.col("member_id").is_not_null() & pl.col("status").is_in(STATUSES)
        & (pl.col("paid_amount") > pl.col("refund_amount"))
        & (pl.col("paid_at") < as_of + dt.timedelta(days=1))
    ).select("member_id", "paid_at", net=net)  # fmt: skip
    members_of, of_months = pl.collect_all(
        [
            trades.group_by("member_id").agg(
                first=pl.col("paid_at").min(), last=pl.col("paid_at").max(), orders=pl.len(), total=pl.col("net").sum()
            ),
            trades.group_by(month=pl.col("paid_at").dt.truncate("1mo").dt.date()).agg(
                orders=pl.len(), members=pl.col("member_id").n_unique(), amount=pl.col("net").sum().cast(pl.Float64)
            ),
        ],
        engine="streaming",
    )  # fmt: skip
    members = members_of.with_columns(
        total=pl.col("total").cast(pl.Float64),
        days=(pl.lit(as_of) - pl.col("last").dt.date()).dt.total_days(),
    ).with_columns(mean=(pl.col("total") / pl.col("orders")).round(6))

    def spread(value: str, edges: tuple[Any, ...]) -> list[list[Any]]:
        place = pl.sum_horizontal([(pl.col(value) > edge).cast(pl.Int32) for edge in edges])
        found = members.group_by(place=place).agg(pl.len(), pl.col("orders").sum(), pl.col("total").sum())
        return [list(row) for row in found.sort("place").rows()]

    back = [pl.select(pl.lit(as_of).dt.offset_by(f"-{n}mo")).item() for n in MONTHS]
    answer: Answer = {
        "time": spread("days", tuple((as_of - day).days for day in back)),
        "amount": spread("mean", AMOUNTS),
        "count": spread("orders", COUNTS),
    }
    firsts = members.group_by(month=pl.col("first").dt.truncate("1mo").dt.date()).agg(firsts=pl.len())
    by_month = of_months.join(firsts, on="month", how="left").sort("month")
    answer["months"] = [
        list(row)
        for row in by_month.select(
            "month", "orders", "members", pl.col("firsts").fill_null(0), "amount"
        ).rows()
    ]
    found = members.group_by(
        recent=pl.col("days") <= members["days"].median(), often=pl.col("orders") > members["orders"].median(),
        much=pl.col("total") > members["total"].median(),
    ).agg(
        pl.len(), pl.col("orders").sum(), pl.col("total").sum(), days=pl.col("days").mean(),
        mean_orders=pl.col("orders").mean(), mean_total=pl.col("total").mean(),
    )  # fmt: skip
    rows = {row[:3]: list(row[3:]) for row in found.rows()}
    seconds = time.perf_counter() - started
    answer["segments"] = [[name, *rows[key]] for name, *rest in SEGMENTS if (key := tuple(rest)) in rows]
    return seconds, _plain(answer)


def by_pandas(path: str) -> tuple[float, Answer]:
    """Seconds and answer, in pandas, the plain way."""
    import pandas as pd

    started = time.perf_counter()
    orders = pd.read_parquet(path)
    orders["net"] = orders["paid_amount"].astype("float64") - orders["refund_amount"].astype("float64")
    as_of = orders["paid_at"].max().normalize()
    trades = orders[orders["member_id"].notna() & orders["status"].isin(STATUSES) & (orders["net"] > 0.005)]
    members = trades.groupby("member_id").agg(
        first=("paid_at", "min"), last=("paid_at", "max"), orders=("net", "size"), total=("net", "sum")
    )
    members["total"] = members["total"].round(4)
    members["days"] = (as_of - members["last"].dt.normalize()).dt.days
    members["mean"] = (members["total"] / members["orders"]).round(6)

    def spread(value: str, edges: tuple[Any, ...]) -> list[list[Any]]:
        place = pd.cut(members[value], [float("-inf"), *edges, float("inf")], labels=False)
        found = members.groupby(place.rename("place")).agg(
            members=("total", "size"), orders=("orders", "sum"), total=("total", "sum")
        )
        return found.reset_index().to_numpy().tolist()

    days = tuple((as_of - (as_of - pd.DateOffset(months=n))).days for n in MONTHS)
    answer: Answer = {
        "time": spread("days", days),
        "amount": spread("mean", AMOUNTS),
        "count": spread("orders", COUNTS),
    }
    month = trades["paid_at"].dt.to_period("M")
    by_month = trades.groupby(month).agg(
        orders=("net", "size"), members=("member_id", "nunique"), amount=("net", "sum")
    )
    by_month.insert(2, "firsts", members.groupby(members["first"].dt.to_period("M")).size())
    by_month["firsts"] = by_month["firsts"].fillna(0)
    answer["months"] = [
        [key.start_time.date(), *row] for key, *row in by_month.reset_index().to_numpy().tolist()
    ]
    flags = [
        (members["days"] <= members["days"].median()).rename("recent"),
        (members["orders"] > members["orders"].median()).rename("often"),
        (members["total"] > members["total"].median()).rename("much"),
    ]
    found = members.groupby(flags).agg(
        members=("total", "size"), orders=("orders", "sum"), total=("total", "sum"),
        days=("days", "mean"), mean_orders=("orders", "mean"), mean_total=("total", "mean"),
    )  # fmt: skip
    seconds = time.perf_counter() - started
    by_key = {key: row for key, row in zip(found.index, found.to_numpy().tolist(), strict=True)}
    answer["segments"] = [[name, *by_key[key]] for name, *rest in SEGMENTS if (key := tuple(rest)) in by_key]
    return seconds, _plain(answer)


WAYS: dict[str, Callable[[str], tuple[float, Answer]]] = {
    "sql": by_sql,
    "polars": by_polars,
    "memberlib": by_memberlib,
    "pandas": by_pandas,
}


def _plain(answer: Answer) -> Answer:
    """Dates as text and numbers as floats, so that a table can be told as JSON and compared."""

    def cell(value: Any) -> Any:
        if isinstance(value, str):
            return value
        return value.isoformat() if isinstance(value, dt.date) else float(value)

    return {name: [[cell(value) for value in row] for row in rows] for name, rows in answer.items()}
