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
    made,
    moves,
    regions,
    score_edges,
    segments,
    shop,
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
    small = time_bands([20, 5, 4, 0])
    [found] = findings.read(small)
    assert (found.code, found.strength, found.action_text(lang)) == ("too_few", 0, "")
    assert found.evidence == {"base_count": 29, "least_count": 30}
    assert "29" in found.text(lang) and "30" in found.text(lang) and "29" in findings.headline(small, lang)
    assert codes(time_bands([20, 5, 5, 0])) != ["too_few"]
    orders = made("week_hours", {"weekday": []}, 49, "orders")
    assert findings.read(orders)[0].evidence["least_count"] == 50
    assert codes([small, small, time_bands([20, 5, 4, 0])]) == ["too_few"]


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
