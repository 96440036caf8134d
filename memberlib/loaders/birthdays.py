"""Read a birthday as an export writes it, in the solar or the lunar calendar.

Forms that are read, in half or full width, with or without a time of day behind::

    1990-05-01   1990/5/1   1990.5.1   19900501   1990年5月1日   一九九〇年五月一日   民國79年5月1日
    05-01   5/1   5月1日   0501   --05-01   0000-05-01                       the year is not known
    农历1990-8-15   1990年农历八月十五   阴历 8-15   农历八月十五   8-15(农)        the lunar calendar by its name
    正月初一   闰六月初三   腊月廿三   八月十五                                    the lunar calendar by its words

A month and a day in Chinese numerals without 日 or 号 behind are lunar, as people write them. A word in the text goes
before the column that says the calendar; where neither says it, the day is solar. A lunar day 30 must be there in its
year; where the year is not known, any month may have it. Nothing is guessed: years of two digits and years of the
sexagenary cycle (庚午年) are not read.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
import zoneinfo
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from memberlib.loaders.lunar import DIGITS, MONTHS, number, solar_day
from memberlib.model import BIRTH_YEARS

if TYPE_CHECKING:
    import duckdb

_NOTHING = {
    "",
    "null",
    "na",
    "n/a",
    "#n/a",
    "-",
    "--",
    "nan",
    "none",
    "nat",
    "\\n",
    "未知",
    "保密",
    "不详",
    "无",
}
_NO_DAY = re.compile(r"0{4}-0{1,2}-0{1,2}( 0{2}:0{2}:0{2})?")
_LUNAR = re.compile(r"农历|農曆|农曆|阴历|陰曆|阴曆|旧历|舊曆|夏历|夏曆|lunar|\((农|農|阴|陰)\)")
_SOLAR = re.compile(r"公历|公曆|阳历|陽曆|阳曆|新历|新曆|西历|西曆|国历|國曆|solar|gregorian|\((公|阳|陽)\)")
_ONES, _NUMERAL = "[一二三四五六七八九]", "[零〇○一二三四五六七八九]"
_YEAR = f"(?P<year>[0-9]{{4}}|{_NUMERAL}{{4}})"
_MONTH = rf"(?P<leap>l|闰|閏)?(?P<month>[0-9]{{1,2}}|[正冬腊臘]|十[一二]?|{_ONES})"
_DAY = rf"(?P<day>[0-9]{{1,2}}|初[一二三四五六七八九十]|[廿卅]{_ONES}?|[二三]十{_ONES}?|十{_ONES}?|{_ONES})"
_TIME = r"(?:t[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"{_YEAR}年{_MONTH}月{_DAY}(?P<said>[日号號])?{_TIME}",
        rf"(?:民国|民國)(?P<minguo>[0-9]{{1,3}})年{_MONTH}月{_DAY}(?P<said>[日号號])?",
        rf"{_YEAR}(?P<mark>[-/.])(?P<leap>l|闰|閏)?(?P<month>[0-9]{{1,2}})(?P=mark)(?P<day>[0-9]{{1,2}}){_TIME}",
        rf"(?P<year>[0-9]{{4}})(?P<month>[0-9]{{2}})(?P<day>[0-9]{{2}})(?:[0-9]{{6}}|{_TIME})",
        rf"{_MONTH}月{_DAY}(?P<said>[日号號])?",
        r"(?:--)?(?P<leap>l|闰|閏)?(?P<month>[0-9]{1,2})[-/.](?P<day>[0-9]{1,2})",
        r"(?P<month>[0-9]{2})(?P<day>[0-9]{2})",
    )
)
_OFFSET = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ t][0-9:.]+ ?(z|utc|[+-][0-9]{2}:?([0-9]{2})?)")


class Birthday(NamedTuple):
    """A birthday as the table of members holds it.

    Attributes
    ----------
    birthday : date, optional
        Day of birth in the solar calendar; None where the year is not known.
    calendar : str, optional
        ``solar`` or ``lunar``: the calendar the text is in; None where there is no birthday.
    day : str, optional
        Month and day in that calendar: ``05-01``, in a lunar leap month ``L06-15``.
    ok : bool
        Whether the text could be read; an empty one can.
    """

    birthday: dt.date | None
    calendar: str | None
    day: str | None
    ok: bool


_NONE, _BAD = Birthday(None, None, None, True), Birthday(None, None, None, False)


def parsed(
    texts: Sequence[str | None],
    calendars: Sequence[str | None],
    days: Sequence[str | None] | None = None,
    *,
    dates: Sequence[str] = (),
    zone: str = "UTC",
    serial_dates: bool = False,
) -> list[Birthday]:
    """The birthday each text means; to be called with the distinct texts of a column.

    Parameters
    ----------
    texts : sequence of str
        What the export writes for the birthday.
    calendars : sequence of str
        ``solar``, ``lunar`` or None, where a column of its own says the calendar.
    days : sequence of str, optional
        Month and day where a column of its own holds them; then the text beside it is the solar day of birth, and both
        must mean the same day.
    dates : sequence of str
        Forms of dates beyond those above, such as ``%d/%m/%Y``; where one begins with the day, so does ``31/12``.
    zone : str
        Time zone in which a moment with an offset is taken for a day.
    serial_dates : bool
        Whether five digits are a day as Excel counts them.

    Examples
    --------
    >>> parsed(["1990-05-01", "5月1日", "农历1990年八月十五", "02-30"], [None, None, None, None])
    ... # doctest: +NORMALIZE_WHITESPACE
    [Birthday(birthday=datetime.date(1990, 5, 1), calendar='solar', day='05-01', ok=True),
     Birthday(birthday=None, calendar='solar', day='05-01', ok=True),
     Birthday(birthday=datetime.date(1990, 10, 3), calendar='lunar', day='08-15', ok=True),
     Birthday(birthday=None, calendar=None, day=None, ok=False)]
    """
    given = days if days is not None else [None] * len(texts)
    found = []
    for text, calendar, day in zip(texts, calendars, given, strict=True):
        born = _birthday(text, None if _plain(day) else calendar, dates, zone, serial_dates)
        found.append(
            _with_day(born, _birthday(day, calendar, dates, zone, serial_dates)) if _plain(day) else born
        )
    return found


def fill_birthdays(
    con: duckdb.DuckDBPyConnection,
    table: str,
    *,
    calendar: str | None = None,
    dates: Sequence[str] = (),
    zone: str = "UTC",
    serial_dates: bool = False,
    fault: int = 0,
) -> None:
    """Fill in what the birthdays of a table of members mean; each distinct one is worked out once.

    Parameters
    ----------
    table : str
        Has ``birthday_text``, ``birthday``, ``birthday_calendar``, ``birthday_day``, ``fault`` and ``value``.
    calendar : str, optional
        The calendar of texts that do not say one, in rows that do not say one.
    fault : int
        What ``fault`` becomes in a good row whose birthday cannot be read; 0 to leave it empty and put the text in
        ``odd_birthday``.
    """
    import pyarrow as pa

    relation = con.sql(
        f"SELECT DISTINCT birthday_text, birthday_calendar, birthday_day FROM {table} "
        "WHERE birthday_text IS NOT NULL OR birthday_calendar IS NOT NULL OR birthday_day IS NOT NULL"
    )
    written = relation.to_arrow_table()
    texts, calendars, days = (column.to_pylist() for column in written.columns)
    found = parsed(
        texts, [c or calendar for c in calendars], days, dates=dates, zone=zone, serial_dates=serial_dates
    )
    if not found:
        return
    kinds = {"born": pa.date32(), "its_calendar": pa.string(), "its_day": pa.string(), "ok": pa.bool_()}
    for (name, kind), values in zip(kinds.items(), zip(*found, strict=True), strict=True):
        written = written.append_column(name, pa.array(values, kind))
    con.register("born_days", written)
    shown, bad = "left(coalesce(b.birthday_text, b.birthday_day), 200)", "fault = 0 AND NOT ok"
    refused = f"fault = if({bad}, {fault}, fault), value = if({bad}, {shown}, value)"
    odd = f"odd_birthday = if(ok, NULL, {shown})"
    con.execute(
        f"UPDATE {table} AS t SET birthday = born, birthday_calendar = its_calendar, birthday_day = its_day, "
        f"{refused if fault else odd} FROM born_days AS b WHERE t.birthday_text IS NOT DISTINCT FROM b.birthday_text "
        "AND t.birthday_calendar IS NOT DISTINCT FROM b.birthday_calendar "
        "AND t.birthday_day IS NOT DISTINCT FROM b.birthday_day"
    )
    con.unregister("born_days")


def calendar_of(header: str) -> str | None:
    """The calendar that the name of a column says its days are in; None where it says none.

    Examples
    --------
    >>> calendar_of("农历生日"), calendar_of("生日")
    ('lunar', None)
    """
    plain = _plain(header)
    return "lunar" if _LUNAR.search(plain) else "solar" if _SOLAR.search(plain) else None


def _plain(text: str | None) -> str:
    """A text in half width and lower case, without the wrapping of spreadsheets; empty where it says nothing."""
    plain = unicodedata.normalize("NFKC", text or "").strip().removeprefix("=").strip("'\" ").lower()
    return "" if plain in _NOTHING or _NO_DAY.fullmatch(plain) else plain


def _birthday(
    text: str | None, calendar: str | None, dates: Sequence[str], zone: str, serial_dates: bool
) -> Birthday:
    plain = _plain(text)
    if not plain:
        return _NONE
    if _OFFSET.fullmatch(plain):
        return _of_moment(plain, zone)
    if serial_dates and re.fullmatch(r"[0-9]{5}(\.[0-9]+)?", plain):
        return _solar_birthday(dt.date(1899, 12, 30) + dt.timedelta(days=int(float(plain))))
    bare = re.sub(r"\s+", "", re.sub(r"\s+(?=[0-9]{1,2}:[0-9]{2})", "t", plain))
    if _LUNAR.search(bare):
        calendar, bare = "lunar", _LUNAR.sub("", bare)
    elif _SOLAR.search(bare):
        calendar, bare = "solar", _SOLAR.sub("", bare)
    bare = bare.replace("()", "").strip(":,")
    for form in _FORMS:
        if match := form.fullmatch(bare):
            day_first = any(d.startswith(("%d", "%-d")) for d in dates) and form is _FORMS[-2] and "/" in bare
            return _of_match(match.groupdict(), calendar, day_first)
    for written in dates:
        try:
            return _solar_birthday(dt.datetime.strptime(plain, written).date())
        except ValueError:
            continue
    return _BAD


def _of_match(parts: dict[str, str | None], calendar: str | None, day_first: bool) -> Birthday:
    """The birthday that the parts of a text mean."""
    first, second = parts["month"] or "", parts["day"] or ""
    month, day = (number(second), number(first)) if day_first else (number(first), number(second))
    year = int(parts["minguo"] or 0) + 1911 if parts.get("minguo") else _year(parts.get("year"))
    in_words = not (first.isdigit() or second.isdigit() or parts.get("said"))
    lunar_words = bool(parts.get("leap")) or first in MONTHS or second[:1] in ("初", "廿", "卅") or in_words
    if not (calendar == "lunar" or (calendar is None and lunar_words)):
        if parts.get("leap"):
            return _BAD
        try:
            whole = dt.date(year or 2000, month, day)
        except ValueError:
            return _BAD
        return _solar_birthday(whole) if year else Birthday(None, "solar", f"{month:02d}-{day:02d}", True)
    if not (1 <= month <= 12 and 1 <= day <= 30):
        return _BAD
    written = f"{'L' if parts.get('leap') else ''}{month:02d}-{day:02d}"
    if not year:
        return Birthday(None, "lunar", written, True)
    born = solar_day(year, written) if _in_range(year) else None
    return Birthday(born, "lunar", written, True) if born and _in_range(born.year) else _BAD


def _year(text: str | None) -> int | None:
    """A year in digits or numerals; None where it is not known, which some systems write 0000."""
    if not text:
        return None
    return int("".join(str(DIGITS.get(c, c)) for c in text)) or None


def _of_moment(text: str, zone: str) -> Birthday:
    try:
        moment = dt.datetime.fromisoformat(re.sub(r" ?(z|utc)$", "+00:00", text))
        return _solar_birthday(moment.astimezone(zoneinfo.ZoneInfo(zone)).date())
    except (ValueError, OverflowError):
        return _BAD


def _solar_birthday(born: dt.date) -> Birthday:
    return Birthday(born, "solar", f"{born:%m-%d}", True) if _in_range(born.year) else _BAD


def _in_range(year: int) -> bool:
    return BIRTH_YEARS[0] <= year <= BIRTH_YEARS[1]


def _with_day(born: Birthday, day: Birthday) -> Birthday:
    """A solar day of birth with the day the member keeps, where both mean the same day."""
    if not (born.ok and day.ok):
        return _BAD
    if born.birthday is None or day.birthday is not None:
        return day
    if day.calendar == "solar":
        return day._replace(birthday=born.birthday) if born.day == day.day else _BAD
    years = (born.birthday.year, born.birthday.year - 1)
    met = any(_in_range(y) and solar_day(y, day.day or "") == born.birthday for y in years)
    return day._replace(birthday=born.birthday) if met else _BAD
