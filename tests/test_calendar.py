"""Months, seasons, goods and hours: figures worked out by hand, then the reference on random shops."""

import datetime as dt

import pandas as pd
import pytest
import reference as ref
from hypothesis import given, settings

from memberlib import calendar
from memberlib.errors import InputError
from memberlib.settings import Settings
from memberlib.store import store_from


def shop(rows, **options):
    """A shop of (member, moment, amount) rows, all completed."""
    frame = pd.DataFrame(rows, columns=["member_id", "paid_at", "paid_amount"])
    frame["paid_at"] = pd.to_datetime(frame["paid_at"], format="ISO8601")
    frame = frame.assign(order_id=[str(n) for n in range(len(frame))], status="completed")
    return store_from(frame, con=ref.connection(), **options)


def rows(result):
    return list(result.itertuples(index=False, name=None))


def monthly(counts, year=2025):
    """So many orders on the 1st of each month, each by a member of its own, for 10."""
    return [
        (f"m{m}-{n}", f"{year}-{m:02}-01", 10)
        for m, count in enumerate(counts, start=1)
        for n in range(count)
    ]


# ---- months ---------------------------------------------------------------------------------------


def test_months_by_hand():
    store = shop(
        [
            ("a", "2025-11-15", 50),
            ("a", "2026-01-01", 30),
            ("b", "2026-01-31 23:59", 20),
            ("a", "2026-01-02", 10),
        ],
        as_of="2026-02-27",
    )
    found = calendar.months(store)
    assert rows(found.drop(columns=["ratio", "season"])) == [
        (dt.date(2025, 11, 1), 1, 1, 1, 50.0, 50.0, False),
        (dt.date(2025, 12, 1), 0, 0, 0, 0.0, pytest.approx(float("nan"), nan_ok=True), True),
        (dt.date(2026, 1, 1), 3, 2, 1, 60.0, 20.0, True),
        (dt.date(2026, 2, 1), 0, 0, 0, 0.0, pytest.approx(float("nan"), nan_ok=True), False),
    ]
    # The median of 0 and 3 is 1.5; months that are not whole are compared with nothing.
    assert found["ratio"].isna().tolist() == [True, False, False, True]
    assert found["ratio"].tolist()[1:3] == [0.0, 2.0]
    assert found["season"].isna().all() and found.attrs["too_short"]
    assert found.attrs["median_order_count"] == 1.5 and found.attrs["whole_count"] == 2
    assert (found.attrs["counts"], found.attrs["base"], found.attrs["theme"]) == ("orders", 4, "time")


def test_a_month_is_whole_from_its_first_day_to_its_last():
    def whole(first, as_of):
        return calendar.months(shop([("a", first, 10)], as_of=as_of))["whole"].tolist()

    assert whole("2024-02-01", "2024-02-29") == [True]
    assert whole("2024-02-01", "2024-02-28") == [False]
    assert whole("2024-02-02", "2024-03-31") == [False, True]


def test_an_order_that_is_not_counted_shows_that_the_shop_was_open():
    store = shop([(None, "2026-01-20", 10), ("a", "2026-02-15", 10)], as_of="2026-02-28")
    assert calendar.months(store)[["month", "whole"]].values.tolist() == [[dt.date(2026, 2, 1), True]]


def test_peak_and_slack_months():
    # Median of the eight whole months: 20. 25 is 1.25 of it, 15 is 0.75.
    store = shop(monthly([20, 25, 24, 15, 16, 20, 20, 40]), as_of="2025-08-31")
    found = calendar.months(store)
    assert found.attrs["median_order_count"] == 20 and not found.attrs["too_short"]
    assert found["ratio"].tolist() == [1.0, 1.25, 1.2, 0.75, 0.8, 1.0, 1.0, 2.0]
    assert found["season"].tolist() == [
        "normal",
        "peak",
        "normal",
        "slack",
        "normal",
        "normal",
        "normal",
        "peak",
    ]
    strict = shop(
        monthly([20, 25, 24, 15, 16, 20, 20, 40]), as_of="2025-08-31", settings=Settings(peak_ratio=1.5)
    )
    assert calendar.months(strict)["season"].tolist().count("peak") == 1


def test_six_whole_months_are_needed():
    five = calendar.months(shop(monthly([1, 1, 1, 1, 1, 9]), as_of="2025-06-29"))
    assert five.attrs["too_short"] and five["season"].isna().all() and five["ratio"].tolist()[:5] == [1.0] * 5
    six = calendar.months(shop(monthly([1, 1, 1, 1, 1, 9]), as_of="2025-06-30"))
    assert not six.attrs["too_short"] and six["season"].tolist() == [*["normal"] * 5, "peak"]


