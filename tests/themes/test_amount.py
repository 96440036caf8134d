"""Members and orders by amount, high spenders, concentration; and coupons, which are made of amounts."""

import datetime as dt
import re

import pytest
import reference as ref
from hypothesis import given, settings
from hypothesis import strategies as st
from results_by_hand import LISTED
from results_by_hand import amount_bands as by_hand
from results_by_hand import concentration as concentration_by_hand
from results_by_hand import high_spenders as spenders_by_hand
from results_by_hand import shop as limits

from memberlib import findings, i18n
from memberlib.sentences.offers import coupon, spend_over
from memberlib.settings import Settings
from memberlib.themes.amount import amount_bands, concentration, high_spenders

LIMITS = findings.thresholds()


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


def test_an_edge_belongs_to_the_interval_below(small):
    # Means: a 50, b 50, c 100.01, d 100.
    assert rows(amount_bands(small, measure="mean", edges=[50, 100])) == [
        (None, 50, 2, 0.5, 3, 3 / 7, 150.0, pytest.approx(150 / 550.01)),
        (50, 100, 1, 0.25, 3, 3 / 7, 300.0, pytest.approx(300 / 550.01)),
        (100, None, 1, 0.25, 1, 1 / 7, 100.01, pytest.approx(100.01 / 550.01)),
    ]


def test_measures(small):
    assert amount_bands(small, measure="total", edges=[50, 100])["member_count"].tolist() == [1, 1, 2]
    by_order = amount_bands(small, measure="order", edges=[50, 100])
    # Orders: 50 50 50 40 | 60 | 100.01 200; d stands in all three intervals.
    assert by_order["order_count"].tolist() == [4, 1, 2]
    assert by_order["member_count"].tolist() == [3, 1, 2]
    assert by_order["member_share"].tolist() == [0.75, 0.25, 0.5]
    assert by_order["order_share"].tolist() == [4 / 7, 1 / 7, 2 / 7]
    assert by_order["amount"].tolist() == [190.0, 60.0, 300.01]
    assert (by_order.attrs["counts"], by_order.attrs["base"]) == ("orders", 7)
    assert amount_bands(small, measure="total").attrs["counts"] == "members"


def test_measure_and_edges_are_the_shops_where_none_are_given():
    chosen = Settings(amount_measure="total", amount_edges=(99.5,))
    store = ref.shop_of([("a", "2026-01-10", 60), ("a", "2026-01-10", 40)], settings=chosen)
    assert amount_bands(store).attrs["params"] == {"measure": "total", "edges": [99.5]}
    assert amount_bands(store)["member_count"].tolist() == [0, 1]
    assert amount_bands(store, edges=["50", "99.5"])["upper"].tolist() == [50, 99.5, None]


def test_high_spenders_by_hand(small):
    found = high_spenders(small, limit=3)
    assert rows(found) == [
        (1, "d", 300.0, 3, 100.0, dt.date(2025, 10, 31), 181, pytest.approx(300 / 550.01)),
        (2, "c", 100.01, 1, 100.01, dt.date(2026, 2, 27), 62, pytest.approx(100.01 / 550.01)),
        (3, "a", 100.0, 2, 50.0, dt.date(2026, 4, 30), 0, pytest.approx(100 / 550.01)),
    ]
    assert found.attrs["total_amount"] == 550.01 and found.attrs["base"] == 4


def test_equal_totals_share_a_rank():
    found = high_spenders(
        ref.shop_of([(who, "2026-01-10", n) for who, n in zip("bacd", (60, 60, 50, 70), strict=True)])
    )
    assert found["member_id"].tolist() == ["d", "a", "b", "c"]
    assert found["rank"].tolist() == [1, 2, 2, 4]


