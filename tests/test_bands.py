"""Members over intervals: figures worked out by hand, then the reference on random shops."""

import datetime as dt
import time

import pandas as pd
import pytest
import reference as ref
from hypothesis import given, settings
from hypothesis import strategies as st

from memberlib import bands
from memberlib.errors import InputError
from memberlib.store import store_from

SOME_DAYS = st.sets(st.integers(1, 500), min_size=1, max_size=3)
COLUMNS = [
    "lower",
    "upper",
    "member_count",
    "member_share",
    "order_count",
    "order_share",
    "amount",
    "amount_share",
]


def shop(rows, **options):
    """A shop of (member, day, amount) rows, all completed."""
    frame = pd.DataFrame(rows, columns=["member_id", "paid_at", "paid_amount"])
    frame["paid_at"] = pd.to_datetime(frame["paid_at"])
    frame = frame.assign(order_id=[str(n) for n in range(len(frame))], status="completed")
    return store_from(frame, con=ref.connection(), **options)


@pytest.fixture(scope="module")
def small():
    """Four members: a has 2 orders of 50 each, b one of 50, c one of 100.01, d three of 200, 40 and 60."""
    return shop(
        [
            ("a", "2026-01-10", 50),
            ("a", "2026-04-30", 50),
            ("b", "2026-02-28", 50),
            ("c", "2026-02-27", 100.01),
            ("d", "2025-10-01", 200),
            ("d", "2025-10-31", 40),
            ("d", "2025-10-30", 60),
        ]
    )


def rows(result):
    return list(result.itertuples(index=False, name=None))


# ---- time -----------------------------------------------------------------------------------------


def test_months_are_calendar_months_clipped_to_the_end(small):
    # 30 April less 2 months is 28 February: b lies within, c is a day too late; 6 months back is 30 October.
    found = bands.time_bands(small, edges=[2, 4, 6])
    assert list(found.columns) == COLUMNS
    assert found["lower"].tolist() == [None, 2, 4, 6] and found["upper"].tolist() == [2, 4, 6, None]
    assert found["member_count"].tolist() == [2, 1, 1, 0]
    assert found["member_share"].tolist() == [0.5, 0.25, 0.25, 0.0]
    assert found["order_count"].tolist() == [3, 1, 3, 0]
    assert found["amount"].tolist() == [150.0, 100.01, 300.0, 0.0]
    assert found.attrs["cut_dates"] == [dt.date(2026, 2, 28), dt.date(2025, 12, 30), dt.date(2025, 10, 30)]
    assert found.attrs["edge_days"] == [61, 121, 182]


def test_a_result_says_what_it_is(small):
    about = bands.time_bands(small).attrs
    wanted = {
        "analysis": "time_bands",
        "theme": "time",
        "store": "shop",
        "as_of": dt.date(2026, 4, 30),
        "base": 4,
    }
    wanted |= {"counts": "members", "currency": "USD", "params": {"edges": [2, 4, 6], "unit": "months"}}
    assert {key: about[key] for key in wanted} == wanted


@pytest.mark.parametrize(
    ("as_of", "cut"),
    [
        ("2024-03-31", dt.date(2024, 2, 29)),
        ("2025-03-31", dt.date(2025, 2, 28)),
        ("2024-02-29", dt.date(2024, 1, 29)),
    ],
)
def test_leap_days(as_of, cut):
    last = cut.isoformat()
    early = (cut - dt.timedelta(days=1)).isoformat()
    found = bands.time_bands(shop([("on", last, 1), ("before", early, 1)], as_of=as_of), edges=[1])
    assert found.attrs["cut_dates"] == [cut]
    assert found["member_count"].tolist() == [1, 1]


def test_a_year_after_a_leap_day_is_the_28th():
    found = bands.time_bands(
        shop([("a", "2023-02-28", 1), ("b", "2023-02-27", 1)], as_of="2024-02-29"), edges=[12]
    )
    assert found["member_count"].tolist() == [1, 1]


