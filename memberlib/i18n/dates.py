"""How are days, months and weekdays written?"""

from __future__ import annotations

import datetime as dt
from typing import Any

from memberlib.i18n.language import NO_VALUE, is_empty, say


def _date(value: Any) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    return dt.date.fromisoformat(str(value)[:10])


def day(value: object, lang: str | None = None) -> str:
    """Return a date in full: "30 Jun 2026", 2026年6月30日.

    Examples
    --------
    >>> day("2026-06-30", "en")
    '30 Jun 2026'
    """
    if is_empty(value):
        return NO_VALUE
    on = _date(value)
    return say("date.day", lang, year=on.year, month=on.month, day=on.day, name=month_name(on.month, lang))


def month(value: object, lang: str | None = None, *, year: bool = True) -> str:
    """Return a date's month: "Jun 2026", 2026年6月; without the year "Jun", 6月."""
    if is_empty(value):
        return NO_VALUE
    on = _date(value)
    name = month_name(on.month, lang)
    return say("date.month", lang, year=on.year, month=on.month, name=name) if year else name


def month_name(value: int, lang: str | None = None) -> str:
    """Return the short name of month 1–12."""
    return say(f"date.month_name.{value}", lang)


def weekday(value: object, lang: str | None = None) -> str:
    """Return the short name of a weekday (0 = Monday) or of a date's weekday."""
    if is_empty(value):
        return NO_VALUE
    index = value if isinstance(value, int) or hasattr(value, "dtype") else _date(value).weekday()
    return say(f"date.weekday.{int(index)}", lang)  # type: ignore[call-overload]