def test_concentration_by_hand():
    # 100 members spend 1 to 100, together 5050; the top 1 % is one member, the top 20 % spend 81 to 100.
    found = concentration(ref.shop_of([(f"m{n}", "2026-01-10", n) for n in range(1, 101)]))
    assert found["top_share"].tolist() == [0.01, 0.05, 0.1, 0.2, 0.5, 1.0]
    assert found["member_count"].tolist() == [1, 5, 10, 20, 50, 100]
    assert found["amount"].tolist() == [100.0, 490.0, 955.0, 1810.0, 3775.0, 5050.0]
    assert found["least_amount"].tolist() == [100.0, 96.0, 91.0, 81.0, 51.0, 1.0]
    assert found["amount_share"].tolist()[3] == 1810 / 5050
    three = concentration(ref.shop_of([(f"m{n}", "2026-01-10", 10) for n in range(3)]))
    assert three["member_count"].tolist() == [1, 1, 1, 1, 2, 3], "rounded up to whole members"
    assert three["amount"].tolist() == [10.0, 10.0, 10.0, 10.0, 20.0, 30.0]


def test_nobody_bought():
    store = ref.shop_of([(None, "2026-01-10", 60)])
    for found in (amount_bands(store), amount_bands(store, measure="order")):
        assert len(found) == 4 and found["member_count"].sum() == found["amount"].sum() == 0
        assert found["member_share"].isna().all() and found["order_share"].isna().all()
    assert high_spenders(store).empty
    assert concentration(store)["member_count"].tolist() == [0] * 6
    assert concentration(store)["least_amount"].isna().all()


@settings(max_examples=ref.EXAMPLES)
@given(made=ref.shops(), edges=ref.MONEY_EDGES)
def test_it_agrees_with_the_reference(made, edges):
    store, trades = ref.store_of(made), made.trades()
    for measure, value in (("total", ref.total), ("mean", lambda own: ref.total(own) / len(own))):
        found = amount_bands(store, measure=measure, edges=edges)
        ref.same(rows(found), ref.member_bands(trades, edges, value))
    by_order = amount_bands(store, measure="order", edges=edges)
    ref.same(rows(by_order), ref.order_bands(trades, edges))
    spenders = high_spenders(store, limit=100).drop(columns="mean_amount")
    ref.same(rows(spenders), ref.spenders(trades, made.as_of))
    ref.same(rows(concentration(store)), ref.tops(trades))
    for one in findings.read(
        [by_order, amount_bands(store, edges=edges)], limits(min_members=0, min_orders=0)
    ):
        spend = one.evidence.get("spend_amount")
        assert spend is None or spend > ref.total(trades) / len(trades), (
            "a coupon for the order that comes anyway"
        )


# ---------------------------------------------------------------- findings


def test_the_coupon_stands_above_the_usual_and_the_average_order():
    found = codes(by_hand())["modal_band"]
    assert found.evidence["modal_share"] == 265 / 454
    # most spend up to ¥50, but 600 orders came to ¥60,000: ¥60 would be given away
    assert found.evidence["mean_amount"] == 100
    assert (found.evidence["spend_amount"], found.evidence["coupon_amount"]) == (120.0, 5.0)
    assert "average of all orders to date, ¥100: spend ¥120, get ¥5 off" in found.action_text("en")
    assert "全部历史订单的笔单价 ¥100" in found.action_text("zh")
    start = "58% of members spend up to ¥50 per order on average; together they bring 13% of members' sales."
    assert found.text("en") == start
    assert codes(by_hand("total"))["modal_band"].action.endswith("action_total")
    coarse = codes(by_hand(), limits(step={"CNY": 100}))["modal_band"]
    assert coarse.action.endswith("action_spend") and "from ¥200 on" in coarse.action_text("en")


@pytest.mark.parametrize("edges", [[50, 100, 200], [3, 4, 5]])
def test_single_orders_are_called_orders(edges):
    members = re.compile(r"\bmembers?\b(?!' sales)|会员(?!销售额)|會員(?!銷售額)")
    few_high = by_hand("order", edges).assign(order_share=[0.6, 0.2, 0.1, 0.1])
    many_high = few_high.assign(order_share=[0.1, 0.1, 0.2, 0.6])
    even = few_high.assign(order_share=0.25, amount_share=0.25)
    for result in (few_high, many_high, even):
        read = findings.read(result, limits(high_money_ratio=0.5))
        assert read or result is even
        for lang in i18n.LANGUAGES:
            said = [
                part
                for one in read
                for part in (one.text(lang), one.action_text(lang), one.evidence_text(lang))
            ]
            for text in [*said, findings.headline(result, lang)]:
                assert not members.search(text), text
    assert codes(many_high)["modal_band"].action.endswith("action_top_order")


