"""Headline figures: worked out by hand, then the reference on random shops."""

import datetime as dt

import pandas as pd
import pytest
import reference as ref
from hypothesis import given, settings
from hypothesis import strategies as st

from memberlib import indicators
from memberlib.errors import InputError
from memberlib.store import store_from

FIGURES = ["active_members", "new_members", "amount", "mean_order_amount", "repeat_share"]


def shop(rows, **options):
    """A shop of (member, day, amount) rows, all completed."""
    frame = pd.DataFrame(rows, columns=["member_id", "paid_at", "paid_amount"])
    frame["paid_at"] = pd.to_datetime(frame["paid_at"])
    frame = frame.assign(order_id=[str(n) for n in range(len(frame))], status="completed")
    return store_from(frame, con=ref.connection(), **options)


def column(found, name):
    return found.set_index("figure")[name].to_dict()


@pytest.fixture(scope="module")
def small():
    """As of 30 January 10 days begin on the 21st, the 10 before on the 11th, the shop on the 1st."""
    return shop(
        [
            ("a", "2026-01-01", 10),
            ("a", "2026-01-11", 20),
            ("b", "2026-01-11", 20),
            ("b", "2026-01-20", 30),
            ("b", "2026-01-21", 40),
            ("c", "2026-01-30", 60),
            ("c", "2026-01-30", 50),
            ("d", "2026-01-25", 50),
        ],
        as_of="2026-01-30",
    )


def test_by_hand(small):
    found = indicators.headline(small, days=10)
    assert found["figure"].tolist() == FIGURES
    # Now: b 40, c 60 50, d 50. Before: a 20, b 20 30. New: c and d now, b before.
    assert column(found, "value") == pytest.approx(
        {"active_members": 3, "new_members": 2, "amount": 200, "mean_order_amount": 50, "repeat_share": 1 / 3}
    )
    assert column(found, "before") == pytest.approx(
        {
            "active_members": 2,
            "new_members": 1,
            "amount": 70,
            "mean_order_amount": 70 / 3,
            "repeat_share": 0.5,
        }
    )
    assert column(found, "change_share") == pytest.approx(
        {
            "active_members": 0.5,
            "new_members": 1,
            "amount": 200 / 70 - 1,
            "mean_order_amount": 150 / 70 - 1,
            "repeat_share": -1 / 3,
        }
    )
    assert found["unit"].tolist() == ["count", "count", "money", "money", "share"]
    assert found["numerator"].tolist() == [3, 2, 200, 200, 1]
    assert found["denominator"].isna().tolist() == [True, True, True, False, False]
    assert found["denominator"].tolist()[3:] == [4, 3]
    assert found["base"].tolist() == [4, 4, 4, 4, 3]
    about = found.attrs
    assert (about["days"], about["base"], about["counts"], about["covered"]) == (10, 4, "members", True)
    assert (about["from_on"], about["before_from_on"]) == (dt.date(2026, 1, 21), dt.date(2026, 1, 11))


def test_before_is_empty_where_the_history_does_not_cover_it(small):
    # The shop began on day 30 of 30: two windows of 15 days are covered, two of 16 are not.
    assert indicators.headline(small, days=15)["before"].notna().tolist() == [True, False, True, True, True]
    short = indicators.headline(small, days=16)
    assert short["before"].isna().all() and short["change_share"].isna().all() and not short.attrs["covered"]
    assert short["value"].notna().all()


def test_who_was_new_before_takes_a_window_more(small):
    # Three windows of 10 days are covered, three of 11 are not.
    assert column(indicators.headline(small, days=10), "before")["new_members"] == 1
    assert pd.isna(column(indicators.headline(small, days=11), "before")["new_members"])


@pytest.mark.parametrize(("first", "days"), [("2024-01-02", 365), ("2024-01-03", 90), ("2025-12-31", 90)])
def test_a_year_where_two_are_known_else_ninety_days(first, days):
    found = indicators.headline(shop([("a", first, 10)], as_of="2025-12-31"))
    assert found.attrs["days"] == found.attrs["params"]["days"] == days
    assert found.attrs["covered"] == (first < "2025-12-31")


def test_no_value_where_nothing_was_sold():
    found = indicators.headline(shop([("a", "2025-01-01", 10)], as_of="2025-12-31"))
    assert column(found, "value")["amount"] == 0 and column(found, "value")["active_members"] == 0
    assert found["value"].isna().tolist() == [False, False, False, True, True]
    assert column(found, "before")["amount"] == 0
    assert found["change_share"].isna().all()  # nothing can be said of a change from 0


def test_a_shop_without_trades():
    found = indicators.headline(shop([(None, "2025-01-01", 10)]))
    assert found["figure"].tolist() == FIGURES and found.attrs["base"] == 0
    assert found["value"].isna().tolist() == [False, False, False, True, True]


@pytest.mark.parametrize("days", [0, -1, 2.5, "many", True, 400_000])
def test_bad_days_are_named(small, days):
    with pytest.raises(InputError) as told:
        indicators.headline(small, days=days)
    assert str(days) in str(told.value) and "\n" not in str(told.value)


@settings(max_examples=ref.EXAMPLES)
@given(made=ref.shops(), days=st.sampled_from([None, 1, 7, 30, 90, 365]))
def test_the_figures_agree_with_the_reference(made, days):
    found = indicators.headline(ref.store_of(made), days=days)
    if days is None:
        age = -1 if made.begun is None else (made.as_of - made.begun).days + 1
        assert found.attrs["days"] == (365 if age >= 730 else 90)
    wanted = ref.headline(made.trades(), made.as_of, made.begun, found.attrs["days"])
    pairs = zip(found["figure"], found["value"], found["before"], strict=True)
    ref.same(pairs, [(name, *wanted[name]) for name in FIGURES])
    for row in found.dropna(subset=["denominator", "value"]).itertuples():
        assert row.value == pytest.approx(row.numerator / row.denominator)
