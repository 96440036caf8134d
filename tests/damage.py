"""Damaged variants of an export, the same ones for the same seed.

A damage works on a :class:`Sheet`, the rows of a file and how they are written, or on the bytes that come of it. As
long as only whole cells and rows were touched it is known how many rows the file has; bytes damaged at random leave
that open.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import xlsxwriter

NUMBERS = (
    "9" * 30, "-" + "9" * 25 + ".99", "1e308", "1E+17", "NaN", "Infinity", "∞", "0x1F", "1.2.3", "1,2,3,4", "--5",
    "٣٤", "½", "1" + "0" * 400, "-0.00001", "$-8.00", "12元8角", "１２．５", "99999999999999.99",
    "18446744073709551616",
)  # fmt: skip
DATES = (
    "1026-01-05 09:00:00", "9999-12-31 23:59:59", "0000-00-00 00:00:00", "2026-13-45", "31/02/2026",
    "2026-02-30 25:61:61", "1899-12-30", "46035.5", "-46035", "99999999", "2026-01-05T09:00:00+99:99", "明天",
    "12/31/1969 4:00:00 PM", "290000-01-01", "2026-01-05 09:00:00 BC", "20260105", "2026-1-5 9:0:0 +0530",
)  # fmt: skip
FORMULAS = (
    "=1+1", '=HYPERLINK("http://example.invalid","x")', "@SUM(A1:A9)", "+cmd|' /C calc'!A0", "-2+3", '="', '=""',
    "'", "''null", '="00123', "=#REF!", "#N/A", "=DDE()",
)  # fmt: skip
TEXTS = (
    "", " ", "-", "null", "\t", "a\nb", "a\r\nb", '"', '""', "'", ";", "，", "🌿🌿", "\u202eטקסט", "\u200b",
    "\ufeff", "é" * 300, "x" * 9000, "𠮷", "\x1b[31m", "NULL\x00NULL", "\\N", "'; DROP TABLE orders; --",
    "%s%n{0}", "../../etc", "是", "True", "{n}", "*",
)  # fmt: skip


@dataclass
class Sheet:
    """Rows of a file, the header first, and how they are written."""

    rows: list[list[str]]
    encoding: str
    delimiter: str = ","
    end: str = "\n"
    raw: bool = False
    """Cells are put down without quotes, so that rows can no longer be told apart for certain."""

    def content(self) -> bytes:
        """The file."""
        if self.raw:
            text = "".join(self.delimiter.join(row) + self.end for row in self.rows)
        else:
            out = io.StringIO()
            csv.writer(out, delimiter=self.delimiter, lineterminator=self.end).writerows(self.rows)
            text = out.getvalue()
        return text.encode(self.encoding, "replace")


@dataclass(frozen=True)
class Damaged:
    """A damaged file: what was done to it, its bytes and suffix, and its rows below the header where that is known."""

    done: tuple[str, ...]
    content: bytes
    suffix: str
    row_count: int | None


def sheet_of(path: Path) -> Sheet:
    """A true export."""
    content = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8-sig" and not content.startswith(b"\xef\xbb\xbf"):
            encoding = "utf-8"
        return Sheet(
            [*csv.reader(io.StringIO(text, newline=""))], encoding, end="\r\n" if b"\r\n" in content else "\n"
        )
    raise AssertionError(path)


def damaged(path: Path, seed: int) -> Damaged:
    """One variant of a file."""
    chance = random.Random(f"{path.name} {seed}")
    sheet, done = sheet_of(path), []
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
        damage = chance.choice(CELLS)
        damage(sheet, chance)
        done.append(damage.__name__)
    if chance.random() < 0.04:
        content, suffix = _workbook(sheet), ".xlsx"
        done.append("workbook")
    else:
        content, suffix = sheet.content(), ".csv"
    # a line feed within a value goes without quotes where lines end otherwise
    open_to_doubt = "\0\n" if sheet.end == "\r" else "\0"
    known = not sheet.raw and not any(set(open_to_doubt) & set(cell) for row in sheet.rows for cell in row)
    if not done or chance.random() < 0.35:
        damage_bytes = chance.choice(BYTES)
        content, known = damage_bytes(content, chance), False
        done.append(damage_bytes.__name__)
    return Damaged(tuple(done), content, suffix, len(sheet.rows) - 1 if known and sheet.rows else None)


# --- cells and rows -------------------------------------------------------------------------------------------------


def _place(sheet: Sheet, chance: random.Random) -> tuple[int, int]:
    """Some cell below the header; the header's where there is no other."""
    row = chance.randrange(1, len(sheet.rows)) if len(sheet.rows) > 1 else 0
    if not sheet.rows or not sheet.rows[row]:
        sheet.rows = sheet.rows or [[""]]
        sheet.rows[row] = sheet.rows[row] or [""]
    return row, chance.randrange(len(sheet.rows[row]))


