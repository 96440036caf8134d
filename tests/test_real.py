"""Does real data come through as it is in its source? Complete Journey, counted apart in pandas.

Nothing here asks the script that makes the exports what the right figures are: every expectation is counted
from the package's own Parquet files.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from memberlib import bands, calendar, indicators, levels, rfm
from memberlib.imports import import_files
from memberlib.lake import Lake
from memberlib.store import Store, open_store

CHAIN = "complete-journey"
SHOPS = ("367", "406", "292", "3297", "2")
ROOT = Path(__file__).parents[1]
MONTHS, AMOUNTS, COUNTS = [1, 2, 4, 6], [10, 25, 50, 100], [1, 5, 20, 50]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("complete_journey", ROOT / "real" / "complete_journey.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def lines(script: ModuleType) -> pd.DataFrame:
    rows = pd.read_parquet(script.source("transactions"))
    rows["cents"] = (rows["sales_value"] * 100).round().astype("int64")
    stamps = rows["transaction_timestamp"].dt.tz_localize("UTC")
    rows["local"] = stamps.dt.tz_convert("America/New_York").dt.tz_localize(None)
    return rows


@pytest.fixture(scope="module")
def baskets(lines: pd.DataFrame) -> pd.DataFrame:
    """One row per basket: shop, member, local time, cents, lines."""
    return lines.groupby("basket_id", as_index=False).agg(
        shop=("store_id", "first"), member=("household_id", "first"), paid_at=("local", "max"),
        cents=("cents", "sum"), line_count=("cents", "size"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def exports(script: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    return script.write_exports(tmp_path_factory.mktemp("exports"), only=(CHAIN, *SHOPS))


@pytest.fixture(scope="module")
def imported(
    script: ModuleType, exports: dict[str, list[Path]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[Any]]:
    """The data folder and the accounts."""
    data = tmp_path_factory.mktemp("data")
    script.write_settings(data, list(exports))
    return data, script.take_in(exports, data)


def of(rows: pd.DataFrame, column: str, shop: str) -> pd.DataFrame:
    return rows if shop == CHAIN else rows[rows[column] == int(shop)]


def cents(amount: Any) -> int:
    """The one amount of a column, in cents and exactly."""
    found = amount[0].as_py() * 100
    assert found == int(found)
    return int(found)


def test_the_source_is_the_one_described(lines: pd.DataFrame, script: ModuleType) -> None:
    assert len(lines) == 1_469_307
    assert lines[["basket_id", "household_id", "store_id"]].nunique().tolist() == [155_848, 2_469, 457]
    assert lines.groupby("basket_id")[["store_id", "household_id", "local"]].nunique().max().tolist() == [
        1,
        1,
        1,
    ]
    households = lines.groupby("store_id")["household_id"].nunique()
    assert sorted(script.large_shops()) == sorted(households.index[households >= 50].astype(str))
    assert len(script.large_shops()) == 99


def test_every_account_adds_up_to_what_the_source_holds(
    imported: tuple[Path, list[Any]], lines: pd.DataFrame, baskets: pd.DataFrame
) -> None:
    data, accounts = imported
    assert len(accounts) == 2 * (1 + len(SHOPS))
    for account in accounts:
        shop = account.store_id
        wanted = len(of(lines, "store_id", shop) if account.table == "items" else of(baskets, "shop", shop))
        assert (account.read_count, account.accepted_count) == (wanted, wanted)
        assert (account.same_count, account.replaced_count, account.rejected_count) == (0, 0, 0)
    for shop in (CHAIN, *SHOPS):
        assert Lake(data / "lake").imports(shop)["accepted_count"].tolist() == [
            account.accepted_count for account in accounts if account.store_id == shop
        ]


def test_a_second_import_changes_nothing(
    imported: tuple[Path, list[Any]], exports: dict[str, list[Path]]
) -> None:
    data, _ = imported
    before = Lake(data / "lake").version("367")
    for account in import_files(exports["367"], "367", data=data):
        assert account.same_count == account.read_count > 0
    after = Lake(data / "lake").version("367")
    assert (after.number, after.digest, after.files) == (before.number, before.digest, before.files)


@pytest.mark.parametrize("shop", [CHAIN, *SHOPS])
def test_the_totals_are_those_of_the_source(
    shop: str, imported: tuple[Path, list[Any]], lines: pd.DataFrame, baskets: pd.DataFrame
) -> None:
    store = open_store(shop, data=imported[0])
    wanted = of(baskets, "shop", shop)
    trades = wanted[wanted["cents"] > 0]
    assert store.as_of == wanted["paid_at"].max().date()
    assert store.buyer_count == trades["member"].nunique()
    found = store.trades.aggregate(
        count=store.trades.count(), amount=store.trades.net_amount.sum()
    ).to_pyarrow()
    assert found["count"][0].as_py() == len(trades)
    assert cents(found["amount"]) == trades["cents"].sum()
    left_out = store.left_out.set_index("reason")["order_count"]
    assert left_out.sum() == left_out["refunded"] == len(wanted) - len(trades)
    items = store.items.aggregate(count=store.items.count(), amount=store.items.amount.sum()).to_pyarrow()
    own = of(lines, "store_id", shop)
    assert (items["count"][0].as_py(), cents(items["amount"])) == (len(own), own["cents"].sum())


# --- shop 367: the five themes ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shop(imported: tuple[Path, list[Any]]) -> Store:
    return open_store("367", data=imported[0])


@pytest.fixture(scope="module")
def trades(baskets: pd.DataFrame) -> pd.DataFrame:
    return baskets[(baskets["shop"] == 367) & (baskets["cents"] > 0)]


@pytest.fixture(scope="module")
def members(baskets: pd.DataFrame, trades: pd.DataFrame) -> pd.DataFrame:
    as_of = baskets.loc[baskets["shop"] == 367, "paid_at"].max().normalize()
    rows = trades.groupby("member").agg(
        first=("paid_at", "min"), last=("paid_at", "max"), orders=("cents", "size"), cents=("cents", "sum")
    )
    rows["days"] = (as_of - rows["last"].dt.normalize()).dt.days
    return rows


def spread(value: pd.Series, edges: list[float], members: pd.DataFrame) -> pd.DataFrame:
    """The table of a theme's intervals: counts, shares and amounts of the members by a value."""
    place = pd.cut(value, [-float("inf"), *edges, float("inf")], labels=range(len(edges) + 1)).astype(int)
    sums = members.groupby(place)[["orders", "cents"]].sum().assign(members=place.value_counts())
    sums = sums.reindex(range(len(edges) + 1), fill_value=0)
    table = pd.DataFrame({"lower": [None, *edges], "upper": [*edges, None]}, dtype=object)
    table["member_count"] = sums["members"]
    table["member_share"] = sums["members"] / len(members)
    table["order_count"] = sums["orders"]
    table["order_share"] = sums["orders"] / members["orders"].sum()
    table["amount"] = sums["cents"] / 100
    table["amount_share"] = sums["cents"] / members["cents"].sum()
    return table


