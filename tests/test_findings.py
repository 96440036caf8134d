"""Findings: which sentences follow from a result, and on what figures?"""

from __future__ import annotations

import math
import re
from typing import Any

import pandas as pd
import pytest
from results_by_hand import (
    CITIES,
    EIGHT,
    LISTED,
    audit,
    catalogue,
    discount_cost,
    flow,
    made,
    members,
    moves,
    regions,
    score_edges,
    segments,
    shop,
    structure,
    time_bands,
    weekly,
)

from memberlib import findings, i18n
from memberlib.errors import InputError

LIMITS = findings.thresholds()


def codes(result: Any, settings: Any = None) -> list[str]:
    return [one.code for one in findings.read(result, settings)]


def only(result: Any, code: str, settings: Any = None) -> Any:
    found = [one for one in findings.read(result, settings) if one.code == code]
    assert len(found) == 1, f"{code} among {codes(result, settings)}"
    return found[0]


def test_the_lowest_level_names_the_step_above_it() -> None:
    found = only(structure(), "lowest_level")
    assert found.evidence == {
        "level_count": 400,
        "member_count": 500,
        "level_share": 0.8,
        "level_amount": 30_000,
        "amount": 100_000,
        "amount_share": 0.3,
    }
    assert (
        found.text("en") == "Four in five members are at the lowest level, Regular; they bring 30% of sales."
    )
    assert found.text("zh") == "每 5 位会员就有 4 位还停在最低一级（普通会员），贡献了 30% 的销售额。"
    assert "¥1,000 in all, or 5 orders" in found.action_text("en")
    assert found.evidence_text("en") == "400 of 500 members; ¥30,000 of ¥100,000"


def test_a_level_beyond_its_share_and_its_repeat_rate() -> None:
    found = only(structure(), "level_money")
    assert found.about["level"] == "vip", "20 of 500 members with 30 of 100 is 26 points beyond, advanced 24"
    assert found.evidence["money_ratio"] == pytest.approx(0.3 / 0.04)
    gap = only(structure(), "repeat_gap")
    assert (gap.evidence["repeat_low_share"], gap.evidence["repeat_high_share"]) == (0.2, 0.6)
    assert "repeat_gap" not in codes(structure(repeat=(0.5, 0.6, None)))
    assert only(structure([480, 20, 0]), "empty_level").text("en") == "Nobody holds VIP."


def test_other_rules_cost_what_the_movers_would_have_been_given() -> None:
    found = only(flow(30, 2), "rules_move", LISTED)
    # 5,000 once at full price and now at 0.9, 2,000 the other way round
    assert found.evidence["extra_amount"] == pytest.approx(5_000 * 0.1 - 2_000 * 0.1)
    assert found.evidence["moved_share"] == 32 / 532
    assert found.text("en") == "Members moving under these rules: 30 up, 2 down."
    assert found.action == "finding.level.rules_move.action_dearer"
    assert only(flow(0, 30), "rules_move", LISTED).action == "finding.level.rules_move.action_cheaper"
    assert codes(flow(0, 0)) == ["rules_still"]


def test_discounts_are_dear_from_the_threshold_on() -> None:
    found = only(discount_cost([0.0, 3_000.0, 4_000.0]), "discounts_dear")
    assert found.evidence["cost_share"] == pytest.approx(0.07)
    assert found.about["level"] == "vip"
    assert codes(discount_cost([0.0, 900.0, 0.0])) == ["discounts_fair"]
    assert codes(discount_cost([0.0, 0.0, 0.0])) == ["discounts_none"]


def test_members_just_below_a_level_are_counted_by_either_half_of_the_rule() -> None:
    totals = [850.0] * 6 + [799.0] * 50 + [200.0] * 7 + [1_000.0] * 9
    orders = [1] * 6 + [1] * 50 + [4] * 7 + [1] * 9
    found = only(members(totals, orders), "near_level", LISTED)
    assert (found.theme, found.about["level"], found.evidence["near_count"]) == ("level", "advanced", 13)
    assert found.evidence["near_amount"] == 6 * 850 + 7 * 200


def test_each_segment_at_stake_and_the_largest_ones() -> None:
    read = findings.read(segments(EIGHT))
    unseen = {one.about["segment"]: one for one in read if one.code == "valuable_unseen"}
    assert set(unseen) == {"important_keep", "important_winback"}
    assert unseen["important_winback"].evidence["segment_count"] == 70
    assert unseen["important_winback"].evidence["amount_share"] == pytest.approx(10 / 70)
    assert "200 days ago" in unseen["important_winback"].text("en")
    active = only(segments(EIGHT), "valuable_active")
    assert (active.evidence["segment_count"], active.evidence["amount_share"]) == (
        110,
        pytest.approx(41 / 70),
    )
    large = [(one.about["segment"], one.wording) for one in read if one.code == "large_segment"]
    assert sorted(large) == [("general_develop", "text_second"), ("general_winback", "text_first")]


def test_nobody_is_called_gone_where_everybody_buys_every_week() -> None:
    read = findings.read(weekly())
    assert not [one for one in read if one.code == "valuable_unseen"]
    for one in read:
        if one.about.get("segment") in ("general_winback", "important_keep", "important_winback"):
            assert one.action == "finding.segment_near"
            assert "180 days" in one.action_text("en")
    assert any(one.action == "finding.segment_near" for one in read)


