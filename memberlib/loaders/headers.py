"""Find the header line of a text file and the delimiter of its fields.

The header is the first line with anything in it. A title or notes above it are passed over where that line fills fewer
than half as many fields as the rows below usually do, and one of the ten lines after it fills at least as many, each
with a name: something with a letter in it. Where no line does, the first one stays the header.

Of the delimiters that is taken which makes the fullest header; one that gives the rows below as many fields as the
header counts up to three times as much as one that does not, and where it does so with the first line, nothing is
passed over.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low

DELIMITERS = (",", "\t", ";", "|")
_SEEN_ROWS = 200
_NOTE_ROWS = 10


@dataclass(frozen=True)
class Layout:
    """How a text is laid out.

    Attributes
    ----------
    row : int
        Number of the header's row; a value that spans lines is one row.
    lines : int
        Lines up to and with the header.
    """

    delimiter: str
    header: tuple[str, ...]
    row: int
    lines: int


def layout_of(text: str) -> Layout:
    """The delimiter that makes the fullest header, and that header.

    Raises
    ------
    csv.Error
        Where no delimiter cuts the text into fields.

    Examples
    --------
    >>> layout_of("orders of May\\nid;name;paid\\n1;x;5\\n2;y;6\\n")
    Layout(delimiter=';', header=('id', 'name', 'paid'), row=2, lines=2)
    """
    found: list[tuple[bool, float, Layout]] = []
    failed: csv.Error | None = None
    for delimiter in DELIMITERS:
        try:
            found.append(_layout_with(text, delimiter))
        except csv.Error as error:
            failed = failed or error
    if not found:
        raise failed or csv.Error("nothing in it")
    return max(found, key=lambda f: f[:2])[2]  # of equals the first


def header_place(rows: Sequence[Sequence[str]]) -> int:
    """Which of a table's first rows is the header, from 0; -1 where all are blank."""
    filled = [_filled(row) for row in rows]
    first = next((n for n, count in enumerate(filled) if count), -1)
    below = [count for count in filled[first + 1 :] if count]
    if first < 0 or not below:
        return first
    usual = median_low(below)
    if 2 * filled[first] >= usual:
        return first
    for n in range(first + 1, min(first + 1 + _NOTE_ROWS, len(rows))):
        if filled[n] >= usual and all(any(map(str.isalpha, cell)) for cell in rows[n] if cell.strip()):
            return n
    return first


def _layout_with(text: str, delimiter: str) -> tuple[bool, float, Layout]:
    """Whether the first line is a header that fits, how well a delimiter does, and what it makes of the text."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[list[str]] = []
    ends: list[int] = []
    seen = 0
    try:
        for fields in reader:
            rows.append(fields)
            ends.append(reader.line_num)
            seen += bool(fields)
            if seen == _SEEN_ROWS:
                break
    except csv.Error:
        if not seen:
            raise
    place = header_place(rows)
    if place < 0:
        return False, 0, Layout(delimiter, (), 1, 1)
    below = [r for r in rows[place + 1 :] if r]
    header = _widened(rows[place], below)
    filled = _filled(header)
    fitting = sum(len(r) == len(header) for r in below) / max(len(below), 1) if filled > 1 else 0
    sound = fitting >= 0.5 and not any(map(_filled, rows[:place]))
    return sound, filled * (0.5 + fitting), Layout(delimiter, tuple(header), place + 1, ends[place])


def _widened(header: list[str], rows: list[list[str]]) -> list[str]:
    """The header with as many fields as the rows have, where it differs from them by empty fields at the end alone."""
    if not rows:
        return header
    usual = Counter(len(r) for r in rows).most_common(1)[0][0]
    if usual < len(header) and not any(h.strip() for h in header[usual:]):
        return header[:usual]
    if usual > len(header) and not any(f.strip() for r in rows for f in r[len(header) :]):
        return header + [""] * (usual - len(header))
    return header


def _filled(fields: Sequence[str]) -> int:
    return sum(bool(f.strip()) for f in fields)
