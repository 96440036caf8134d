"""Findings: in which words, and do they read as sentences whatever the figures?"""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from results_by_hand import (
    GOODS,
    LISTED,
    catalogue,
    season_goods,
    shop,
    time_bands,
)

from memberlib import findings, i18n
from memberlib.sentences.phrases import TITLE_WIDTH, share_of, text_width
from memberlib.theme import word_files

LIMITS = findings.thresholds()
TESTED_BY_THEMSELVES = ("level",)
"""Themes whose sentences are tested beside their figures, in tests/themes."""


# ---------------------------------------------------------------- words


NEVER = re.compile(r"\bnan\b|\bNone\b|\bNaT\b|\binf\b|[a-z]_[a-z]|[{}]|!|！|  |–(?!\d)", re.IGNORECASE)


def all_said(result: pd.DataFrame, settings: Any, lang: str) -> list[str]:
    read = findings.read(result, settings)
    said = [text for one in read for text in (one.text(lang), one.action_text(lang), one.evidence_text(lang))]
    with i18n.speaking(lang):
        assert repr(read) and read._repr_markdown_()
    return [*said, findings.headline(result, lang, settings=settings)]


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_every_sentence_reads_as_a_sentence(lang: str) -> None:
    for result, settings in catalogue():
        for text in all_said(result, settings, lang):
            assert not NEVER.search(text), text
            assert not re.search(r" [，。、；：）]", text), text
        for one in findings.read(result, settings):
            for text in filter(None, (one.text(lang), one.action_text(lang))):
                assert text.endswith("." if lang == "en" else "。"), text
                assert not re.search(r"\b1 (members|orders|months|days)\b", text), text


def test_the_catalogue_says_every_word_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    heard, say = set(), i18n.say
    monkeypatch.setattr(i18n, "say", lambda key, *more, **values: heard.add(key) or say(key, *more, **values))
    found = {one.code for result, settings in catalogue() for one in findings.read(result, settings)}
    elsewhere = {code for theme in TESTED_BY_THEMSELVES for code in word_files()[theme]["weights"]}
    assert found - {"too_few"} == set(LIMITS["weights"]) - elsewhere, (
        "a weight for each code, a case for each weight"
    )
    for result, settings in catalogue():
        all_said(result, settings, "en")
    own = {key for key in i18n.words("en") if key.startswith("finding.")}
    silent = {key for key in own - heard if not key.startswith(("finding.phrase.", "finding.measure."))}
    assert silent == set()


def test_both_languages_have_the_same_words_with_the_same_places() -> None:
    english, chinese = (
        {k: v for k, v in i18n.words(lang).items() if k.startswith("finding.")} for lang in ("en", "zh")
    )
    assert english.keys() == chinese.keys()
    filler = {"span", "month", "edge", "measure", "upper", "upper_number"}
    for key, text in english.items():
        places = [set(re.findall(r"{(\w+)}", words)) for words in (text, chinese[key])]
        assert places[0] ^ places[1] <= filler, key
        assert not re.search(r"[\u4e00-\u9fff]", text), key


def test_a_list_of_findings_is_markdown_that_shows_dollars_and_stars_as_they_are() -> None:
    rows = [("peak", "A*B <b>$x$ {0}", *GOODS[0][2:])]
    shown = findings.read(season_goods(rows, currency="USD"))._repr_markdown_()
    assert shown.startswith("- **In busy months 40% of sales come from A\\*B &lt;b&gt;\\$x\\$")
    assert "<small>90 orders by 45 members, \\$50,000" in shown
    assert findings.read(season_goods([]))._repr_markdown_() == "Nothing in these figures stands out."


def test_the_language_is_chosen_when_it_is_said() -> None:
    found = findings.read(time_bands(), LISTED)[0]
    with i18n.speaking("zh-Hant"):
        assert "會員" in found.text() and "會員" in findings.headline(time_bands())
    with i18n.speaking("en"):
        assert found.text() == found.text("en")


@given(st.floats(0, 1), st.sampled_from(["members", "orders"]))
def test_a_share_in_words_is_never_far_from_the_share(share: float, noun: str) -> None:
    said = share_of(share, noun, "en")
    fractions = {
        "half": 1 / 2,
        "one in three": 1 / 3,
        "two in three": 2 / 3,
        "one in four": 1 / 4,
        "three in four": 3 / 4,
        "one in five": 1 / 5,
        "four in five": 4 / 5,
        "one in ten": 1 / 10,
        "nine in ten": 9 / 10,
    }
    if share == 1:
        assert said == f"all {noun}"
        return
    meant = next((value for name, value in fractions.items() if said.startswith(name)), None)
    if meant is None:
        meant = float(said.split("%")[0]) / 100
        assert abs(meant - share) <= 0.0051
        assert (meant == 1) <= (share > 0.9994)
    assert abs(meant - share) <= 0.0101