def same(result: pd.DataFrame, wanted: pd.DataFrame) -> None:
    found = result[wanted.columns].reset_index(drop=True)
    found.attrs = {}
    assert_frame_equal(found, wanted.reset_index(drop=True), check_dtype=False, rtol=1e-9, atol=1e-9)


def test_level(shop: Store, members: pd.DataFrame) -> None:
    level = pd.Series("regular", index=members.index)
    for name, amount, orders in (("advanced", 1_000, 5), ("vip", 3_000, 10), ("supreme", 10_000, 20)):
        level[(members["cents"] >= amount * 100) | (members["orders"] >= orders)] = name
    rows = []
    for name in ("regular", "advanced", "vip", "supreme"):
        own = members[level == name]
        orders, cents = own["orders"].sum(), own["cents"].sum()
        rows.append({
            "level": name, "member_count": len(own), "member_share": len(own) / len(members),
            "order_count": orders, "order_share": orders / members["orders"].sum(), "amount": cents / 100,
            "amount_share": cents / members["cents"].sum(), "mean_order_amount": cents / 100 / orders,
            "repeat_share": (own["orders"] >= 2).mean(),
        })  # fmt: skip
    same(levels.structure(shop), pd.DataFrame(rows))


def test_time(shop: Store, members: pd.DataFrame, baskets: pd.DataFrame) -> None:
    as_of = baskets.loc[baskets["shop"] == 367, "paid_at"].max().normalize()
    cuts = [as_of - pd.DateOffset(months=months) for months in MONTHS]
    months = sum((members["last"].dt.normalize() < cut).astype(int) for cut in cuts)
    places = pd.Series([0.5, 1.5, 3, 5, 7])[months].set_axis(members.index)
    same(bands.time_bands(shop), spread(places, MONTHS, members))


