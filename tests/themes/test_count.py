"""Members by their number of orders, and who of them sleeps."""

import pandas as pd
import pytest
import reference as ref
from hypothesis import given, settings
from hypothesis import strategies as st
from results_by_hand import count_bands as by_hand
from results_by_hand import shop as limits
from results_by_hand import sleeping as sleeping_by_hand

from memberlib import findings
from memberlib.settings import Settings
from memberlib.themes.count import count_bands, sleeping


def rows(result):
    return list(result.itertuples(index=False, name=None))


def codes(result, own=None):
    return {one.code: one for one in findings.read(result, own)}


@pytest.fixture(scope="module")
def small():
    """Days since the last of them: a 0, b 61, c 62, d 181."""
    return ref.shop_of(
        [
            ("a", "2026-01-10", 50), ("a", "2026-04-30", 50), ("b", "2026-02-28", 50), ("c", "2026-02-27", 100.01),
            ("d", "2025-10-01", 200), ("d", "2025-10-31", 40), ("d", "2025-10-30", 60),
        ]
    )  # fmt: skip


def test_counts_by_hand(small):
    found = count_bands(small, edges=[1, 2])
    assert found["member_count"].tolist() == [2, 1, 1]
    assert found["order_count"].tolist() == [2, 2, 3]
    assert found["amount"].tolist() == [150.01, 100.0, 300.0]
    empty = rows(count_bands(small, edges=[1, 100, 200]))[2:]
    assert empty == [(100, 200, 0, 0.0, 0, 0.0, 0.0, 0.0), (200, None, 0, 0.0, 0, 0.0, 0.0, 0.0)]


def test_sleepers_by_hand(small):
    found = sleeping(small, edges=[1, 2], days=61)
    assert rows(found) == [
        (None, 1, 2, 1, 0.5, 100.01, 61.5),
        (1, 2, 1, 0, 0.0, 0.0, 0.0),
        (2, None, 1, 1, 1.0, 300.0, 181.0),
    ]
    assert found.attrs["params"] == {"edges": [1, 2], "days": 61}
    assert (found.attrs["sleeping_count"], found.attrs["sleeping_share"]) == (2, 0.5)
    assert found.attrs["sleeping_amount"] == 400.01


def test_asleep_is_more_days_than_the_shops_own(small):
    own = ref.shop_of([("a", "2026-01-01", 5), ("b", "2025-12-31", 5), ("c", "2026-04-01", 5)], as_of="2026-04-01",
                      settings=Settings(churn_days=90))  # fmt: skip
    assert sleeping(own).attrs["sleeping_count"] == 1, "90 days are not more than 90"
    facts = own.facts.to_pandas()
    assert (facts["recency_days"] > own.settings.churn_days).sum() == 1


def test_the_published_table_of_the_course():
    """The course's counts per interval give its shares, to two decimals, half up."""
    plan = {2: 408, 5: 15, 10: 14, 11: 17}
    members = [f"{many}-{n}" for many, people in plan.items() for n in range(people) for _ in range(many)]
    found = count_bands(ref.shop_of([(member, "2013-05-01", 10) for member in members]))
    assert found["member_count"].tolist() == [408, 15, 14, 17]
    assert [int(share * 10000 + 0.5) / 100 for share in found["member_share"]] == [89.87, 3.30, 3.08, 3.74]


@settings(max_examples=ref.EXAMPLES)
@given(made=ref.shops(), edges=ref.EDGES, days=st.integers(1, 500), pick=st.randoms())
def test_it_agrees_with_the_reference(made, edges, days, pick):
    store, trades = ref.store_of(made), made.trades()
    exact = [ref.recency(own, made.as_of) for own in ref.by_member(trades).values()]
    asleep = pick.choice([day for day in exact if day] or [days])  # the limit lies exactly on a member
    ref.same(rows(count_bands(store, edges=edges)), ref.member_bands(trades, edges, len))
    ref.same(rows(sleeping(store, edges=edges, days=asleep)), ref.sleepers(trades, edges, asleep, made.as_of))


# ---------------------------------------------------------------- findings


