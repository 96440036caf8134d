"""Findings: which sentences follow from a result, and on what figures?"""

from __future__ import annotations

import math
import re
from typing import Any

import pandas as pd
import pytest
from results_by_hand import (
    LISTED,
    catalogue,
    discount_cost,
    flow,
    made,
    shop,
    structure,
    time_bands,
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
    assert only(time_bands(), "silent", shop(step={"CNY": 5})).action == "finding.time.silent.action"
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
