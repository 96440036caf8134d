"""What do the first rows of a file hold, column by column?"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from memberlib.errors import InputError
from memberlib.loaders.reader import Opened
from memberlib.loaders.values import NOTHING

if TYPE_CHECKING:
    import duckdb

SAMPLE_ROWS = 1000
_EMPTY = re.compile("|".join(NOTHING), re.IGNORECASE)
_MARKS = re.compile(r"CNY|RMB|NTD|TWD|HKD|USD|GBP|EUR|JPY|NT\$|HK\$|US\$|[¥￥$£€元圆円\s]")
_MONEY = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)?(\.\d*)?")
_YEAR_FIRST = re.compile(
    r"\d{4}(?P<a>[-/.])\d{1,2}(?P=a)\d{1,2}([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?(\s*(Z|UTC|[+-]\d{2}(:?\d{2})?))?"
    r"|\d{4}年\d{1,2}月\d{1,2}日( \d{2}:\d{2}:\d{2})?|(19|20)\d{6}(\d{6})?"
)
_TIME = re.compile(r"\d{1,2}:\d{2}(:\d{2})?( ?[AaPp][Mm])?")
_PHONE = re.compile(r"(\+?\d{1,3}[ -])?\(?\d[\d ()-]{6,14}\d|1\d{2}\*{4,6}\d{2,4}")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_TIMES = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p")
_FAMILIES = {
    "day first": ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%y", "%d.%m.%y"),
    "month first": ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y"),
    "month by name": ("%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%d-%b-%y"),
}


def cleaned(value: object) -> str:
    """A cell without the wrapping of spreadsheets; empty where it says nothing.

    Examples
    --------
    >>> cleaned('="123"'), cleaned("'null"), cleaned(" tea ")
    ('123', '', 'tea')
    """
    text = str(value or "").strip()
    if text.startswith('="') and text.endswith('"') and len(text) > 2:
        text = text[2:-1].strip()
    text = text.removeprefix("'").strip()
    return "" if _EMPTY.fullmatch(text) else text


@dataclass(frozen=True)
class Looked:
    """One column of the rows looked at.

    Attributes
    ----------
    header : str
        Its name as written, without spaces at the ends.
    cells : tuple of str
        Its values, row by row; empty where there is none.
    """

    header: str
    cells: tuple[str, ...]

    @cached_property
    def values(self) -> tuple[str, ...]:
        """The values that are there."""
        return tuple(cell for cell in self.cells if cell)

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each value comes, the most frequent first."""
        return Counter(dict(sorted(Counter(self.values).items(), key=lambda pair: (-pair[1], pair[0]))))

    @property
    def unique(self) -> bool:
        """Whether no value comes twice."""
        return bool(self.values) and len(self.counts) == len(self.values)

    def share(self, fits: Callable[[str], bool]) -> float:
        """Share of the values (0–1) that a test finds good; 0 where there is no value."""
        good = sum(n for value, n in self.counts.items() if fits(value))
        return good / len(self.values) if self.values else 0.0

    @cached_property
    def date_forms(self) -> tuple[tuple[str, ...], bool] | None:
        """The forms of its dates, as `date_forms` gives them; None where they are no dates."""
        return date_forms(self.counts)


@dataclass(frozen=True)
class Sample:
    """The first rows of a file.

    Attributes
    ----------
    whole : bool
        Whether they are all the rows there are.
    """

    file: Opened
    columns: tuple[Looked, ...]
    row_count: int
    whole: bool


def sample(file: Opened, rows: int = SAMPLE_ROWS) -> Sample:
    """The first rows of a file that was opened; of a repeated header name, the first column alone.

    Parameters
    ----------
    rows : int
        Rows to look at, at most.

    Raises
    ------
    InputError
        For a file that cannot be cut into rows.
    """
    import duckdb

    places: dict[str, int] = {}
    for position, name in enumerate(file.header):
        if name.strip():
            places.setdefault(name.strip(), position)
    with duckdb.connect() as con:
        names = ", ".join(f"c{position}" for position in places.values())
        if names:
            first_rows(con, file, dict.fromkeys(sorted(places.values()), 0), rows=rows + 1)
        found = con.execute(f"SELECT {names} FROM first_rows ORDER BY row").fetchall() if names else []
    kept = [[cleaned(cell) for cell in row] for row in found[:rows]]
    kept = [row for row in kept if any(row)]
    columns = tuple(Looked(name, tuple(row[n] for row in kept)) for n, name in enumerate(places))
    return Sample(file, columns, len(kept), len(found) <= rows)


def first_rows(con: duckdb.DuckDBPyConnection, file: Opened, wanted: Mapping[int, int], *, rows: int) -> None:
    """Make the table ``first_rows`` of a file's first rows as text.

    Raises
    ------
    InputError
        For a file that cannot be cut into rows.
    """
    import duckdb

    from memberlib.loaders.rows import raw_rows

    con.execute("SET enable_progress_bar = false")
    source, reading = raw_rows(con, file, wanted, careful=True)
    try:
        con.execute(f"CREATE TABLE first_rows AS SELECT * FROM ({source}) LIMIT {rows}")
    except duckdb.Error as error:
        reason = reading.stopped or f"{file.path.name} is damaged ({str(error).splitlines()[0][:200]})"
        raise InputError(reason) from None


def is_money(text: str) -> bool:
    """Whether a text is an amount, with or without the mark of a currency."""
    bare = _MARKS.sub("", text)
    return any(c.isdigit() for c in bare) and _MONEY.fullmatch(bare) is not None


def money(text: str) -> float | None:
    """The amount a text holds; None where it holds none."""
    return float(_MARKS.sub("", text).replace(",", "")) if is_money(text) else None


def is_whole(text: str) -> bool:
    """Whether a text is a whole number."""
    amount = money(text)
    return amount is not None and amount == int(amount)


def is_time(text: str) -> bool:
    """Whether a text is a time of day without a date."""
    return _TIME.fullmatch(text) is not None


def is_phone(text: str) -> bool:
    """Whether a text could be a phone number, masked or not."""
    return _PHONE.fullmatch(text) is not None and not _YEAR_FIRST.fullmatch(text)


def is_email(text: str) -> bool:
    """Whether a text is an e-mail address."""
    return _EMAIL.fullmatch(text) is not None


def date_forms(values: Iterable[str]) -> tuple[tuple[str, ...], bool] | None:
    """The forms in which nearly all of some texts are dates; None where they are no dates.

    Returns
    -------
    tuple, optional
        The forms beyond the year-first ones, which are always read, and whether the day and the month could change
        places.

    Examples
    --------
    >>> date_forms(["2026-01-31", "2026-02-01 10:00"])
    ((), False)
    >>> date_forms(["31/01/2026", "01/02/2026"]), date_forms(["01/02/2026"])
    ((('%d/%m/%Y',), False), (('%d/%m/%Y',), True))
    """
    texts = list(values)
    if not texts:
        return None
    others = [text for text in texts if not _YEAR_FIRST.fullmatch(text)]
    if len(others) <= len(texts) * 0.05:
        return (), False
    fitting = {}
    for family, days in _FAMILIES.items():
        used = [_form_of(text, days) for text in others]
        if sum(form is None for form in used) <= len(texts) * 0.05:
            fitting[family] = tuple(sorted({form for form in used if form}))
    if not fitting:
        return None
    return next(iter(fitting.values())), len(fitting) > 1


def _form_of(text: str, days: Sequence[str]) -> str | None:
    for form in (day + time for day in days for time in _TIMES):
        try:
            dt.datetime.strptime(text, form)
        except ValueError:
            continue
        return form
    return None
