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
    made,
    shop,
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