def test_every_segment_has_advice_of_its_own() -> None:
    known = [key for key in i18n.words("en") if key.startswith("segment.") and key != "segment.none"]
    assert len(known) == 19
    for lang in i18n.LANGUAGES:
        advice = [i18n.say(f"finding.{key}", lang) for key in known]
        assert len(set(advice)) == 19
    own = next(one for one in findings.read(segments({"our_own_circle": (90, 9.0), "b": (8, 1.0)})))
    assert own.action == "finding.segment_other"
    assert "our own circle" in own.text("en")


def test_weak_scores_are_said_as_a_caveat() -> None:
    found = only(audit(), "weak_score")
    assert (found.about["measure"], found.evidence["largest_count"]) == ("frequency", round(0.8 * 454))
    assert [one.about["measure"] for one in findings.read(audit(share=0.3))] == ["frequency", "monetary"]
    ties = only(score_edges(), "edge_ties")
    assert (ties.evidence["tied_share"], ties.about["edge"]) == (300 / 454, (1, "frequency"))
    assert codes(score_edges(tied=20)) == []


def test_regions_that_spend_much_and_stay_away() -> None:
    found = only(regions(CITIES), "region_unseen")
    assert found.about["regions"] == ["成都", "北京"], "three members in 拉萨 are too few"
    assert found.evidence["region_count"] == 100
    assert found.evidence["spent_amount"] == pytest.approx((60 * 300 + 40 * 320) / 100)
    assert found.evidence["all_spent_amount"] == pytest.approx(sum(n * m for _, n, _, _, m in CITIES) / 403)
    assert found.text("zh").startswith("成都和北京的会员花得多")
    small = only(regions(CITIES), "region_small")
    assert (small.about["regions"], small.evidence["order_amount"]) == (["武汉"], 52.5)
    assert only(regions(CITIES[:1], base=400), "region_unknown").evidence["unknown_share"] == 0.5


def test_who_slipped_out_of_the_segments_that_matter() -> None:
    found = only(moves(), "fell")
    assert (found.evidence["fell_count"], found.evidence["before_count"]) == (20, 109)
    assert found.evidence["fell_amount"] == 6_900, "general develop still buys: not out of sight"
    less = only(moves(lost=0), "fell")
    assert (less.about["segments"], less.evidence["before_count"]) == (["important_develop"], 47)
    back = only(moves(), "came_back")
    assert (back.evidence["back_count"], back.about["segments"]) == (7, ["important_winback"])
    assert "came_back" not in codes(moves(edge=90)), "an edge of 90 days may have moved past them"


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_a_small_base_is_said_and_nothing_else(lang: str) -> None:
    small = structure([20, 5, 4])
    [found] = findings.read(small)
    assert (found.code, found.strength, found.action_text(lang)) == ("too_few", 0, "")
    assert found.evidence == {"base_count": 29, "least_count": 30}
    assert "29" in found.text(lang) and "30" in found.text(lang) and "29" in findings.headline(small, lang)
    assert codes(structure([20, 5, 5])) != ["too_few"]
    orders = made("week_hours", {"weekday": []}, 49, "orders")
    assert findings.read(orders)[0].evidence["least_count"] == 50
    assert codes([small, small, structure([20, 5, 4])]) == ["too_few"]


def test_a_shop_moves_any_threshold() -> None:
    assert "silent" not in codes(time_bands(), shop(silent_share=0.3))
    assert codes(time_bands(), shop(min_members=1_000)) == ["too_few"]
    assert only(time_bands(), "silent", shop(weights={"silent": 0.5})).strength == pytest.approx(
        111 / 409 / 2, abs=1e-6
    )
    assert only(time_bands(), "silent", shop(step={"CNY": 5})).action == "time.finding.silent.action"
    assert findings.thresholds(shop(step={"CNY": 5}))["step"]["GBP"] == LIMITS["step"]["GBP"]
    assert findings.thresholds() == LIMITS, "an override leaves the defaults alone"


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ({"silent_shar": 0.3}, "did you mean 'silent_share'"),
        ({"silent_share": "much"}, "silent_share must be a number"),
        ({"silent_share": math.nan}, "silent_share must be a number"),
        ({"silent_share": True}, "silent_share must be a number"),
        ({"min_members": -1}, "min_members must be a number"),
        ({"weights": {"silnt": 1}}, "did you mean 'silent'"),
        ({"weights": 2}, "weights is a table"),
        ({"active_segments": "champions"}, "active_segments is a list"),
    ],
)
def test_a_wrong_threshold_is_one_clear_line(override: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)) as error:
        findings.read(time_bands(), shop(**override))
    assert "\n" not in str(error.value)


def test_only_results_can_be_read() -> None:
    with pytest.raises(InputError, match="give a result"):
        findings.read(pd.DataFrame({"a": [1]}))


def test_findings_come_strongest_first_then_by_code() -> None:
    read = findings.read([result for result, _ in catalogue()[:40]], LISTED)
    assert [(-one.strength, one.code) for one in read] == sorted((-one.strength, one.code) for one in read)
    assert all(0 <= one.strength <= 1 for one in read)


def test_reading_changes_nothing() -> None:
    result = time_bands()
    before, attrs = result.copy(deep=True), repr(result.attrs)
    findings.read(result, LISTED), findings.headline(result, "zh")
    pd.testing.assert_frame_equal(result, before)
    assert repr(result.attrs) == attrs
