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
from memberlib.settings import Settings
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


# ---- amount and count -----------------------------------------------------------------------------


def test_amount_edges_belong_to_the_interval_below(small):
    # Means: a 50, b 50, c 100.01, d 100.
    found = bands.amount_bands(small, measure="mean", edges=[50, 100])
    assert rows(found) == [
        (None, 50, 2, 0.5, 3, 3 / 7, 150.0, pytest.approx(150 / 550.01)),
        (50, 100, 1, 0.25, 3, 3 / 7, 300.0, pytest.approx(300 / 550.01)),
        (100, None, 1, 0.25, 1, 1 / 7, 100.01, pytest.approx(100.01 / 550.01)),
    ]


def test_amount_measures(small):
    assert bands.amount_bands(small, measure="total", edges=[50, 100])["member_count"].tolist() == [1, 1, 2]
    by_order = bands.amount_bands(small, measure="order", edges=[50, 100])
    # Orders: 50 50 50 40 | 60 | 100.01 200; d stands in all three intervals.
    assert by_order["order_count"].tolist() == [4, 1, 2]
    assert by_order["member_count"].tolist() == [3, 1, 2]
    assert by_order["member_share"].tolist() == [0.75, 0.25, 0.5]
    assert by_order["order_share"].tolist() == [4 / 7, 1 / 7, 2 / 7]
    assert by_order["amount"].tolist() == [190.0, 60.0, 300.01]
    assert (by_order.attrs["counts"], by_order.attrs["base"]) == ("orders", 7)
    assert bands.amount_bands(small, measure="total").attrs["counts"] == "members"


def test_the_measure_and_edges_are_the_shops_where_none_are_given(small):
    chosen = Settings(amount_measure="total", amount_edges=(99.5,), count_edges=(1,))
    store = shop([("a", "2026-01-10", 60), ("a", "2026-01-10", 40)], settings=chosen)
    assert bands.amount_bands(store).attrs["params"] == {"measure": "total", "edges": [99.5]}
    assert bands.amount_bands(store)["member_count"].tolist() == [0, 1]
    assert bands.count_bands(store).attrs["params"] == {"edges": [1]}


def test_counts(small):
    found = bands.count_bands(small, edges=[1, 2])
    assert found["member_count"].tolist() == [2, 1, 1]
    assert found["order_count"].tolist() == [2, 2, 3]
    assert found["amount"].tolist() == [150.01, 100.0, 300.0]


def test_the_published_tables_of_the_course():
    """The course's counts per interval give its shares, to two decimals, half up."""
    plan = {2: 408, 5: 15, 10: 14, 11: 17}
    members = [
        f"{orders}-{n}" for orders, people in plan.items() for n in range(people) for _ in range(orders)
    ]
    found = bands.count_bands(shop([(member, "2013-05-01", 10) for member in members]))
    assert found["member_count"].tolist() == [408, 15, 14, 17]
    assert [f"{int(share * 10000 + 0.5) / 100:.2f}" for share in found["member_share"]] == [
        "89.87",
        "3.30",
        "3.08",
        "3.74",
    ]
    assert found.attrs["base"] == 454


def test_every_interval_has_a_row_though_nobody_is_in_it(small):
    found = bands.count_bands(small, edges=[1, 100, 200])
    assert rows(found)[2:] == [(100, 200, 0, 0.0, 0, 0.0, 0.0, 0.0), (200, None, 0, 0.0, 0, 0.0, 0.0, 0.0)]


def test_a_shop_without_a_trade_has_rows_but_no_shares():
    store = shop([(None, "2026-01-10", 60)])
    by_order = bands.amount_bands(store, measure="order")
    for found in (bands.amount_bands(store), by_order, bands.count_bands(store)):
        assert len(found) == 4 and found["member_count"].sum() == found["amount"].sum() == 0
        assert found["member_share"].isna().all() and found["order_share"].isna().all()
        assert found.attrs["base"] == 0
    assert bands.sleeping(store)["sleeping_share"].isna().all()
    assert bands.sleeping(store)["median_recency_days"].isna().all()
    assert bands.sleeping(store).attrs["sleeping_share"] is None
    assert bands.high_spenders(store).empty
    assert bands.concentration(store)["member_count"].tolist() == [0] * 6
    assert bands.concentration(store)["least_amount"].isna().all()


@pytest.mark.parametrize(
    ("call", "edges", "named"),
    [
        (bands.amount_bands, [100, 50], "50"),
        (bands.amount_bands, [0, 50], "0"),
        (bands.amount_bands, [float("nan")], "nan"),
        (bands.amount_bands, [50, float("inf")], "inf"),
        (bands.amount_bands, ["fifty"], "fifty"),
        (bands.amount_bands, [None], "None"),
        (bands.count_bands, [-2], "-2"),
        (bands.count_bands, [2.5], "2.5"),
        (bands.count_bands, [], "no edge"),
        (bands.sleeping, [5, 5], "5"),
    ],
)
def test_bad_edges_are_named_in_one_line(small, call, edges, named):
    with pytest.raises(InputError) as told:
        call(small, edges=edges)
    assert named in str(told.value) and "\n" not in str(told.value)