def _put(sheet: Sheet, chance: random.Random, values: tuple[str, ...]) -> None:
    for _ in range(chance.choice((1, 2, 5, 20))):
        row, column = _place(sheet, chance)
        sheet.rows[row][column] = chance.choice(values)


def huge_numbers(sheet: Sheet, chance: random.Random) -> None:
    _put(sheet, chance, NUMBERS)


def dates_of_another_century(sheet: Sheet, chance: random.Random) -> None:
    _put(sheet, chance, DATES)


def formulas(sheet: Sheet, chance: random.Random) -> None:
    _put(sheet, chance, FORMULAS)


def odd_text(sheet: Sheet, chance: random.Random) -> None:
    _put(sheet, chance, TEXTS)


def a_column_of_one_kind(sheet: Sheet, chance: random.Random) -> None:
    """All values of some column, or a run of them, are of one kind."""
    if len(sheet.rows) < 2 or not sheet.rows[0]:
        return
    column, values = chance.randrange(len(sheet.rows[0])), chance.choice((NUMBERS, DATES, FORMULAS, TEXTS))
    value = chance.choice(values)
    for row in sheet.rows[1 : chance.choice((3, len(sheet.rows)))]:
        if column < len(row):
            row[column] = value


def columns_dropped(sheet: Sheet, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 2, 8))):
        column = chance.randrange(max(len(sheet.rows[0]), 1))
        for row in sheet.rows:
            del row[column : column + 1]


def columns_swapped(sheet: Sheet, chance: random.Random) -> None:
    """Two columns change places, with their names or without."""
    if len(sheet.rows[0]) < 2:
        return
    one, other = chance.sample(range(len(sheet.rows[0])), 2)
    for row in sheet.rows[chance.choice((0, 1)) :]:
        if max(one, other) < len(row):
            row[one], row[other] = row[other], row[one]


def columns_renamed(sheet: Sheet, chance: random.Random) -> None:
    header = sheet.rows[0]
    for _ in range(chance.choice((1, 1, 3)) if header else 0):
        n = chance.randrange(len(header))
        header[n] = chance.choice(("", " ", header[n] + "x", header[n][:-1], header[n] * 2, "列", f"  {header[n]}\t",
                                   chance.choice(header), header[n].upper(), "order_id", "订单编号"))  # fmt: skip


def header_again(sheet: Sheet, chance: random.Random) -> None:
    sheet.rows.insert(chance.randrange(1, len(sheet.rows) + 1), list(sheet.rows[0]))


def rows_doubled(sheet: Sheet, chance: random.Random) -> None:
    for row in list(sheet.rows[1:]):
        if chance.random() < 0.4:
            sheet.rows.insert(chance.randrange(1, len(sheet.rows) + 1), list(row))


def rows_shuffled(sheet: Sheet, chance: random.Random) -> None:
    below = sheet.rows[1:]
    chance.shuffle(below)
    sheet.rows[1:] = below


def rows_gone(sheet: Sheet, chance: random.Random) -> None:
    del sheet.rows[chance.randrange(1, len(sheet.rows) + 1) :]