# ---------------------------------------------------------------- whatever the figures

NAMES = st.one_of(
    st.none(), st.sampled_from(["summer_dress", "春_装", "x" * 90, "连衣裙" * 30, " ", "A & B", "a\nb"])
)
AMOUNTS = st.one_of(st.sampled_from([0.0, 0.5, 1e9]), st.floats(0, 1e9).map(lambda value: round(value, 4)))
COUNTS = st.one_of(st.sampled_from([0, 1, 4, 5, 30]), st.integers(0, 900))
WHOLES = {"member_share": "member_count", "order_share": "order_count", "amount_share": "amount"}
CHOICES = {
    "whole": [True, False],
    "move": ["up", "down", "same"],
    "season": ["peak", "slack", "normal", None],
}


def some(name: str) -> st.SearchStrategy[Any]:
    """Values that a column of that name may hold."""
    if name in CHOICES:
        return st.sampled_from(CHOICES[name])
    if name.endswith("_count"):
        return COUNTS
    if name.endswith("amount") or name in ("value", "before", "denominator"):
        return AMOUNTS
    if name.endswith("_share"):
        return st.one_of(st.none(), st.floats(0, 1))
    if name.startswith("mean_") or name.endswith("_ratio"):
        return st.one_of(st.none(), st.floats(0, 5_000))
    return NAMES if name in ("good", "region", "segment") else st.nothing()


@st.composite
def results(draw: st.DrawFn) -> pd.DataFrame:
    """A result of any analysis with any figures: shares that fit their counts, gaps where there is none."""
    result = draw(st.sampled_from(BY_HAND)).copy()
    result = result.iloc[: draw(st.integers(0, len(result)))].reset_index(drop=True)
    for name in result.columns:
        values = some(name)
        if name in WHOLES and WHOLES[name] in result.columns:
            whole = result[WHOLES[name]].sum()
            result[name] = result[WHOLES[name]] / whole if whole else None
        elif name not in ("top_share", "score_count") and not values.is_empty:
            result[name] = pd.Series([draw(values) for _ in range(len(result))], dtype=object).infer_objects()
    if {"sleeping_count", "member_count"} <= set(result.columns):
        result["sleeping_count"] = result[["sleeping_count", "member_count"]].min(axis=1)
    base = int(result["member_count"].sum()) if "member_count" in result else draw(COUNTS)
    result.attrs = dict(result.attrs) | {
        "base": max(base, len(result)),
        "currency": draw(st.sampled_from(["CNY", "GBP", "JPY"])),
    }
    return result


BY_HAND = [result for result, _ in catalogue()]
SHOPS = [None, LISTED, shop(min_members=0, min_orders=0, min_cell=0, product_life_days=30, message_cost=0.1)]


@given(results(), st.sampled_from(SHOPS), st.sampled_from(i18n.LANGUAGES))
def test_no_figure_breaks_a_sentence(result: pd.DataFrame, settings: Any, lang: str) -> None:
    read = findings.read(result, settings)
    for one in read:
        assert 0 <= one.strength <= 1
        for text in (one.text(lang), one.action_text(lang), one.evidence_text(lang)):
            assert not NEVER.search(text), (one.code, text)
    title = findings.headline(result, lang, settings=settings)
    assert 0 < text_width(title) <= TITLE_WIDTH, title
    assert not NEVER.search(title), title
    assert not title.endswith((".", "。"))


def test_titles_stay_short_for_the_longest_names_and_largest_sums() -> None:
    for result, settings in catalogue():
        for lang in i18n.LANGUAGES:
            assert text_width(findings.headline(result, lang, settings=settings)) <= TITLE_WIDTH
    for name in (
        "Extraordinarily long name of a category of goods",
        "春夏季新款法式复古碎花雪纺连衣裙女装系列大码",
    ):
        rows = [("peak", name, *GOODS[0][2:])]
        for lang in i18n.LANGUAGES:
            title = findings.headline(season_goods(rows), lang)
            assert "…" in title and text_width(title) <= TITLE_WIDTH
