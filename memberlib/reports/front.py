"""What does a shop's front page say: headline figures, strongest findings, pictures, themes?"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from memberlib import i18n
from memberlib.errors import InputError
from memberlib.theme import View
from memberlib.themes import all_themes

FINDINGS = 3
PICTURES = (("rfm", "segments"), ("time", "months"))
"""Theme and view of the pictures on a front page."""


def summary(shop: Any) -> dict[str, Any]:
    """A shop in a few figures and sentences, in every language; plain values that JSON can hold.

    Parameters
    ----------
    shop : Store

    Returns
    -------
    dict
        name (by language), currency, member_count, buyer_count, headline (rows of
        :func:`memberlib.indicators.headline`) and its days, left_out (rows), themes (the title sentence of
        each, by language), findings (strongest first: theme, code, strength; text, action and evidence by
        language).
    """
    from memberlib import findings, indicators

    results = {
        theme.name: [_answer(shop, one) for one in theme.analyses if one.front]
        for theme in all_themes()
        if theme.name != "headline"
    }
    told = {name: [result for result in found if result is not None] for name, found in results.items()}
    headline = indicators.headline(shop)
    read = findings.read([result for found in told.values() for result in found], settings=shop.settings)
    return {
        "name": {lang: shop.name(lang) for lang in i18n.LANGUAGES},
        "currency": shop.settings.currency,
        "member_count": shop.member_count,
        "buyer_count": shop.buyer_count,
        "left_out": _rows(shop.left_out),
        "headline": _rows(headline),
        "days": headline.attrs.get("days"),
        "themes": {
            name: {lang: findings.headline(found[0], lang, settings=shop.settings) for lang in i18n.LANGUAGES}
            for name, found in told.items()
            if found
        },
        "findings": [_said(one) for one in _strongest(read)],
    }


def pictures(shop: Any, lang: str) -> Iterator[tuple[str, str]]:
    """The pictures of a front page: base64 of the PNG, and the sentence that stands over it."""
    from memberlib import charts, findings
    from memberlib.themes import theme

    with i18n.speaking(lang):
        for name, view in PICTURES:
            analysis = theme(name).analysis(view)
            result = _answer(shop, analysis)
            if result is not None and len(result):
                drawn = charts.picture(charts.draw(result))
                yield (
                    base64.b64encode(drawn).decode("ascii"),
                    findings.headline(result, settings=shop.settings),
                )


def _answer(shop: Any, analysis: View) -> Any:
    """The result without any choice; None where the shop cannot answer, or a choice is needed."""
    if analysis.needs:
        return None
    try:
        return analysis(shop)
    except InputError:
        return None


def _strongest(read: Any) -> list[Any]:
    """The strongest findings, of different themes as far as they go; "too few" only where it stands alone."""
    telling = [one for one in read if one.code != "too_few"] or list(read)
    first, seen = [], set()
    for one in telling:
        if one.theme not in seen:
            first.append(one)
            seen.add(one.theme)
    rest = [one for one in telling if one not in first]
    return sorted((first + rest)[:FINDINGS], key=lambda one: (-one.strength, one.code))


def _said(finding: Any) -> dict[str, Any]:
    return {
        "theme": finding.theme,
        "code": finding.code,
        "strength": round(float(finding.strength), 6),
        "text": {lang: finding.text(lang) for lang in i18n.LANGUAGES},
        "action": {lang: finding.action_text(lang) for lang in i18n.LANGUAGES},
        "evidence": {lang: finding.evidence_text(lang) for lang in i18n.LANGUAGES},
    }


def _rows(frame: Any) -> list[dict[str, Any]]:
    return [{str(key): _plain(value) for key, value in row.items()} for row in frame.to_dict("records")]


def _plain(value: Any) -> Any:
    if i18n.is_empty(value):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "item"):
        value = value.item()
    return value if isinstance(value, bool | int | float | str) else str(value)
