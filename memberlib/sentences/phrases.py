"""Figures, intervals and names as they are put into a sentence."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from memberlib import i18n

TITLE_WIDTH = 76
"""Columns a title may fill, a Chinese character taking two."""

_FRACTIONS = (
    (1 / 2, "half"), (1 / 3, "third"), (2 / 3, "two_thirds"), (1 / 4, "quarter"), (3 / 4, "three_quarters"),
    (1 / 5, "fifth"), (4 / 5, "four_fifths"), (1 / 10, "tenth"), (9 / 10, "nine_tenths"),
)  # fmt: skip
_NAME_WIDTH = 24
_WORD_GROUPS = {
    "level": "level", "segment": "segment", "season": "season", "kind": "kind", "measure": "finding.measure",
    "figure": "figure_said", "period": "period", "against": "against", "reason": "reason",
}  # fmt: skip


def spoken(
    evidence: Mapping[str, Any],
    about: Mapping[str, Any],
    currency: str,
    *,
    lang: str | None = None,
    short: bool = True,
    tolerance: float = 0.01,
    name_width: int = _NAME_WIDTH * 2,
) -> dict[str, str]:
    """Figures and names as words, under the names that the sentences use.

    Parameters
    ----------
    evidence, about : mapping
        As in a :class:`Finding`.
    currency : str
    lang : str, optional
    short : bool
        Large amounts in thousands or 万.
    tolerance : float
        How near a share must lie to a simple fraction to be called so.
    name_width : int
        Columns that a name of goods or of a region may fill.

    Returns
    -------
    dict
        Each name formatted by its unit; a share ``x_share`` also as ``x_share_members`` and
        ``x_share_orders`` ("two in three members").
    """
    values: dict[str, str] = {}
    for name, value in evidence.items():
        values[name] = _figure(name, value, currency, lang, short=short)
        if name.endswith("_share"):
            for noun in ("members", "orders"):
                values[f"{name}_{noun}"] = share_of(value, noun, lang, tolerance=tolerance)
        if name.startswith(("now_", "before_")):
            values.setdefault(name.split("_", 1)[0], values[name])
    for name, value in about.items():
        values[name] = _named(name, value, currency, lang, name_width)
    return values


def share_of(share: float, noun: str, lang: str | None = None, *, tolerance: float = 0.01) -> str:
    """A share of members or orders in words: "two in three members", or "58% of members".

    Examples
    --------
    >>> share_of(0.664, "members", "en"), share_of(0.58, "orders", "en")
    ('two in three members', '58% of orders')
    """
    if share == 1:
        return i18n.say(f"finding.phrase.{noun}.all", lang)
    gap, name = min((abs(share - value), name) for value, name in _FRACTIONS)
    if gap <= tolerance:
        return i18n.say(f"finding.phrase.{noun}.{name}", lang)
    return i18n.say(f"finding.phrase.{noun}.percent", lang, share=prose_percent(share, lang))


def prose_percent(share: float, lang: str | None = None) -> str:
    """A share as prose has it: whole percent from 10 % on, but never 100 % for less than all."""
    whole = share >= 0.0995 and not (share < 1 and share >= 0.995)
    return i18n.percent(share, lang, digits=0 if whole else 1)


def cut(text: str, width: int) -> str:
    """A name in at most so many columns, the rest shown as an ellipsis.

    Examples
    --------
    >>> cut("Long-sleeved linen dress", 12)
    'Long-sleeve…'
    """
    if text_width(text) <= width:
        return text
    kept, used = "", 0
    for sign in text:
        used += text_width(sign)
        if used > width - 1:
            break
        kept += sign
    return kept.rstrip() + "…"


def text_width(text: str) -> int:
    """Columns a text fills: a Chinese character or full-width sign takes two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def joined(parts: Sequence[str], lang: str | None = None) -> str:
    """Names in a row: "Leeds, York and Hull"."""
    if len(parts) < 2:
        return "".join(parts)
    first = i18n.say("finding.phrase.list.comma", lang).join(parts[:-1])
    return i18n.say("finding.phrase.list.last", lang, first=first, last=parts[-1])


