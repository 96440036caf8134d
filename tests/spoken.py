"""Checks of what findings say: every sentence reads as one, every word of a theme is said, whatever the figures are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from memberlib import findings, i18n
from memberlib.sentences.phrases import TITLE_WIDTH, text_width
from memberlib.theme import word_files

NEVER = re.compile(
    r"\bnan\b|\bNone\b|\bNaT\b|\binf\b|[a-z]_[a-z]|[{}]|!|！|  |–(?!\d)| [，。、；：）]", re.IGNORECASE
)
ONE = re.compile(r"\b1 (members|orders|months|days)\b")
AMOUNTS = st.one_of(st.sampled_from([0.0, 0.5, 1e9]), st.floats(0, 1e9).map(lambda value: round(value, 4)))
COUNTS = st.one_of(st.sampled_from([0, 1, 4, 5, 30]), st.integers(0, 900))
WHOLES = {"member_share": "member_count", "order_share": "order_count", "amount_share": "amount"}


def codes(result: Any) -> list[str]:
    return [one.code for one in findings.read(result)]


def only(result: Any, code: str) -> Any:
    """The one finding of that code."""
    found = [one for one in findings.read(result) if one.code == code]
    assert len(found) == 1, f"{code} among {codes(result)}"
    return found[0]


def check_said(result: pd.DataFrame, lang: str) -> None:
    """Every sentence ends as one and shows no code, no missing value; the title fits."""
    for one in findings.read(result):
        assert 0 <= one.strength <= 1
        for text in filter(None, (one.text(lang), one.action_text(lang), one.evidence_text(lang))):
            assert not NEVER.search(text), (one.code, text)
        for text in filter(None, (one.text(lang), one.action_text(lang))):
            assert text.endswith("." if lang == "en" else "。") and not ONE.search(text), text
    title = findings.headline(result, lang)
    assert 0 < text_width(title) <= TITLE_WIDTH and not NEVER.search(title), title
    assert not title.endswith((".", "。")), title


def check_words(theme: str, results: Iterable[pd.DataFrame], monkeypatch: Any) -> None:
    """Together these results bring out each finding that has a weight, and each of the theme's words."""
    heard, say, found = set(), i18n.say, set()
    monkeypatch.setattr(i18n, "say", lambda key, *more, **values: heard.add(key) or say(key, *more, **values))
    for result in results:
        found |= {one.code for one in findings.read(result)}
        for lang in i18n.LANGUAGES:
            check_said(result, lang)
    assert found - {"too_few"} == set(word_files()[theme]["weights"])
    own = [
        key
        for key in i18n.words("en")
        if key.startswith(f"{theme}.") and (".finding." in key or ".title." in key)
    ]
    assert sorted(set(own) - heard) == []


@st.composite
def any_figures(draw: st.DrawFn, results: list[pd.DataFrame], choices: dict[str, list[Any]]) -> pd.DataFrame:
    """One of the results with other figures: shares that fit their counts, gaps where there may be some."""
    result = draw(st.sampled_from(results)).copy()
    result = result.iloc[: draw(st.integers(0, len(result)))].reset_index(drop=True)
    for name in result.columns:
        if name in WHOLES and WHOLES[name] in result.columns:
            whole = result[WHOLES[name]].sum()
            result[name] = result[WHOLES[name]] / whole if whole else None
            continue
        values = st.sampled_from(choices[name]) if name in choices else None
        if values is None and name.startswith("mean_"):
            values = st.one_of(st.none(), st.floats(0, 5_000))
        if values is None and name.endswith(("_count", "amount", "_share")):
            share = st.one_of(st.none(), st.floats(0, 1))
            values = COUNTS if name.endswith("_count") else AMOUNTS if name.endswith("amount") else share
        if values is not None:
            result[name] = pd.Series([draw(values) for _ in range(len(result))], dtype=object).infer_objects()
    base = int(result["member_count"].sum()) if "member_count" in result else draw(COUNTS)
    currency = draw(st.sampled_from(["CNY", "GBP", "JPY"]))
    result.attrs = dict(result.attrs) | {"base": max(base, 1), "currency": currency, "row_count": len(result)}
    return result