def test_days(small):
    # Recency: a 0, b 61, c 62, d 181.
    found = bands.time_bands(small, edges=[61, 180, 181], unit="days")
    assert found["member_count"].tolist() == [2, 1, 1, 0]
    assert found.attrs["params"] == {"edges": [61, 180, 181], "unit": "days"}


def test_days_without_edges_are_the_days_of_the_shops_months(small):
    found = bands.time_bands(small, unit="days")
    assert found["upper"].tolist() == [61, 121, 182, None]
    assert found["member_count"].tolist() == bands.time_bands(small)["member_count"].tolist()


def test_a_shop_without_a_trade_has_rows_but_no_shares():
    store = shop([(None, "2026-01-10", 60)])
    found = bands.time_bands(store)
    assert len(found) == 4 and found["member_count"].sum() == found["amount"].sum() == 0
    assert found["member_share"].isna().all() and found["order_share"].isna().all()
    assert found.attrs["base"] == 0


@pytest.mark.parametrize(
    ("call", "edges", "named"),
    [
        (bands.time_bands, [2, 2], "2"),
        (bands.time_bands, [4, 2], "2"),
        (bands.time_bands, [1.5], "1.5"),
        (bands.time_bands, [99999], "99999"),
    ],
)
def test_bad_edges_are_named_in_one_line(small, call, edges, named):
    with pytest.raises(InputError) as told:
        call(small, edges=edges)
    assert named in str(told.value) and "\n" not in str(told.value)


def test_other_mistakes(small):
    with pytest.raises(InputError, match="days before"):
        bands.time_bands(small, edges=[800_000], unit="days")
    with pytest.raises(InputError, match="months, days"):
        bands.time_bands(small, unit="weeks")


# ---- whatever the shop ----------------------------------------------------------------------------


@settings(max_examples=ref.EXAMPLES)
@given(made=ref.shops(), edges=ref.EDGES, some=SOME_DAYS)
def test_times_agree_with_the_reference(made, edges, some):
    store, trades, as_of = ref.store_of(made), made.trades(), made.as_of

    def recency(own):
        return ref.recency(own, as_of)

    # Some edges lie exactly on a member.
    exact = [recency(own) for own in ref.by_member(trades).values() if recency(own)]
    days = sorted({*some, *exact[:2]})
    ref.same(rows(bands.time_bands(store, edges=edges)), ref.month_bands(trades, edges, as_of))
    found = bands.time_bands(store, edges=days, unit="days")
    ref.same(rows(found), ref.member_bands(trades, days, recency))


@settings(max_examples=ref.EXAMPLES // 3)
@given(made=ref.shops(), edges=ref.EDGES, more=st.integers(13, 40))
def test_shares_add_up_and_an_edge_more_splits_one_interval(made, edges, more):
    store = ref.store_of(made)
    for call in (bands.time_bands, bands.count_bands, bands.amount_bands):
        few, many = call(store, edges=edges), call(store, edges=[*edges, more])
        base = few.attrs["base"]
        assert few["member_count"].sum() == many["member_count"].sum() == base == store.buyer_count
        ref.same(rows(few)[:-1], rows(many)[:-2])
        assert few["member_count"].iloc[-1] == many["member_count"].iloc[-2:].sum()
        for name in ("member_share", "order_share", "amount_share"):
            assert few[name].sum() == (pytest.approx(1) if base else 0)


def test_a_move_of_a_control_is_quick_on_100_000_members():
    count = 100_000
    orders = pd.DataFrame({"order_id": [f"o{n}" for n in range(2 * count)], "status": "completed"})
    orders["member_id"] = [f"m{n % count}" for n in range(2 * count)]
    orders["paid_amount"] = [n % 400 + 1 for n in range(2 * count)]
    orders["paid_at"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(
        [n % 300 for n in range(2 * count)], unit="D"
    )
    store = store_from(orders, con=ref.connection())
    assert store.buyer_count == count

    def once(call, **options):
        begun = time.perf_counter()
        call(store, **options)
        return time.perf_counter() - begun

    for call in (bands.time_bands, bands.amount_bands, bands.count_bands, bands.sleeping):
        assert min(once(call, edges=edges) for edges in ([1, 2], [1, 2, 3], [2, 3, 4, 5])) < 0.15, call