def test_amount(shop: Store, members: pd.DataFrame, trades: pd.DataFrame) -> None:
    mean = members["cents"] / members["orders"] / 100
    same(bands.amount_bands(shop), spread(mean, AMOUNTS, members))
    same(bands.amount_bands(shop, measure="total"), spread(members["cents"] / 100, AMOUNTS, members))
    by_order = bands.amount_bands(shop, measure="order")
    singly = pd.cut(trades["cents"] / 100, [0, *AMOUNTS, float("inf")]).value_counts(sort=False)
    assert by_order["order_count"].tolist() == singly.tolist()
    assert by_order.attrs["base"] == len(trades)


def test_count(shop: Store, members: pd.DataFrame) -> None:
    same(bands.count_bands(shop), spread(members["orders"], COUNTS, members))


def test_months(shop: Store, members: pd.DataFrame, trades: pd.DataFrame) -> None:
    month = trades["paid_at"].dt.to_period("M")
    wanted = trades.groupby(month).agg(
        order_count=("cents", "size"), member_count=("member", "nunique"), amount=("cents", "sum")
    )
    wanted["amount"] /= 100
    wanted["new_member_count"] = members.groupby(members["first"].dt.to_period("M")).size()
    wanted = wanted.fillna({"new_member_count": 0}).reset_index(names="month")
    wanted["month"] = wanted["month"].dt.start_time.dt.date
    same(calendar.months(shop), wanted)


def test_rfm(shop: Store, members: pd.DataFrame) -> None:
    recent = members["days"] <= members["days"].median()
    often = members["orders"] > members["orders"].median()
    much = members["cents"] > members["cents"].median()
    kinds = {
        (True, True): "value",
        (False, True): "keep",
        (True, False): "develop",
        (False, False): "winback",
    }
    segment = pd.Series(
        [
            f"{'important' if m else 'general'}_{kinds[r, f]}"
            for r, f, m in zip(recent, often, much, strict=True)
        ],
        index=members.index,
    )
    wanted = members.groupby(segment).agg(
        member_count=("days", "size"), order_count=("orders", "sum"), amount=("cents", "sum"),
        mean_recency_days=("days", "mean"), mean_order_count=("orders", "mean"),
        mean_total_amount=("cents", "mean"),
    )  # fmt: skip
    wanted[["amount", "mean_total_amount"]] /= 100
    wanted.insert(1, "member_share", wanted["member_count"] / len(members))
    found = rfm.segments(shop, method="median")
    assert found["segment"].tolist() == list(rfm.SEGMENTS)
    assert found["member_count"].sum() == len(members)
    full = found[found["member_count"] > 0]
    same(full, wanted.loc[full["segment"]].reset_index(names="segment"))


def test_headline(shop: Store, members: pd.DataFrame, trades: pd.DataFrame) -> None:
    """A year of data: the last 90 days against the 90 before."""
    found = indicators.headline(shop).set_index("figure")
    days = found.attrs.get("days") or indicators.headline(shop).attrs["days"]
    assert days == 90
    ends = pd.Timestamp(shop.as_of) + pd.Timedelta(days=1)
    starts = [ends - pd.Timedelta(days=180), ends - pd.Timedelta(days=90), ends]
    for column, start, end in (("before", starts[0], starts[1]), ("value", starts[1], starts[2])):
        window = trades[(trades["paid_at"] >= start) & (trades["paid_at"] < end)]
        fresh = members[(members["first"] >= start) & (members["first"] < end)]
        counts = window.groupby("member").size()
        assert found.loc["active_members", column] == len(counts)
        assert found.loc["new_members", column] == len(fresh)
        assert found.loc["amount", column] == pytest.approx(window["cents"].sum() / 100)
        assert found.loc["mean_order_amount", column] == pytest.approx(window["cents"].mean() / 100)
        assert found.loc["repeat_share", column] == pytest.approx((counts >= 2).mean())


def test_the_year_ends_on_its_last_day(imported: tuple[Path, list[Any]]) -> None:
    assert open_store(CHAIN, data=imported[0]).as_of == dt.date(2017, 12, 31)
