"""Look at the first rows of a file, column by column, and at what an import can read each value as."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa

from memberlib.engine import workspace
from memberlib.errors import InputError
from memberlib.loaders import arrays
from memberlib.loaders.reader import FileTable
from memberlib.loaders.values import MACROS, moment
from memberlib.model import BIRTH_YEARS
from memberlib.sql import literal

if TYPE_CHECKING:
    import duckdb

SAMPLE_ROWS = 1000
_TIME = re.compile(r"\d{1,2}:\d{2}(:\d{2})?( ?[AaPp][Mm])?")
_PHONE = re.compile(r"(\+?\d{1,3}[ -])?\(?\d[\d ()-]{6,14}\d|1\d{2}\*{4,6}\d{2,4}")
_DAY = re.compile(r"(19|20)\d\d([-/.]?)(0?[1-9]|1[0-2])\2(0?[1-9]|[12]\d|3[01])(\d{6}|\D.*)?")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_TIMES = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p")
_FAMILIES = {
    "day first": ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%y", "%d.%m.%y"),
    "month first": ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y"),
    "month by name": ("%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%d-%b-%y"),
}


@dataclass(frozen=True)
class Meaning:
    """What an import can read a text as.

    Attributes
    ----------
    amount : Decimal, optional
        The amount it holds, with or without the mark of a currency.
    dated : bool
        Whether it is a date, or a time with its date, in a form that is always read.
    forms : tuple
        For each family of forms that are read where a crosswalk names them: the first that fits, if one does.
    """

    amount: Decimal | None
    dated: bool
    forms: tuple[str | None, ...]

    @property
    def is_whole(self) -> bool:
        """Whether it is a whole number."""
        return self.amount is not None and self.amount == int(self.amount)


def understood(texts: Iterable[str]) -> dict[str, Meaning]:
    """What an import can read each text as, found out by the SQL that it would be read by.

    Examples
    --------
    >>> found = understood(["NT$1,200", "2026-01-31", "31/01/2026 8:05"])
    >>> found["NT$1,200"].amount, found["2026-01-31"].dated, found["31/01/2026 8:05"].forms[0]
    (Decimal('1200.0000'), True, '%d/%m/%Y %H:%M')
    """

    def fits(moment: str) -> str:
        return f"year({moment}) BETWEEN {BIRTH_YEARS[0]} AND {BIRTH_YEARS[1]}"

    # digits alone are a date only where they say the whole of a day
    dated = (
        f"(length(t) IN (8, 14) OR NOT regexp_full_match(t, '[0-9]+')) AND {fits(moment('t', zone='UTC'))}"
    )
    families = [
        "CASE "
        + " ".join(
            f"WHEN {fits(f'try_strptime(t, {literal(day + time)})')} THEN {literal(day + time)}"
            for day in days
            for time in _TIMES
        )
        + " END"
        for days in _FAMILIES.values()
    ]
    with workspace(ordered=True) as con:
        con.execute(MACROS)
        con.register("given", pa.table({"t": arrays.texts(list(dict.fromkeys(texts)))}))
        found = con.execute(
            f"SELECT t, coalesce(quick_money(t), slow_money(t)), coalesce({dated}, false), {', '.join(families)} "
            "FROM given"
        ).fetchall()
    return {text: Meaning(amount, is_dated, tuple(forms)) for text, amount, is_dated, *forms in found}


@dataclass(frozen=True)
class SampledColumn:
    """One column of the rows looked at.

    Attributes
    ----------
    header : str
        Its name as written, without spaces at the ends.
    cells : tuple of str
        Its values, row by row; empty where there is none.
    meanings : dict
        Value → what an import can read it as.
    """

    header: str
    cells: tuple[str, ...]
    meanings: Mapping[str, Meaning] = field(repr=False, compare=False)

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

    def amount(self, value: str) -> Decimal:
        """The amount that a value is; 0 where it is none."""
        return self.meanings[value].amount or Decimal(0) if value else Decimal(0)

    @property
    def money_share(self) -> float:
        """Share of the values (0–1) that are amounts."""
        return self.share(lambda value: self.meanings[value].amount is not None)

    @property
    def whole_share(self) -> float:
        """Share of the values (0–1) that are whole numbers."""
        return self.share(lambda value: self.meanings[value].is_whole)

    @cached_property
    def date_forms(self) -> tuple[tuple[str, ...], bool] | None:
        """The forms of its dates, as `date_forms` gives them; None where they are no dates."""
        return date_forms([self.meanings[value] for value in self.counts])


@dataclass(frozen=True)
class Sample:
    """The first rows of a file.

    Attributes
    ----------
    whole : bool
        Whether they are all the rows there are.
    """

    file: FileTable
    columns: tuple[SampledColumn, ...]
    row_count: int
    whole: bool


def sample(file: FileTable, rows: int = SAMPLE_ROWS) -> Sample:
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
    places: dict[str, int] = {}
    for position, name in enumerate(file.header):
        if name.strip():
            places.setdefault(name.strip(), position)
    with workspace(ordered=True) as con:
        names = ", ".join(f"coalesce(trim(words_of(trim(c{position}))), '')" for position in places.values())
        con.execute(MACROS)
        if names:
            first_rows(con, file, dict.fromkeys(sorted(places.values()), 0), rows=rows + 1)
        found = con.execute(f"SELECT {names} FROM first_rows ORDER BY row").fetchall() if names else []
    kept = [row for row in found[:rows] if any(row)]
    meanings = understood(cell for row in kept for cell in row)
    columns = tuple(
        SampledColumn(name, tuple(row[n] for row in kept), meanings) for n, name in enumerate(places)
    )
    return Sample(file, columns, len(kept), len(found) <= rows)


def first_rows(
    con: duckdb.DuckDBPyConnection, file: FileTable, wanted: Mapping[int, int], *, rows: int
) -> None:
    """Make the table ``first_rows`` of a file's first rows as text.

    Raises
    ------
    InputError
        For a file that cannot be cut into rows.
    """
    import duckdb

    from memberlib.loaders.rows import raw_rows

    source, reading = raw_rows(con, file, wanted, careful=True)
    try:
        con.execute(f"CREATE TABLE first_rows AS SELECT * FROM ({source}) LIMIT {rows}")
    except duckdb.Error as error:
        reason = reading.stopped or f"{file.path.name} is damaged ({str(error).splitlines()[0][:200]})"
        raise InputError(reason) from None


def is_time(text: str) -> bool:
    """Whether a text is a time of day without a date."""
    return _TIME.fullmatch(text) is not None


def is_phone(text: str) -> bool:
    """Whether a text could be a phone number, masked or not."""
    return _PHONE.fullmatch(text) is not None and not _DAY.fullmatch(text)


def is_email(text: str) -> bool:
    """Whether a text is an e-mail address."""
    return _EMAIL.fullmatch(text) is not None


def date_forms(meanings: Sequence[Meaning]) -> tuple[tuple[str, ...], bool] | None:
    """The forms in which nearly all of some texts are dates; None where they are no dates.

    Returns
    -------
    tuple, optional
        The forms beyond the year-first ones, which are always read, and whether the day and the month could change
        places.

    Examples
    --------
    >>> date_forms([*understood(["2026-01-31", "2026-02-01 10:00"]).values()])
    ((), False)
    >>> date_forms([*understood(["31/01/2026", "01/02/2026"]).values()])
    (('%d/%m/%Y',), False)
    >>> date_forms([*understood(["01/02/2026"]).values()])
    (('%d/%m/%Y',), True)
    """
    few = len(meanings) * 0.05
    others = [meaning for meaning in meanings if not meaning.dated]
    if len(others) <= few:
        return ((), False) if meanings else None
    families = list(zip(*(other.forms for other in others), strict=True))
    fitting = [tuple(sorted({f for f in forms if f})) for forms in families if forms.count(None) <= few]
    return (fitting[0], len(fitting) > 1) if fitting else None
