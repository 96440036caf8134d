"""Read a workbook's cells, as a program of its own with bounds on memory and time.

``python cells.py BOOK FOLDER`` reads a workbook sheet by sheet and leaves each sheet's rows as text in a file of
FOLDER: a run of marshalled chunks, each a list of columns. What it met goes to standard output as JSON. A workbook that
needs more than `MEMORY_BYTES`, or brings the library down, ends this program and not the one that started it.

It imports nothing of memberlib, so that it starts at once.
"""

from __future__ import annotations

import datetime as dt
import json
import marshal
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

MEMORY_BYTES = 2 << 30
"""Memory that reading one workbook may take (where the system can hold a program to it: Linux)."""
SECONDS = 90
"""Processor time that reading one workbook may take."""
HEAD_ROWS = 60
EXACT_DIGITS = 1e15
"""Above this a number in a cell has lost digits."""
LEAST_ID = 10_000
"""A number below it is taken for an amount or a count, whatever its column is called."""
_ID_OR_TIME = re.compile(
    "[号號]|编码|編碼|手机|手機|电话|電話|时间|時間|日期|(?:^|[^A-Za-z])(?i:id|no|number|code|phone|mobile|time|date)(?![A-Za-z])"
    "|[a-z](?:ID|Id|No|Number|Code|Phone|Time|Date)(?![a-z])"
)
_CHUNK_CELLS = 200_000
Row = Sequence[Any]


def text(value: Any) -> str:
    """A cell as text; a whole number without its ``.0``, unless it has more digits than Excel keeps.

    Examples
    --------
    >>> text(240000000000001.0), text(2.4e17), text(12.5), text(dt.datetime(2026, 1, 5, 9, 30))
    ('240000000000001', '2.400000E+17', '12.5', '2026-01-05 09:30:00')
    """
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value.is_integer():
            return str(int(value)) if abs(value) < EXACT_DIGITS else f"{value:E}"
        return repr(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(" ")
    return "" if value is None else str(value)


def book(book_path: str, folder: Path) -> dict[str, Any]:
    """Write the rows of all sheets that hold any; say what the sheets are called and how they begin."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum

    sheets: list[dict[str, Any]] = []
    try:
        with (
            open(book_path, "rb") as file,
            CalamineWorkbook.from_filelike(file) as book,
        ):  # whatever its suffix
            for place, about in enumerate(book.sheets_metadata):
                if about.typ != SheetTypeEnum.WorkSheet:
                    continue
                sheet = book.get_sheet_by_index(place)
                if sheet.start is not None:
                    sheets.append({"name": about.name, **_write(sheet, folder / f"{place}.rows")})
                del sheet  # one at a time in memory
    except PasswordError:
        return {"error": "password"}
    except MemoryError:
        return {"error": "memory"}
    except CalamineError as error:
        return _reason(book_path, str(error))
    except OSError as error:
        return {"error": "damaged" if error.filename in (None, book_path) else "disk", "reason": str(error)}
    except BaseException as error:  # a panic of the library on a damaged file is no Exception
        reason = str(error) or type(error).__name__
        lacking = "pointer is null" in reason or "allocat" in reason  # what a panic for want of memory says
        return {"error": "memory"} if lacking else {"error": "damaged", "reason": reason}
    return {"sheets": sheets}


def _reason(book_path: str, reason: str) -> dict[str, Any]:
    """What is wrong with a workbook; told by its suffix, where its content did not show what it is."""
    from python_calamine import CalamineError, CalamineWorkbook

    if reason == "Cannot detect file format":
        try:
            CalamineWorkbook.from_path(book_path).close()
        except CalamineError as error:
            reason = str(error)
    return {"error": "memory"} if "limit exceeded" in reason else {"error": "damaged", "reason": reason}


def _write(sheet: Any, target: Path) -> dict[str, Any]:
    start = sheet.start[0]  # rows above it are blank
    count = 0
    head: list[list[str]] = []
    chunk: list[list[str]] = []
    blank = [""] * sheet.width
    room = max(1, _CHUNK_CELLS // max(sheet.width, 1))
    with open(target, "wb") as out:
        for row in _filled_down(sheet, start):
            texts = blank if row.count("") == len(row) else [text(cell) for cell in row]
            if len(head) < HEAD_ROWS:
                head.append(texts)
            chunk.append(texts)
            count += 1
            if len(chunk) == room:
                marshal.dump(list(map(list, zip(*chunk, strict=True))), out)
                chunk = []
        if chunk:
            marshal.dump(list(map(list, zip(*chunk, strict=True))), out)
    return {"file": target.name, "first_row": start + 1, "row_count": count, "head": head}


def _filled_down(sheet: Any, start: int) -> Iterator[Row]:
    """A sheet's rows from this one on; what is merged over several rows stands in each of them, but no amount does.

    Text and dates are filled down, and numbers where the column's name tells of an id or a time. Another number stays
    in the first row alone: an amount merged over the lines of an order would count once for each.
    """
    left = sheet.start[1]
    merged: dict[int, list[tuple[int, int]]] = {}  # first row → (column, last row)
    for (top, column), (bottom, _) in sheet.merged_cell_ranges or []:
        if bottom > top and left <= column <= sheet.end[1]:
            merged.setdefault(top, []).append((column - left, bottom))
    named = dict.fromkeys((c for merges in merged.values() for c, _ in merges), False)  # for an id or a time?
    lasting: dict[int, tuple[int, Any]] = {}  # column → (last row, value)
    for number, row in enumerate(sheet.iter_rows()):
        if number < start:
            continue
        for column, (bottom, value) in list(lasting.items()):
            if number > bottom:
                del lasting[column]
            elif row[column] == "":
                row[column] = value
        for column, bottom in merged.get(number, ()):
            if _lasts(row[column], named[column]):
                lasting[column] = (bottom, row[column])
        if number < start + HEAD_ROWS:
            for column, known in named.items():
                named[column] = known or (
                    isinstance(row[column], str) and bool(_ID_OR_TIME.search(row[column]))
                )
        yield row


def _lasts(value: Any, named: bool) -> bool:
    """Whether a merged value stands in each of its rows, in a column named for an id or a time, or in another."""
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, dt.date | dt.time):
        return True
    return named and isinstance(value, int | float) and not isinstance(value, bool) and value >= LEAST_ID


def _bounded() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such bounds
        return
    for kind, limit in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, SECONDS)):
        most = resource.getrlimit(kind)[1]
        if most != resource.RLIM_INFINITY:
            limit = min(limit, most)
        try:
            resource.setrlimit(kind, (limit, most))
        except (OSError, ValueError):  # macOS refuses some
            continue


if __name__ == "__main__":
    _bounded()
    print(json.dumps(book(sys.argv[1], Path(sys.argv[2]))))
