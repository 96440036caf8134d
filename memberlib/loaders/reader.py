"""Open a file of any kind that is read (CSV, workbook, Parquet) and find its header.

Of a text only the beginning is read here (:mod:`~memberlib.loaders.charsets` finds its encoding,
:mod:`~memberlib.loaders.headers` its header and delimiter), of Parquet only the names; a workbook is read once, all of
it.
"""

from __future__ import annotations

import codecs
import csv
from dataclasses import dataclass, field
from pathlib import Path

from memberlib.errors import InputError
from memberlib.loaders import charsets
from memberlib.loaders.archives import check_workbook, is_workbook, unpacked
from memberlib.loaders.digests import fingerprint, line_count
from memberlib.loaders.headers import header_place, layout_of
from memberlib.loaders.workbooks import Sheet, sheets

_NO_TABLE = "is not a text, Excel or Parquet file; give the export as CSV, xlsx or Parquet"
_ZIPPED = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHERS = (
    (b"Rar!", "is a RAR archive, which is not read; unpack it and give the files in it"),
    (b"7z\xbc\xaf", "is a 7z archive, which is not read; unpack it and give the files in it"),
    (b"\x1f\x8b", "is a gzip archive, which is not read; unpack it and give the file in it"),
    (b"%PDF", "is a PDF; give the export as CSV, xlsx or Parquet"),
)
_MARKUP = ("<html", "<!doctype html", "<table", "<?xml", "<meta", "<style")


@dataclass(frozen=True)
class FileTable:
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
        ``ascii`` where nothing but ASCII was met so far; what comes later then decides.
    skip_lines : int
        Lines up to and with the header.
    cells : Sheet, optional
        The rows of a workbook's sheet.
    """

    path: Path
    kind: str
    header: tuple[str, ...]
    header_row: int = 1
    encoding: str = "utf-8"
    delimiter: str = ","
    sheet: str | None = None
    skip_lines: int = 1
    cells: Sheet | None = field(default=None, repr=False, compare=False)


def open_tables(path: Path, encoding: str | None = None) -> list[FileTable]:
    """The tables a file may hold: one, or one per sheet of a workbook.

    Parameters
    ----------
    encoding : str, optional
        Of a text, where it should not be guessed: ``gbk``, ``big5``, ``cp1252`` or another that Python knows.

    Raises
    ------
    InputError
        For a file that is missing, empty, a folder, of an unknown kind, damaged, or beyond a limit.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "orders.csv")
    ...     _ = path.write_text("order_id;member_id\\n1;a\\n", encoding="utf-8")
    ...     table, = open_tables(path)
    >>> table.header, table.delimiter
    (('order_id', 'member_id'), ';')
    """
    encoding = charsets.encoding_called(encoding) if encoding else None
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder; give the files in it")
        if not path.is_file():
            raise InputError(f"no file {path}; check its name")
        with open(path, "rb") as file:
            head = file.read(charsets.SAMPLE_BYTES)
    except PermissionError:
        raise InputError(f"{path} cannot be opened: no permission to read it") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise InputError(f"{path.name} is empty; export it again")
    if head.startswith(b"PAR1"):
        return [_parquet(path)]
    if head.startswith(_ZIPPED):
        if not is_workbook(path):
            raise InputError(f"{path.name} is an archive, not a workbook; unpack it and give the files in it")
        check_workbook(path)
        return _workbook(path)
    if head.startswith(_OLE):
        return _workbook(path)
    for mark, said in _OTHERS:
        if head.startswith(mark):
            raise InputError(f"{path.name} {said}")
    return [_text(path, head, encoding)]


def _text(path: Path, head: bytes, encoding: str | None) -> FileTable:
    encoding = encoding or charsets.guessed(head)
    if encoding is None:
        raise InputError(f"{path.name} {_NO_TABLE}")
    try:
        text = codecs.getincrementaldecoder(encoding)("replace").decode(head).removeprefix("\ufeff")
    except (UnicodeError, LookupError) as error:
        raise InputError(f"{path.name} cannot be read as {encoding}: {error}") from None
    if text.lstrip()[:20].lower().startswith(_MARKUP):
        raise InputError(f"{path.name} is a web page or XML; open it in Excel and save it as xlsx")
    if len(head) == charsets.SAMPLE_BYTES:  # the last line may be cut off
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
    try:
        layout = layout_of(text)
    except csv.Error as error:
        raise InputError(f"{path.name} is not a table: {error}") from None
    return FileTable(
        path, "csv", layout.header, layout.row, encoding, layout.delimiter, skip_lines=layout.lines
    )


def _parquet(path: Path) -> FileTable:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names = pq.read_schema(path).names
    except (pa.ArrowException, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise InputError(f"{path.name} is a damaged Parquet file ({reason}); export it again") from None
    return FileTable(path, "parquet", tuple(names), 0)


def _workbook(path: Path) -> list[FileTable]:
    found = []
    for sheet in sheets(path):
        place = header_place(sheet.head)
        if place >= 0:
            row = sheet.first_row + place
            found.append(
                FileTable(path, "excel", tuple(sheet.head[place]), row, sheet=sheet.name, cells=sheet)
            )
    if not found:
        raise InputError(f"{path.name} is an empty workbook; export it again")
    return found


__all__ = ["FileTable", "fingerprint", "line_count", "open_tables", "unpacked"]
