"""What a shop's front page says, from the results, findings and pictures that stand in its executed notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from memberlib import i18n, themes
from memberlib.findings import headline
from memberlib.plain import plain
from memberlib.reports.content import Content, Picture
from memberlib.sentences.finding import Finding, to_data

if TYPE_CHECKING:
    import pandas as pd

    from memberlib.settings import Settings

FINDINGS = 3
PICTURES = (("rfm", "segments"), ("time", "months"))
"""Theme and view of the pictures on a front page."""


def summary(contents: Iterable[Content], settings: Settings, store_id: str) -> dict[str, Any]:
    """A shop in a few figures and sentences, in every language; plain values that JSON can hold.

    Parameters
    ----------
    contents : iterable of Content
        Of the shop's notebooks. Of a view that several cells show the first result counts.
    settings : Settings
    store_id : str

    Returns
    -------
    dict
        name (by language), currency, member_count, buyer_count, headline (rows of the headline figures; empty where no
        notebook shows them) and what they say of themselves, left_out (rows), themes (the title sentence of each, by
        language), findings (strongest first: the finding as data; its text, action and evidence by language).
    """
    contents = list(contents)
    results: dict[tuple[str, str], pd.DataFrame] = {}
    read: dict[tuple[str, str], list[Finding]] = {}
    for content in contents:
        for result in content.results:
            results.setdefault(_view(result.attrs), result)
        for about, found in content.findings:
            read.setdefault(_view(about), found)
    figures, left_out = results.get(("headline", "figures")), results.get(("headline", "left_out"))
    opening = next(
        (one.attrs for content in contents for one in content.results if "buyer_count" in one.attrs), {}
    )
    told = [one for view, found in read.items() for one in found if _of_the_shop(view)]
    return {
        "name": {lang: settings.name_in(lang, store_id) for lang in i18n.LANGUAGES},
        "currency": settings.currency,
        "member_count": opening.get("member_count"),
        "buyer_count": opening.get("buyer_count"),
        "left_out": [] if left_out is None else plain(left_out),
        "headline": [] if figures is None else plain(figures),
        "headline_of": {} if figures is None else _said_of(figures),
        "themes": {name: _lines(result) for name, result in _main(results)},
        "findings": [_said(one) for one in _strongest(told)],
    }


def pictures(contents: Iterable[Content]) -> list[Picture]:
    """The pictures of a front page, as they stand in the notebooks."""
    known: dict[tuple[str, str], Picture] = {}
    for content in contents:
        for one in content.pictures:
            known.setdefault((one.theme, one.view), one)
    return [known[place] for place in PICTURES if place in known]


def _view(about: Mapping[Any, Any]) -> tuple[str, str]:
    return str(about.get("theme")), str(about.get("view"))


def _of_the_shop(view: tuple[str, str]) -> bool:
    """Whether a view's findings are of the shop as it is, not of a trial or of how something was done."""
    name, view_name = view
    known = themes.theme(name).views.get(view_name) if name in themes.names() else None
    return known is None or known.front


def _main(results: Mapping[tuple[str, str], pd.DataFrame]) -> Iterable[tuple[str, pd.DataFrame]]:
    """Theme and result that its line on the front page is made of: the first of its views that was shown."""
    for theme in themes.all_themes():
        for view in theme.analyses:
            if theme.name != "headline" and (theme.name, view.name) in results:
                yield theme.name, results[theme.name, view.name]
                break


def _lines(result: pd.DataFrame) -> dict[str, str]:
    return {lang: headline(result, lang) for lang in i18n.LANGUAGES}


def _said_of(figures: pd.DataFrame) -> dict[str, Any]:
    left = (
        "analysis",
        "theme",
        "view",
        "params",
        "limits",
        "row_count",
        "shop",
        "store",
        "currency",
        "churn_days",
    )
    return {str(name): value for name, value in figures.attrs.items() if name not in left}


def _strongest(read: list[Finding]) -> list[Finding]:
    """The strongest findings, of different themes as far as they go; "too few" only where it stands alone."""
    ordered = sorted(read, key=lambda one: (-one.strength, one.code))
    telling = [one for one in ordered if one.code != "too_few"] or ordered
    first, seen = [], set()
    for one in telling:
        if one.theme not in seen:
            first.append(one)
            seen.add(one.theme)
    rest = [one for one in telling if one not in first]
    return sorted((first + rest)[:FINDINGS], key=lambda one: (-one.strength, one.code))


def _said(finding: Finding) -> dict[str, Any]:
    return {
        **to_data(finding),
        "text": {lang: finding.text(lang) for lang in i18n.LANGUAGES},
        "action_text": {lang: finding.action_text(lang) for lang in i18n.LANGUAGES},
        "evidence_text": {lang: finding.evidence_text(lang) for lang in i18n.LANGUAGES},
    }