def test_the_high_spenders_of_document_a():
    found = codes(by_hand())["high_band"]
    assert (found.evidence["high_count"], found.evidence["high_share"]) == (65, 65 / 454)
    assert found.evidence["amount_share"] == pytest.approx(35 / 60)
    assert found.text("zh") == "笔单价超过 ¥200 的会员占 14%，贡献会员销售额的 58%。"


def test_the_fullest_interval_is_clearly_the_fullest():
    two = by_hand().iloc[:2].assign(member_share=[0.55, 0.45])
    assert "modal_band" not in codes(two), "of two intervals one always has half"
    even = by_hand().assign(member_share=[0.24, 0.25, 0.25, 0.26], amount_share=[0.1, 0.3, 0.3, 0.3])
    assert not codes(even)
    assert (
        findings.headline(even, "en")
        == "No interval stands out: the largest, more than ¥200, has 26% of members"
    )


def test_concentration_has_two_sides_and_a_middle():
    found = codes(concentration_by_hand(58_000))["concentrated"]
    assert (found.evidence["top_share"], found.evidence["amount_share"]) == (0.1, 0.58)
    assert found.evidence["tenth_amount"] == 5_800
    assert found.text("en") == "The top 10% of members bring 58% of members' sales."
    assert set(codes(concentration_by_hand(15_000))) == {"broad"}
    assert not codes(concentration_by_hand(30_000))
    assert findings.headline(concentration_by_hand(30_000), "en").startswith(
        "Neither few nor all carry sales"
    )


def test_high_spenders_asleep_are_counted_and_never_named():
    found = codes(spenders_by_hand([10] * 14 + [181] * 5 + [300]), LISTED)["spenders_quiet"]
    assert (found.evidence["quiet_count"], found.evidence["quiet_share"]) == (6, 0.3)
    assert found.evidence["quiet_amount"] == sum(2_000 - i for i in range(14, 20))
    assert "spenders_quiet" not in codes(spenders_by_hand([10] * 16 + [181] * 4)), (
        "four are too few to speak of"
    )
    assert not codes(spenders_by_hand([300] * 4))
    small = spenders_by_hand([10] * 20, share=0.03)
    small.attrs["base"] = 60
    assert not codes(small), "twenty of sixty bring much in any shop"
    assert findings.headline(small, "en") == "20 of 60 members bring 60% of members' sales"
    low = spenders_by_hand([10] * 20, share=0.001)
    assert not codes(low) and "no more than 2.0%" in findings.headline(low, "en")


# ---------------------------------------------------------------- coupons


@given(st.floats(0.01, 1e7), st.floats(0.01, 1e7), st.sampled_from(sorted(LIMITS["step"])))
def test_a_coupon_is_round_and_worth_three_to_five_per_cent(usual, average, currency):
    value, step = coupon(usual, currency, LIMITS), LIMITS["step"][currency]
    if value is None:
        assert usual * LIMITS["coupon_high_share"] < 12 * step, "only a step too coarse leaves none"
    else:
        assert 0.03 * usual - 1e-9 <= value <= 0.05 * usual + 1e-9
        assert value / step == pytest.approx(round(value / step))
    spend, top = spend_over(usual, average, currency, limits=LIMITS), max(usual, average)
    assert spend is not None and spend >= top * 1.1 - 1e-9
    assert spend <= max(top * 1.1 * 1.6, 20 * step)


def test_document_b_gets_its_three_or_five_yuan():
    assert [coupon(mean, "CNY", LIMITS) for mean in (70, 90, 100, 120)] == [3, 3, 5, 5]
    assert coupon(None, "CNY", LIMITS) is None and spend_over(None, None, "CNY", limits=LIMITS) is None
