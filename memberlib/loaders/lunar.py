"""Read days of the Chinese lunar calendar and find their solar days.

The Chinese calendar (农历) from 1900 to 2100, as the library Borax (MIT) tabulates it.
"""

from __future__ import annotations

import datetime as dt

DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "○": 0}
MONTHS = {"正": 1, "冬": 11, "腊": 12, "臘": 12}


def solar_day(year: int, day: str) -> dt.date | None:
    """The solar day on which a lunar day falls in a lunar year; None where that year does not have it.

    Parameters
    ----------
    year : int
        Lunar year, 1900–2100, which begins with the Spring Festival of the solar year of that number.
    day : str
        ``08-15``, or ``L06-15`` in a leap month.

    Examples
    --------
    >>> solar_day(2026, "08-15")
    datetime.date(2026, 9, 25)
    >>> solar_day(2026, "L06-15") is None
    True
    """
    from borax.calendars.lunardate import InvalidLunarDateError, LunarDate

    try:
        found: dt.date = LunarDate(year, int(day[-5:-3]), int(day[-2:]), day.startswith("L")).to_solar_date()
    except InvalidLunarDateError:
        return None
    return found


def number(text: str) -> int:
    """A month or a day in digits or in Chinese numerals.

    Examples
    --------
    >>> [number(t) for t in ("07", "正", "十二", "初十", "廿三", "三十", "二十一")]
    [7, 1, 12, 10, 23, 30, 21]
    """
    if text.isdigit():
        return int(text)
    if text in MONTHS:
        return MONTHS[text]
    tens, _, ones = text.removeprefix("初").replace("廿", "二十").replace("卅", "三十").rpartition("十")
    ten = (DIGITS[tens] if tens else 1) if "十" in text or text[0] in "廿卅" else 0
    return ten * 10 + (DIGITS[ones] if ones else 0)