def test_few_orders_and_what_one_more_would_bring():
    found = codes(by_hand())
    few, more = found["few_orders"], found["second_purchase"]
    assert few.evidence["few_share"] == 408 / 454
    assert few.text("en").startswith("Nine in ten members have placed at most 2 orders")
    assert few.text("zh").startswith("每 10 位会员就有 9 位累计购买不超过 2 笔")
    assert "average of all orders to date is ¥100" in few.action_text("en"), "an average says of which orders"
    assert more.evidence["more_count"] == 41
    assert more.evidence["more_amount"] == pytest.approx(41 * 90_000 / 900)
    assert "not a forecast" in more.text("en") and "不是预测" in more.text("zh")
    assert "笔单价 ¥100" in more.text("zh") and "平均每筆金額（客單價）¥100" in more.text("zh-Hant")
    assert found["frequent_money"].evidence["money_ratio"] == pytest.approx((36 / 90) / (17 / 454))


def test_sentence_and_title_are_of_the_edges_that_were_asked_for():
    members = [f"once{n}" for n in range(90)] + [f"more{n % 10}" for n in range(50)]
    store = ref.shop_of([(member, "2026-05-01", 10) for member in members])
    for edges, said in (("1,3,20", "only one order"), ("2,5,10", "at most 2 orders")):
        result = count_bands(store, edges=edges)
        assert said in codes(result)["few_orders"].text("en")
        assert findings.headline(result, "en") == f"Nine in ten members have placed {said}"


def test_few_are_few():
    assert "few_orders" not in codes(by_hand([4, 5, 10])), "four orders are not few"
    assert "second_purchase" not in codes(by_hand([4, 5, 10]))
    everybody = count_bands(ref.shop_of([(f"m{n}", "2026-05-01", 10) for n in range(60)]), edges=[3])
    assert "few_orders" not in codes(everybody), "that all members have at most 3 orders says nothing"


def test_frequent_buyers_bring_much_or_nothing_is_said():
    little = by_hand().assign(amount_share=[0.4, 0.3, 0.21, 0.09])
    assert "frequent_money" not in codes(little), "4 % of members with 9 % of sales are no pillar"


def test_frequent_buyers_asleep_are_read_apart_from_the_few_trade_ones():
    found = codes(sleeping_by_hand())
    few, frequent = found["sleeping_few"], found["sleeping_frequent"]
    assert (few.evidence["sleeping_count"], few.evidence["sleeping_share"]) == (300, 300 / 408)
    assert (frequent.evidence["sleeping_count"], frequent.evidence["sleeping_amount"]) == (8, 4_500.0)
    assert frequent.about["band"] == (5, None, "orders")
    two = sleeping_by_hand().iloc[:2].assign(lower=[None, 1], upper=[1, None], sleeping_count=[9, 9])
    assert "sleeping_frequent" not in codes(two), "who bought twice did not buy often"
    many = sleeping_by_hand().assign(lower=[None, 20, 30, 40], upper=[20, 30, 40, None])
    assert codes(many)["sleeping_few"].action.endswith("action_many"), "up to 20 orders are worth a letter"


def test_a_title_without_a_finding_claims_nothing():
    even = by_hand().assign(member_share=[0.3, 0.3, 0.2, 0.2], amount_share=[0.25] * 4, member_count=40)
    assert set(codes(even)) <= {"second_purchase"}
    assert findings.headline(even, "en") == "The largest group, 30% of members, has placed at most 2 orders"
    awake = sleeping_by_hand().assign(sleeping_count=1, sleeping_share=[1 / 408, 1 / 15, 1 / 14, 1 / 17])
    assert not codes(awake)
    assert findings.headline(awake, "en") == "0.9% of members are asleep; no interval stands out"


def test_a_coupon_that_no_step_fits_is_left_out():
    assert codes(by_hand(), limits(step={"CNY": 1_000}))["few_orders"].action.endswith(".action")


def test_nobody_bought():
    store = ref.shop_of([(None, "2026-01-10", 60)])
    assert count_bands(store)["member_share"].isna().all() and len(count_bands(store)) == 4
    found = sleeping(store)
    assert found["sleeping_share"].isna().all() and found["median_recency_days"].isna().all()
    assert found.attrs["sleeping_share"] is None
    assert isinstance(found, pd.DataFrame) and findings.headline(found, "en")