def fields_missing_or_too_many(sheet: Sheet, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 2, 4))):
        row, column = _place(sheet, chance)
        if chance.random() < 0.5:
            del sheet.rows[row][column:]
            sheet.rows[row] = sheet.rows[row] or [""]
        else:
            sheet.rows[row][column:column] = [chance.choice(TEXTS)] * chance.choice((1, 3))


def blank_rows(sheet: Sheet, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 4))):
        sheet.rows.insert(chance.randrange(1, len(sheet.rows) + 1), [""] * len(sheet.rows[0]))


def lines_above_the_header(sheet: Sheet, chance: random.Random) -> None:
    sheet.rows[0:0] = [
        [chance.choice(("导出时间：2026-01-05", "Report", "", "共 13 条"))]
        for _ in range(chance.choice((1, 3)))
    ]
    sheet.raw = True


def another_delimiter(sheet: Sheet, chance: random.Random) -> None:
    sheet.delimiter = chance.choice((";", "\t", "|", "^"))


def quotes_unbalanced(sheet: Sheet, chance: random.Random) -> None:
    row, column = _place(sheet, chance)
    sheet.rows[row][column] = chance.choice(('"', '{}"', '"{}', '{}""', '"{}"x')).replace(
        "{}", sheet.rows[row][column]
    )
    sheet.raw = True


def another_encoding(sheet: Sheet, chance: random.Random) -> None:
    sheet.encoding = chance.choice(
        ("utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "cp1252", "big5")
    )
    sheet.raw = sheet.raw or sheet.encoding in ("cp1252", "big5", "gbk")


def another_line_end(sheet: Sheet, chance: random.Random) -> None:
    sheet.end = chance.choice(("\r", "\n", "\r\n", "\n\n", "\r\r\n"))
    sheet.raw = sheet.raw or sheet.end in ("\n\n", "\r\r\n")


CELLS: tuple[Callable[[Sheet, random.Random], None], ...] = (
    huge_numbers, dates_of_another_century, formulas, odd_text, a_column_of_one_kind, columns_dropped, columns_swapped,
    columns_renamed, header_again, rows_doubled, rows_shuffled, rows_gone, fields_missing_or_too_many, blank_rows,
    lines_above_the_header, another_delimiter, quotes_unbalanced, another_encoding, another_line_end,
)  # fmt: skip


# --- bytes ----------------------------------------------------------------------------------------------------------


def cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def beginning_cut(content: bytes, chance: random.Random) -> bytes:
    return content[chance.choice((1, 2, 3, 7, chance.randrange(len(content) + 1))) :]


def bytes_flipped(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice((1, 3, 30)) if content else 0):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def bytes_gone(content: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(content) + 1)
    return content[:place] + content[place + chance.choice((1, 2, 50, 500)) :]


def nuls(content: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(content) + 1)
    return content[:place] + b"\0" * chance.choice((1, 2, 64)) + content[place:]


def rubbish(content: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(content) + 1)
    return content[:place] + chance.randbytes(chance.choice((1, 8, 200))) + content[place:]


def encodings_mixed(content: bytes, chance: random.Random) -> bytes:
    """Some lines in another encoding, as files glued together have them."""
    lines = content.split(b"\n")
    for n, line in enumerate(lines):
        if n and chance.random() < 0.5:
            for encoding, other in (("utf-8", "gb18030"), ("gb18030", "utf-8")):
                try:
                    lines[n] = line.decode(encoding).encode(other)
                    break
                except UnicodeDecodeError:
                    continue
    return b"\n".join(lines)


def glued(content: bytes, chance: random.Random) -> bytes:
    """Two halves of the file the wrong way round, or the whole twice."""
    place = chance.randrange(len(content) + 1)
    return content[place:] + content[:place] if chance.random() < 0.5 else content + content


BYTES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    cut, beginning_cut, bytes_flipped, bytes_gone, nuls, rubbish, encodings_mixed, glued,
)  # fmt: skip


def _workbook(sheet: Sheet) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        page = book.add_worksheet()
        for n, row in enumerate(sheet.rows):
            for k, cell in enumerate(row):
                page.write_string(n, k, cell.replace("\0", "")[:32767])
    return out.getvalue()