def test_other_mistakes(small):
    with pytest.raises(InputError, match="mean, total, order"):
        bands.amount_bands(small, measure="median")
    with pytest.raises(InputError, match="limit: 0"):
        bands.high_spenders(small, limit=0)
    with pytest.raises(InputError, match=r"days: 1\.5"):
        bands.sleeping(small, days=1.5)


def test_edges_may_come_as_text(small):
    assert bands.count_bands(small, edges="1, 2")["upper"].tolist() == [1, 2, None]
    assert bands.amount_bands(small, edges=["50", "99.5"])["upper"].tolist() == [50, 99.5, None]
    assert bands.count_bands(small, edges=3)["upper"].tolist() == [3, None]


# ---- spenders and sleepers ------------------------------------------------------------------------


def test_high_spenders(small):
    found = bands.high_spenders(small, limit=3)
    assert rows(found) == [
        (1, "d", 300.0, 3, 100.0, dt.date(2025, 10, 31), 181, pytest.approx(300 / 550.01)),
        (2, "c", 100.01, 1, 100.01, dt.date(2026, 2, 27), 62, pytest.approx(100.01 / 550.01)),
        (3, "a", 100.0, 2, 50.0, dt.date(2026, 4, 30), 0, pytest.approx(100 / 550.01)),
    ]
    assert found.attrs["total_amount"] == 550.01 and found.attrs["base"] == 4


def test_equal_totals_share_a_rank():
    store = shop(
        [("b", "2026-01-10", 60), ("a", "2026-01-10", 60), ("c", "2026-01-10", 50), ("d", "2026-01-10", 70)]
    )
    found = bands.high_spenders(store)
    assert found["member_id"].tolist() == ["d", "a", "b", "c"]
    assert found["rank"].tolist() == [1, 2, 2, 4]


def test_concentration():
    # 100 members spend 1 to 100, together 5050; the top 1 % is one member, the top 20 % spend 81 to 100.
    found = bands.concentration(shop([(f"m{n}", "2026-01-10", n) for n in range(1, 101)]))
    assert found["top_share"].tolist() == [0.01, 0.05, 0.1, 0.2, 0.5, 1.0]
    assert found["member_count"].tolist() == [1, 5, 10, 20, 50, 100]
    assert found["amount"].tolist() == [100.0, 490.0, 955.0, 1810.0, 3775.0, 5050.0]
    assert found["least_amount"].tolist() == [100.0, 96.0, 91.0, 81.0, 51.0, 1.0]
    assert found["amount_share"].tolist()[3] == 1810 / 5050


def test_concentration_rounds_members_up():
    found = bands.concentration(shop([(f"m{n}", "2026-01-10", 10) for n in range(3)]))
    assert found["member_count"].tolist() == [1, 1, 1, 1, 2, 3]
    assert found["amount"].tolist() == [10.0, 10.0, 10.0, 10.0, 20.0, 30.0]


def test_sleeping(small):
    # Recency: a 0 (2 trades), b 61 (1), c 62 (1), d 181 (3). More than 61 days: c and d.
    found = bands.sleeping(small, edges=[1, 2], days=61)
    assert rows(found) == [
        (None, 1, 2, 1, 0.5, 100.01, 61.5),
        (1, 2, 1, 0, 0.0, 0.0, 0.0),
        (2, None, 1, 1, 1.0, 300.0, 181.0),
    ]
    assert found.attrs["params"] == {"edges": [1, 2], "days": 61}
    assert (found.attrs["sleeping_count"], found.attrs["sleeping_share"]) == (2, 0.5)
    assert found.attrs["sleeping_amount"] == 400.01


# ---- whatever the shop ----------------------------------------------------------------------------


@settings(max_examples=ref.EXAMPLES)
@given(made=ref.shops(), edges=ref.EDGES, some=SOME_DAYS, pick=st.randoms())
def test_time_and_count_agree_with_the_reference(made, edges, some, pick):
    store, trades, as_of = ref.store_of(made), made.trades(), made.as_of

    def recency(own):
        return ref.recency(own, as_of)

    # Some edges and the days of sleep lie exactly on a member.
    exact = [recency(own) for own in ref.by_member(trades).values() if recency(own)]
    days = sorted({*some, *exact[:2]})
    asleep = pick.choice(exact or days)
    ref.same(rows(bands.count_bands(store, edges=edges)), ref.member_bands(trades, edges, len))
    found = bands.sleeping(store, edges=edges, days=asleep)
    ref.same(rows(found), ref.sleepers(trades, edges, asleep, as_of))


@settings(max_examples=ref.EXAMPLES)
@given(made=ref.shops(), edges=ref.MONEY_EDGES)
def test_amounts_agree_with_the_reference(made, edges):
    store, trades = ref.store_of(made), made.trades()
    for measure, value in (("total", ref.total), ("mean", lambda own: ref.total(own) / len(own))):
        found = bands.amount_bands(store, measure=measure, edges=edges)
        ref.same(rows(found), ref.member_bands(trades, edges, value))
    ref.same(rows(bands.amount_bands(store, measure="order", edges=edges)), ref.order_bands(trades, edges))
    spenders = bands.high_spenders(store, limit=100).drop(columns="mean_amount")
    ref.same(rows(spenders), ref.spenders(trades, made.as_of))
    ref.same(rows(bands.concentration(store)), ref.tops(trades))


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
