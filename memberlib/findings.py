"""Which sentences follow from a result, on what evidence, and what a shop can do about it.

read(result)        the findings of one result or of many, strongest first
headline(result)    one sentence with the shop's number, for a chart's title
thresholds()        from which figure on a finding speaks, overridden by the shop
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from memberlib import i18n, themes
from memberlib.errors import InputError
from memberlib.results import whole
from memberlib.sentences.finding import Finding, Findings
from memberlib.sentences.limits import limits
from memberlib.sentences.phrases import TITLE_WIDTH, cut, sentence, spoken, text_width
from memberlib.sentences.reading import Reading
from memberlib.theme import View

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Finding", "Findings", "headline", "read", "thresholds"]


def __dir__() -> list[str]:
    return __all__


def read(results: pd.DataFrame | Iterable[pd.DataFrame], settings: Any = None) -> Findings:
    """The findings that follow from one result or from several, strongest first.

    Parameters
    ----------
    results : DataFrame or iterable of DataFrame
        As the analyses return them, with their ``attrs``.
    settings : Settings, optional
        Other limits than those that the result carries.

    Returns
    -------
    Findings
        A list of :class:`Finding`, by falling strength, then by code. A result on too small a base gives one
        finding of the code ``too_few`` and nothing else; several on the same base give it once per theme.

    Raises
    ------
    InputError
        For a frame that is not the result of an analysis, one whose rows were filtered, or a limit that does not exist.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"top_share": [0.1, 1.0], "member_count": [40, 400], "amount": [60.0, 100.0],
    ...                      "amount_share": [0.6, 1.0], "least_amount": [0.9, 0.1]})
    >>> rows.attrs = {"theme": "amount", "analysis": "concentration", "base": 400, "currency": "GBP"}
    >>> read(rows)[0].text("en")
    "The top 10% of members bring 60% of members' sales."
    """
    found: list[Finding] = []
    about: dict[str, Any] = {}
    many: Iterable[Any] = [results] if hasattr(results, "attrs") else results
    for result in many:
        view, reading = _opened(result, settings)
        about = {name: reading.attrs.get(name) for name in ("theme", "view", "store", "as_of", "base")}
        for one in _findings(view, reading):
            if one not in found:
                found.append(one)
    sentences = Findings(sorted(found, key=lambda one: (-one.strength, one.code)))
    sentences.about = about
    return sentences


def headline(result: pd.DataFrame, lang: str | None = None, *, settings: Any = None) -> str:
    """One sentence with the shop's number, short enough for a chart's title.

    It is the title of the strongest finding that has one, else what the view always says of its figures.

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
    >>> rows.attrs = {"theme": "amount", "analysis": "concentration", "base": 400, "currency": "GBP"}
    >>> headline(rows, "en")
    "The top 10% of members bring 60% of members' sales"
    """
    view, reading = _opened(result, settings)
    if reading.too_few:
        return i18n.say(f"finding.title.too_few.{_noun(reading)}", lang, base=i18n.number(reading.base, lang))
    for one in sorted(_findings(view, reading), key=lambda one: (-one.strength, one.code)):
        key = f"{one.key}.{one.wording.replace('text', 'title')}"
        if key in i18n.words("en"):
            return _fitting(key, one.evidence, one.about, reading, lang)
    speaks = view.headline is not None and (len(result) or view.empty_speaks)
    title = view.headline(reading) if view.headline is not None and speaks else None
    if title is None:
        return i18n.say("finding.title.nothing", lang)
    wording, evidence, about = title
    return _fitting(f"{view.key}.title.{wording}", evidence, about, reading, lang)


def thresholds(settings: Any = None) -> dict[str, Any]:
    """From which figures on findings speak: the limits of all themes, a shop's own in their place.

    Parameters
    ----------
    settings : Settings, optional
        Its ``findings`` may override any limit.

    Raises
    ------
    InputError
        For an unknown name or a value of the wrong kind, in one line.

    Examples
    --------
    >>> thresholds()["min_members"]
    30
    """
    return limits(getattr(settings, "findings", None))


def _fitting(key: str, evidence: Any, about: Any, reading: Reading, lang: str | None) -> str:
    for width in (24, 16, 10):
        tolerance = reading.limits["fraction_tolerance"]
        values = spoken(evidence, about, reading.currency, lang=lang, tolerance=tolerance, name_width=width)
        text = sentence(i18n.say(key, lang, **values))
        if text_width(text) <= TITLE_WIDTH:
            return text
    return cut(text, TITLE_WIDTH)


def _opened(result: pd.DataFrame, settings: Any) -> tuple[View, Reading]:
    about = getattr(result, "attrs", {})
    view = themes.view_of(about)
    if view is None:
        raise InputError(
            f"findings: no analysis {about.get('analysis')!r}; give a result as an analysis returned it"
        )
    if not whole(result):
        raise InputError(
            f"findings: rows were taken out of this result of '{view.analysis}'; read it as it was returned"
        )
    return view, Reading(result, settings, empty_speaks=view.empty_speaks)


def _findings(view: View, reading: Reading) -> Iterator[Finding]:
    if reading.too_few:
        least = reading.limits["min_orders" if _noun(reading) == "orders" else "min_members"]
        evidence = {"base_count": reading.base, "least_count": least}
        yield reading.found("too_few", 0.0, evidence, wording=_noun(reading), action=None)
        return
    for finder in view.finders:
        reading.code = finder.__name__
        made = finder(reading)
        if isinstance(made, Finding):
            yield made
        elif made is not None:
            yield from made


def _noun(reading: Reading) -> str:
    return "orders" if reading.counts == "orders" else "members"
