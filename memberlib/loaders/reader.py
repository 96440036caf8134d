"""What is in a file: a CSV, a sheet of a workbook or Parquet, with which header?

The encoding is found by the byte-order mark, else by what the header can be read as, else by the first megabyte; the
delimiter by the header. Nothing is read here beyond a file's beginning.
"""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memberlib.errors import InputError
from memberlib.loaders.digests import fingerprint, line_count

ENCODINGS = ("utf-8", "gb18030")
DELIMITERS = (",", "\t", ";")
_HEAD_BYTES = 1 << 20
_EXCEL_BYTES = 1 << 30
_EXCEL_HEAD_ROWS = 50
_NO_TABLE = "is not a text, Excel or Parquet file; give the export as CSV, xlsx or Parquet"


@dataclass(frozen=True)
class Opened:
    """A file, or a sheet of a workbook, with its header read.

    Attributes
    ----------
    kind : str
        csv, excel or parquet.
    header : tuple of str
        Names as they are written.
    header_row : int
        Row number of the header; 0 where the format has none.
    encoding : str
        ``ascii`` where nothing but ASCII was met so far, so that the rest may yet be in any of `ENCODINGS`.
    skip_lines : int
        Lines up to and with the header.
    """

    path: Path
    kind: str
    header: tuple[str, ...]
    header_row: int = 1
    encoding: str = "utf-8"
    delimiter: str = ","
    sheet: str | None = None
    skip_lines: int = 1


def opened(path: Path) -> list[Opened]:
    """The tables a file may hold: one, or one per sheet of a workbook.

    Raises
    ------
    InputError
        For a file that is missing, empty, a folder, of an unknown kind, damaged, or in an unknown encoding.
    """
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder; give the files in it")
        if not path.is_file():
            raise InputError(f"no file {path}; check its name")
        with open(path, "rb") as file:
            head = file.read(_HEAD_BYTES)
    except PermissionError:
        raise InputError(f"{path} cannot be opened: no permission to read it") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise InputError(f"{path.name} is empty; export it again")
    if head.startswith(b"PAR1"):
        return [_parquet(path)]
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
        return _workbook(path, zipped=head.startswith(b"PK"))
    return [_text(path, head)]


def _text(path: Path, head: bytes) -> Opened:
    encoding = _encoding(path, head)
    cut = head if len(head) < _HEAD_BYTES else head[: max(head.rfind(b"\n"), head.rfind(b"\r")) + 1]
    text = codecs.decode(cut, encoding, "replace").removeprefix("\ufeff")
    header: list[str] = []
    rows: list[list[str]] = []
    skip = row = 0
    try:
        delimiter = _delimiter(text)
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        for fields in lines:
            if not header:
                row += 1
                if any(f.strip() for f in fields):
                    header, skip = fields, lines.line_num
            elif fields:
                rows.append(fields)
                if len(rows) == 200:
                    break
    except csv.Error as error:
        raise InputError(f"{path.name} is not a table: {error}") from None
    return Opened(path, "csv", tuple(_widened(header, rows)), row, encoding, delimiter, skip_lines=skip)


def _encoding(path: Path, head: bytes) -> str:
    """The encoding of a text file, by its mark or by what its beginning can be read as."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    sample = head[:4096]
    if b"\0" in sample:
        even, odd = sample[::2].count(0), sample[1::2].count(0)
        if max(even, odd) > len(sample) // 8 and min(even, odd) <= len(sample) // 50:
            return "utf-16-le" if odd > even else "utf-16-be"
        raise InputError(f"{path.name} {_NO_TABLE}")
    if sum(b < 32 and b not in b"\t\n\r\f" for b in sample) > len(sample) // 50:
        raise InputError(f"{path.name} {_NO_TABLE}")
    bare = head.removeprefix(codecs.BOM_UTF8)
    if bare.isascii():
        return "ascii"
    first = next((line for line in bare.splitlines() if line.strip()), b"")
    fitting = [e for e in ENCODINGS if _decodes(first + b"\n", e)]
    if not fitting:
        raise InputError(f"{path.name} is in an unknown encoding; save it as UTF-8 and try again")
    if first.isascii():  # such a header says nothing of the encoding; what follows does
        fitting = [e for e in fitting if _decodes(bare, e)] or fitting
    return fitting[0]


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(content)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(text: str) -> str:
    """The delimiter that cuts the first line with anything in it into most fields."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    counts = {d: len(next(csv.reader([line], delimiter=d), [])) for d in DELIMITERS}
    return max(DELIMITERS, key=lambda d: (counts[d], -DELIMITERS.index(d)))


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


def _parquet(path: Path) -> Opened:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names = pq.read_schema(path).names
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{path.name} is a damaged Parquet file ({_first_line(error)}); export it again"
        ) from None
    return Opened(path, "parquet", tuple(names), 0)


def _workbook(path: Path, *, zipped: bool) -> list[Opened]:
    if zipped:
        try:
            with zipfile.ZipFile(path) as archive:
                inside = archive.infolist()
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise InputError(
                f"{path.name} is a damaged workbook ({_first_line(error)}); export it again"
            ) from None
        if not any(i.filename.startswith(("xl/", "content.xml")) for i in inside):
            raise InputError(f"{path.name} is an archive, not a workbook; unpack it and give the files in it")
        if sum(i.file_size for i in inside) > _EXCEL_BYTES:
            raise InputError(f"{path.name} unpacks to more than {_EXCEL_BYTES >> 30} GiB; export it as CSV")
    found = []
    for name in sheet_names(path):
        for row, cells in enumerate(sheet_rows(path, name), 1):
            if any(str(c).strip() for c in cells):
                found.append(Opened(path, "excel", tuple(str(c) for c in cells), row, sheet=name))
                break
            if row == _EXCEL_HEAD_ROWS:
                break
    if not found:
        raise InputError(f"{path.name} is an empty workbook; export it again")
    return found


def sheet_names(path: Path) -> list[str]:
    """Names of a workbook's sheets."""
    return [str(name) for name in _calamine(path, lambda book: book.sheet_names)]


def sheet_rows(path: Path, sheet: str) -> Sequence[Sequence[Any]]:
    """All rows of a sheet, from its first row on; cells are str, float, bool or dates."""
    rows: Sequence[Sequence[Any]] = _calamine(
        path, lambda book: list(book.get_sheet_by_name(sheet).iter_rows())
    )
    return rows


def _calamine(path: Path, what: Any) -> Any:
    from python_calamine import CalamineWorkbook, PasswordError

    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            return what(book)
    except PasswordError:
        raise InputError(f"{path.name} is protected by a password; save it without one") from None
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic of the library on a damaged file is no Exception
        raise InputError(
            f"{path.name} is a damaged workbook ({_first_line(error)}); export it again"
        ) from None


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


__all__ = [
    "DELIMITERS",
    "ENCODINGS",
    "Opened",
    "fingerprint",
    "line_count",
    "opened",
    "sheet_names",
    "sheet_rows",
]
