"""Which sentences follow from a result, on what evidence, and what should the shop do?

read(result)        the findings of one result or of many, strongest first
headline(result)    one sentence with the shop's number, for a chart's title
thresholds()        from which figure on a finding speaks: memberlib/findings.toml, overridden by the shop
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

from memberlib import i18n
from memberlib.errors import InputError
from memberlib.findings import (
    of_amount,
    of_calendar,
    of_count,
    of_headline,
    of_level,
    of_rfm,
    of_scores,
    of_time,
)
from memberlib.findings.finding import Finding, Findings
from memberlib.findings.phrases import TITLE_WIDTH, cut, sentence, spoken, text_width
from memberlib.findings.reading import Reading
from memberlib.findings.thresholds import thresholds

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Finding", "Findings", "headline", "read", "thresholds"]

_MODULES = (of_level, of_time, of_calendar, of_amount, of_count, of_rfm, of_scores, of_headline)
_HOMES: dict[str, ModuleType] = {analysis: module for module in _MODULES for analysis in module.TITLES}


def read(results: pd.DataFrame | Iterable[pd.DataFrame], settings: Any = None) -> Findings:
    """The findings that follow from one result or from several, strongest first.

    Parameters
    ----------
    results : DataFrame or iterable of DataFrame
        As the analyses return them, with their ``attrs``.
    settings : Settings, optional
        The shop's: its ``findings`` override thresholds, its ``churn_days`` and ``level_rules`` serve where a
        result does not carry them.

    Returns
    -------
    Findings
        A list of :class:`Finding`, by falling strength, then by code. A result on too small a base gives one
        finding of the code ``too_few`` and nothing else; several on the same base give it once per theme.

    Raises
    ------
    InputError
        For a frame that is not the result of an analysis, or a threshold that does not exist.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"top_share": [0.1, 1.0], "member_count": [40, 400], "amount": [60.0, 100.0],
    ...                      "amount_share": [0.6, 1.0], "least_amount": [0.9, 0.1]})
    >>> rows.attrs = {"analysis": "concentration", "base": 400, "counts": "members", "currency": "GBP"}
    >>> read(rows)[0].text("en")
    'The top 10% of members bring 60% of sales.'
    """
    limits = thresholds(settings)
    found: list[Finding] = []
    many: Iterable[Any] = [results] if hasattr(results, "attrs") else results
    for result in many:
        for one in _findings(_opened(result, limits, settings)):
            if one not in found:
                found.append(one)
    return Findings(sorted(found, key=lambda one: (-one.strength, one.code)))


def headline(result: pd.DataFrame, lang: str | None = None, *, settings: Any = None) -> str:
    """One sentence with the shop's number, short enough for a chart's title.

    Parameters
    ----------
    result : DataFrame
        As an analysis returns it.
    lang : str, optional
        The language in use where left out.
    settings : Settings, optional
        As in :func:`read`.

    Returns
    -------
    str
        At most 76 columns, a Chinese character taking two; on a small or empty result it says that there are
        too few data.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"top_share": [0.1, 1.0], "member_count": [40, 400], "amount": [60.0, 100.0],
    ...                      "amount_share": [0.6, 1.0], "least_amount": [0.9, 0.1]})
    >>> rows.attrs = {"analysis": "concentration", "base": 400, "counts": "members", "currency": "GBP"}
    >>> headline(rows, "en")
    'The top 10% of members bring 60% of sales'
    """
    limits = thresholds(settings)
    reading = _opened(result, limits, settings)
    if reading.too_few:
        return i18n.say(f"finding.title.too_few.{_noun(reading)}", lang, base=i18n.number(reading.base, lang))
    title = None
    if len(result) or reading.analysis == "season_goods":
        title = _HOMES[reading.analysis].TITLES[reading.analysis](reading)
    if title is None:
        return i18n.say("finding.title.nothing", lang)
    wording, evidence, about = title
    for width in (24, 16, 10):
        tolerance = limits["fraction_tolerance"]
        values = spoken(evidence, about, reading.currency, lang=lang, tolerance=tolerance, name_width=width)
        text = sentence(i18n.say(f"finding.title.{reading.analysis}.{wording}", lang, **values))
        if text_width(text) <= TITLE_WIDTH:
            return text
    return cut(text, TITLE_WIDTH)


def _opened(result: pd.DataFrame, limits: dict[str, Any], settings: Any) -> Reading:
    analysis = getattr(result, "attrs", {}).get("analysis")
    if analysis not in _HOMES:
        raise InputError(f"findings: no analysis {analysis!r}; give a result as an analysis returned it")
    return Reading(result, _HOMES[analysis].THEME, limits, settings)


def _findings(reading: Reading) -> Iterator[Finding]:
    if reading.too_few:
        least = reading.limits["min_orders" if _noun(reading) == "orders" else "min_members"]
        evidence = {"base_count": reading.base, "least_count": least}
        yield reading.found("too_few", 0.0, evidence, wording=_noun(reading), action=None)
        return
    finder = _HOMES[reading.analysis].FINDERS.get(reading.analysis)
    if finder is not None:
        yield from finder(reading)


def _noun(reading: Reading) -> str:
    return "orders" if reading.counts == "orders" else "members"