def sentence(text: str) -> str:
    """The text with its first letter in upper case, with no space too many."""
    text = re.sub(r" +(?=[ ，。、；：）”])", "", text).strip()
    return text[:1].upper() + text[1:]


def band(
    lower: float | None, upper: float | None, unit: str, *, currency: str, lang: str | None = None
) -> str:
    """An interval inside a sentence: "over ¥50 to ¥100", "at most 2 orders", 超过 10 笔.

    Examples
    --------
    >>> band(None, 2, "orders", currency="GBP", lang="en"), band(50, 100, "money", currency="GBP", lang="en")
    ('at most 2 orders', 'over £50 to £100')
    """
    if unit == "orders":
        return _orders(lower, upper, lang)
    if lower is None and upper is None:
        return i18n.say("finding.phrase.band.all", lang)
    form = "below" if lower is None else "above" if upper is None else "between"
    written = {
        name: i18n.money(value, currency, lang) if unit == "money" else i18n.counted(value, unit, lang)
        for name, value in (("lower", lower), ("upper", upper))
    }
    written["upper_number"] = i18n.number(upper, lang)
    return i18n.say(f"finding.phrase.band.{form}", lang, **written)


def _orders(lower: float | None, upper: float | None, lang: str | None) -> str:
    least = 1 if lower is None else int(lower) + 1
    if upper is None:
        form = "all" if lower is None else "above"
    elif lower is None:
        form = "one" if upper <= 1 else "below"
    else:
        form = "same" if int(upper) <= least else "between"
    written = {"least": i18n.number(least, lang), "upper": i18n.number(upper, lang)}
    lower_orders = i18n.counted(lower, "orders", lang)
    return i18n.say(f"finding.phrase.placed.{form}", lang, lower_orders=lower_orders, **written)


def _figure(name: str, value: Any, currency: str, lang: str | None, *, short: bool) -> str:
    unit = name.rsplit("_", 1)[-1]
    if name.endswith("_change_share"):
        return i18n.percent(value, lang, digits=0 if abs(value) >= 0.0995 else 1, signed=True)
    if unit == "share":
        return prose_percent(value, lang)
    if unit == "amount":
        return i18n.money(value, currency, lang, short=short)
    if unit == "days":
        return i18n.counted(i18n.rounded(value), "days", lang)
    if unit == "ratio":
        return i18n.number(value, lang, digits=2 if abs(value) < 1 else 1)
    return i18n.number(value, lang)


def _named(name: str, value: Any, currency: str, lang: str | None, width: int) -> str:
    """A code, a date, an interval or a name, by the first part of its name (``level_next`` is a level)."""
    what = re.sub(r"s$", "", name.split("_", 1)[0])
    pair = what in ("span", "band", "edge")
    if isinstance(value, Sequence) and not isinstance(value, str) and not pair:
        parts = [_named(name, one, currency, lang, width) for one in value]
        if what == "segment":  # some of their names have a comma
            parts = [i18n.say("finding.phrase.list.quoted", lang, name=part) for part in parts]
        return joined(parts, lang)
    if what == "span":
        return i18n.counted(value[0], value[1], lang)
    if what == "band":
        lower, upper, unit = value
        return band(lower, upper, unit, currency=currency, lang=lang)
    if what == "edge":
        edge, measure = value
        return (
            i18n.money(edge, currency, lang) if measure == "monetary"
            else i18n.counted(edge, "days" if measure == "recency" else "orders", lang)
        )  # fmt: skip
    if what == "amount":
        return i18n.money(value, currency, lang)
    if what == "count":
        return i18n.number(value, lang)
    if what == "month":
        return i18n.month(value, lang)
    if what == "calendar":
        return i18n.say(f"finding.phrase.month.{value}", lang)
    if what == "weekday":
        return i18n.say(f"finding.phrase.weekday.{value}", lang)
    if what == "hour":
        return i18n.say("finding.phrase.hour", lang, hour=f"{value % 24:02d}")
    if what in _WORD_GROUPS:
        return cut(plain(i18n.word(_WORD_GROUPS[what], value, lang)), width)
    return cut(plain(str(value)), width)


def plain(name: str) -> str:
    """A shop's own name as a reader writes it: no underscores, no line breaks."""
    return re.sub(r"[\s_]+", " ", name).strip() or i18n.NO_VALUE