def test_a_usual_month_without_trades_makes_no_season():
    found = calendar.months(shop([("a", "2025-01-01", 10)], as_of="2025-08-31"))
    assert (
        found.attrs["median_order_count"] == 0
        and found["ratio"].isna().all()
        and found["season"].isna().all()
    )


def test_months_of_a_shop_without_trades():
    found = calendar.months(shop([(None, "2025-01-01", 10)]))
    assert found.empty and found.attrs["too_short"] and found.attrs["median_order_count"] is None
    assert found.columns.tolist() == [
        "month",
        "order_count",
        "member_count",
        "new_member_count",
        "amount",
        "mean_order_amount",
        "whole",
        "ratio",
        "season",
    ]


def test_members_of_a_month_over_many_years():
    """Beyond the months that facts hold as bits, members are counted from the trades."""
    long = [
        ("a", "2012-03-01", 10),
        ("a", "2012-03-09", 10),
        ("b", "2012-03-09", 10),
        ("a", "2026-03-01", 10),
    ]
    for rows_, months in ((long, 169), (long[:3], 1)):
        found = calendar.months(shop(rows_))
        assert len(found) == months
        assert found["member_count"].iloc[0] == 2 and found["order_count"].iloc[0] == 3
        assert found["member_count"].sum() == len(rows_) - 1


# ---- goods ----------------------------------------------------------------------------------------


def goods_shop(items, **options):
    """Peak in August, slack in April (orders 20 25 24 15 16 20 20 40 of the 1st of each month)."""
    counts = [20, 25, 24, 15, 16, 20, 20, 40]
    first = [sum(counts[:m]) for m in range(8)]  # order id of each month's first order
    frame = pd.DataFrame(
        [(str(first[month - 1]), str(n), *rest) for n, (month, *rest) in enumerate(items)],
        columns=["order_id", "line_id", "category", "product_name", "quantity", "amount"],
    )
    return shop(monthly(counts), items=frame, as_of="2025-08-31", **options)


def test_goods_by_hand():
    store = goods_shop(
        [
            (8, "coat", "coat A", 1, 60),
            (8, "coat", "coat B", 2, 20),
            (8, "scarf", "scarf", 4, 20),
            (4, "dress", "dress", 1, 30),
            (4, "scarf", "scarf", 1, 10),
            (1, "dress", "dress", 2, 60),
            (4, None, "gift", 1, 5),
        ]
    )
    found = calendar.season_goods(store)
    # All lines with a category come to 200: coats 80, dresses 90, scarves 30.
    assert rows(found) == [
        ("peak", "coat", "category", 3.0, 80.0, 0.8, 0.4, 2.0, 1),
        ("peak", "scarf", "category", 4.0, 20.0, 0.2, 0.15, pytest.approx(4 / 3), 2),
        ("slack", "dress", "category", 1.0, 30.0, 0.75, 0.45, pytest.approx(5 / 3), 1),
        ("slack", "scarf", "category", 1.0, 10.0, 0.25, 0.15, pytest.approx(5 / 3), 2),
    ]
    assert (
        found.attrs["base"] == 3
        and found.attrs["counts"] == "orders"
        and found.attrs["without_good_count"] == 1
    )
    assert found.attrs["peak_months"] == [dt.date(2025, 2, 1), dt.date(2025, 8, 1)]
    assert found.attrs["slack_months"] == [dt.date(2025, 4, 1)]
    assert calendar.season_goods(store, limit=1)["good"].tolist() == ["coat", "dress"]
    assert calendar.season_goods(store, limit=1)["amount_share"].tolist() == [0.8, 0.75]


def test_goods_are_products_where_there_are_no_categories():
    found = calendar.season_goods(
        goods_shop([(8, None, "coat A", 1, 60), (4, None, "tea", 1, 60), (4, None, None, 1, 1)])
    )
    assert found[["good", "kind", "lift"]].values.tolist() == [
        ["coat A", "product", 2.0],
        ["tea", "product", 2.0],
    ]
    assert found.attrs["without_good_count"] == 1


def test_goods_equal_in_amount_stand_by_name():
    found = calendar.season_goods(goods_shop([(8, "b", "x", 1, 60), (8, "a", "x", 1, 60)]))
    assert found["good"].tolist() == ["a", "b"] and found["rank"].tolist() == [1, 2]


def test_lines_of_orders_that_do_not_count_are_not_seen():
    orders = pd.DataFrame(monthly([1, 1, 1, 1, 1, 1, 5]), columns=["member_id", "paid_at", "paid_amount"])
    orders = orders.assign(order_id=[str(n) for n in range(len(orders))], status="completed")
    orders["paid_at"] = pd.to_datetime(orders["paid_at"])
    orders.loc[orders.index[-1], "member_id"] = None  # a guest's order in the peak month
    items = pd.DataFrame(
        {
            "order_id": ["10", "9"],
            "line_id": ["1", "1"],
            "category": ["guest", "member"],
            "quantity": [1, 1],
            "amount": [10, 10],
        }
    )
    store = store_from(orders, items=items, as_of="2025-07-31", con=ref.connection())
    assert calendar.season_goods(store)["good"].tolist() == ["member"]


def test_no_goods_without_lines_or_seasons():
    without = calendar.season_goods(shop(monthly([20, 25, 24, 15, 16, 20, 20, 40]), as_of="2025-08-31"))
    assert without.empty and without.attrs["has_items"] is False and not without.attrs["too_short"]
    items = pd.DataFrame(
        {"order_id": ["0"], "line_id": ["1"], "category": ["tea"], "quantity": [1], "amount": [10]}
    )
    short = calendar.season_goods(shop([("a", "2025-01-01", 10)], items=items))
    assert short.empty and short.attrs["has_items"] and short.attrs["too_short"]
    assert short.columns.tolist() == [
        "season",
        "good",
        "kind",
        "quantity",
        "amount",
        "amount_share",
        "overall_share",
        "lift",
        "rank",
    ]
    with pytest.raises(InputError, match="limit: 0"):
        calendar.season_goods(without_items := shop([("a", "2025-01-01", 10)]), limit=0)
    assert calendar.season_goods(without_items, limit=None).empty


# ---- hours ----------------------------------------------------------------------------------------


def test_week_hours_by_hand():
    # 5 January 2026 is a Monday, 11 January a Sunday.
    store = shop(
        [
            ("a", "2026-01-05", 10),
            ("a", "2026-01-05 00:59:59", 20),
            ("b", "2026-01-11 23:00", 30),
            ("b", "2026-01-12 00:01", 40),
        ]
    )
    found = calendar.week_hours(store)
    assert len(found) == 168 and found.attrs["has_hours"] and found.attrs["base"] == 4
    assert rows(found[found["order_count"] > 0]) == [(0, 0, 3, 70.0, 0.75), (6, 23, 1, 30.0, 0.25)]
    assert list(zip(found["weekday"], found["hour"], strict=True)) == [
        (d, h) for d in range(7) for h in range(24)
    ]


def test_week_hours_of_days_alone():
    found = calendar.week_hours(shop([("a", "2026-01-05", 10), ("a", "2026-01-11", 30)]))
    assert len(found) == 7 and not found.attrs["has_hours"]
    assert found["hour"].tolist() == [None] * 7
    assert found["order_count"].tolist() == [1, 0, 0, 0, 0, 0, 1]
    assert found["amount"].tolist() == [10.0, 0, 0, 0, 0, 0, 30.0]


def test_one_second_past_midnight_is_an_hour():
    assert calendar.week_hours(shop([("a", "2026-01-05 00:00:01", 10)])).attrs["has_hours"]


def test_week_hours_of_a_shop_without_trades():
    found = calendar.week_hours(shop([(None, "2026-01-05 10:00", 10)]))
    assert len(found) == 7 and found["order_count"].sum() == 0 and found["order_share"].isna().all()


# ---- whatever the shop ----------------------------------------------------------------------------


@settings(max_examples=ref.EXAMPLES)
@given(made=ref.shops(max_orders=40))
def test_the_calendar_agrees_with_the_reference(made):
    store, trades = ref.store_of(made), made.trades()
    months = calendar.months(store)
    table = ref.months(trades, made.as_of, made.begun)
    ref.same(rows(months), [tuple(row[name] for name in months.columns) for row in table])
    assert months["order_count"].sum() == months.attrs["base"] == len(trades)
    assert months["new_member_count"].sum() == store.buyer_count
    ref.same(rows(calendar.week_hours(store)), ref.week(trades))
    if made.items["category"].notna().any():
        ref.same(rows(calendar.season_goods(store, limit=None)), ref.goods(made, trades, table))
