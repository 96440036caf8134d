"""Unpack the tables of a zip archive, within limits.

Nothing that an archive says of itself is believed: the bytes are counted while they are unpacked, and unpacking ends
where they pass the limit. That goes for zip archives of tables and for workbooks, which are zip archives as well.
"""

from __future__ import annotations

import csv
import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from memberlib.errors import InputError
from memberlib.loaders.charsets import decodes, guessed
from memberlib.loaders.headers import layout_of

ARCHIVE_BYTES = 4 << 30
"""What the tables of one archive may unpack to, all in all."""
WORKBOOK_BYTES = 1 << 30
"""What a workbook may unpack to."""
PACKED_RATIO = 200
"""How many times its own size an archive or a workbook may unpack to, beyond `FREE_BYTES`."""
FREE_BYTES = 64 << 20
ARCHIVE_FILES = 1_000
"""How many tables an archive may hold."""

TABLE_SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".xls", ".xlsx", ".xlsm", ".xlsb", ".ods", ".parquet")
_NESTED = (".zip", ".rar", ".7z", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst")
_READ_ME = re.compile(r"read[ _-]?me|licen[cs]e|说明|說明|须知|須知", re.IGNORECASE)
_PROSE = re.compile(r"\S\s+\S|[，。；：！？]")
_BOXES = re.compile("[\u2500-\u259f]")
_DIRECTORY_BYTES = 8 << 20
_GULP_BYTES = 1 << 20


@dataclass(frozen=True)
class _Entry:
    name: str
    info: zipfile.ZipInfo


def unpacked(path: Path, folder: Path) -> list[tuple[str, Path]]:
    """The tables of a file: it gives itself, an archive those in it, unpacked into a folder, in the order of names.

    Files of the system (``__MACOSX``, ``.DS_Store`` and the like) and files that are no tables are passed over; so are
    texts of prose, such as ``readme.txt``, beside a table.

    Returns
    -------
    list of tuple
        (name to show, such as ``"archive.zip/name.csv"``; where the table lies).

    Raises
    ------
    InputError
        For an archive that is damaged, protected by a password, holds another archive, no table, or a name that leads
        out of the folder, or that unpacks to more than the limits of this module.

    Examples
    --------
    >>> [name for name, _ in unpacked(Path("orders.csv"), Path("anywhere"))]  # no archive, so it gives itself
    ['orders.csv']
    """
    if not is_archive(path):
        return [(path.name, path)]
    entries = sorted(_tables(path), key=lambda entry: entry.name)
    found, room = [], _Limit(path, ARCHIVE_BYTES, "unpack it and give the files in it")
    try:
        with open(path, "rb") as file:
            for number, entry in enumerate(entries, 1):
                target = folder / str(number) / _safe(entry.name)
                target.parent.mkdir(parents=True)
                with open(target, "wb") as out:
                    for piece in _pieces(file, entry.info):
                        room.take(len(piece))
                        out.write(piece)
                found.append((f"{path.name}/{entry.name}", target))
    except InputError:
        raise
    except _DAMAGE as error:
        raise InputError(f"{path.name} is a damaged archive ({_short(error)}); export it again") from None
    except OSError as error:
        raise InputError(f"{path.name} cannot be unpacked: {error.strerror or error}") from None
    return [one for one in found if not _is_prose(one[1])] or found


def is_archive(path: Path) -> bool:
    """Whether a file is a zip archive and no workbook."""
    try:
        with open(path, "rb") as file:
            if file.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
                return False
    except (OSError, ValueError):  # whoever opens it will say why
        return False
    return not is_workbook(path)


def is_workbook(path: Path) -> bool:
    """Whether a zip archive is a workbook.

    Raises
    ------
    InputError
        For a damaged archive.
    """
    names = {info.filename for info in _directory(path)}
    return "content.xml" in names or any(name.startswith("xl/") for name in names)


def check_workbook(path: Path) -> None:
    """See that a packed workbook stays within the limits.

    Raises
    ------
    InputError
        Naming the limit that it passes.
    """
    room = _Limit(path, WORKBOOK_BYTES, "give its sheets as CSV")
    try:
        with open(path, "rb") as file:
            for info in _directory(path):
                if not info.filename.endswith("/"):
                    for piece in _pieces(file, info):
                        room.take(len(piece))
    except InputError:
        raise
    except _DAMAGE as error:
        raise InputError(f"{path.name} is a damaged workbook ({_short(error)}); export it again") from None


class _Limit:
    """How much may still be unpacked."""

    def __init__(self, path: Path, limit: int, advice: str) -> None:
        self._path, self._limit, self._advice = path, limit, advice
        self._packed = max(path.stat().st_size, 1)
        self._taken = 0

    def take(self, count: int) -> None:
        self._taken += count
        if self._taken > self._limit:
            raise InputError(
                f"{self._path.name} unpacks to more than {self._limit >> 30} GiB, the limit; {self._advice}"
            )
        if self._taken > max(FREE_BYTES, PACKED_RATIO * self._packed):
            raise InputError(
                f"{self._path.name} unpacks to more than {PACKED_RATIO} times its size, the limit beyond "
                f"{FREE_BYTES >> 20} MiB; {self._advice}"
            )


_DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError, IndexError, OverflowError,
)  # fmt: skip


def _tables(path: Path) -> Iterator[_Entry]:
    count, others = 0, []
    for info in _directory(path):
        name = _name(info)
        parts = PurePosixPath(name).parts
        if name.startswith("/") or name[1:2] == ":" or ".." in parts:
            raise InputError(
                f"{path.name} holds a file whose name leads elsewhere ({name[:80]!r}); it is not unpacked"
            )
        if name.endswith("/") or not parts or any(p.startswith((".", "~$", "__MACOSX")) for p in parts):
            continue
        if stat.S_ISLNK(info.external_attr >> 16):
            raise InputError(f"{path.name} holds a link ({name[:80]!r}); it is not unpacked")
        suffix = PurePosixPath(name).suffix.lower()
        if suffix in _NESTED:
            raise InputError(
                f"{path.name} holds another archive ({name[:80]}); unpack that and give the files in it"
            )
        if suffix not in TABLE_SUFFIXES:
            others.append(name)
            continue
        if info.flag_bits & 1:
            raise InputError(f"{path.name} is protected by a password; unpack it and give the files in it")
        count += 1
        if count > ARCHIVE_FILES:
            raise InputError(f"{path.name} holds more than {ARCHIVE_FILES:,} tables, the limit; unpack it")
        yield _Entry(name, info)
    if not count:
        held = f"; it holds {', '.join(others[:3])[:120]}" if others else ""
        raise InputError(f"{path.name} is an archive without a table (CSV, Excel or Parquet){held}")


def _directory(path: Path) -> list[zipfile.ZipInfo]:
    class Bounded(io.BufferedReader):
        """Of a directory of many million names no more than a part is read."""

        def read(self, size: int | None = -1, /) -> bytes:
            if size is not None and size > _DIRECTORY_BYTES:
                raise zipfile.BadZipFile("too many names in it")
            return super().read(size)

    try:
        with Bounded(io.FileIO(path)) as file, zipfile.ZipFile(file) as archive:
            return archive.infolist()
    except (*_DAMAGE, OSError, RecursionError) as error:
        kind = "workbook" if path.suffix.lower() in TABLE_SUFFIXES else "archive"
        raise InputError(f"{path.name} is a damaged {kind} ({_short(error)}); export it again") from None


def _name(info: zipfile.ZipInfo) -> str:
    """A file's name; where the archive does not say that it is UTF-8, it is that or GBK.

    So is one that was packed anew under a name in which such bytes had been taken for signs of cp437: it has lines
    of boxes in it.
    """
    name = info.orig_filename
    if not info.flag_bits & 0x800 or (_BOXES.search(name) and _in_cp437(name)):
        written = name.encode("cp437", "replace")
        fitting = (e for e in ("utf-8", "gb18030", "cp437") if decodes(written, e))
        name = written.decode(next(fitting), "replace")
    return name.replace("\\", "/").replace("\0", "")


def _in_cp437(name: str) -> bool:
    try:
        name.encode("cp437")
    except UnicodeEncodeError:
        return False
    return True


def _is_prose(path: Path) -> bool:
    """Whether a text file is no table: it is called so, or has one column (or none) without a row of one word."""
    if path.suffix.lower() != ".txt":
        return False
    if _READ_ME.search(path.stem):
        return True
    with open(path, "rb") as file:
        head = file.read(64 << 10)
    encoding = guessed(head)
    if encoding is None:
        return False
    text = head.decode(encoding, "replace").removeprefix("\ufeff")
    try:
        layout = layout_of(text)
    except csv.Error:
        return False
    below = [line for line in text.splitlines()[layout.lines :] if line.strip()]
    return len(layout.header) < 2 and (not below or any(map(_PROSE.search, below[:-1] or below)))


def _safe(name: str) -> str:
    """The last part of a name, fit for any file system."""
    last = PurePosixPath(name)
    stem = "".join("_" if c in '<>:"|?*' or ord(c) < 32 else c for c in last.stem)
    return stem[:60] + last.suffix


def _pieces(file: BinaryIO, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """The content of one file of an archive, whatever size the archive states for it."""
    if info.header_offset < 0:
        raise zipfile.BadZipFile("a file in it has no place")
    file.seek(info.header_offset)
    start = file.read(30)
    if start[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile("a file in it has no beginning")
    file.seek(sum(struct.unpack("<HH", start[26:30])), 1)
    left, checked = info.compress_size, 0
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile("it is packed in an unusual way")
    packing = zlib.decompressobj(-15) if info.compress_type == zipfile.ZIP_DEFLATED else None
    while left > 0 and not (packing and packing.eof):
        packed = file.read(min(left, 64 << 10))
        if not packed:
            break
        left -= len(packed)
        while packed:
            piece = packing.decompress(packed, _GULP_BYTES) if packing else packed
            packed = packing.unconsumed_tail if packing else b""
            checked = zlib.crc32(piece, checked)
            yield piece
    while packing and not packing.eof and (piece := packing.decompress(b"", _GULP_BYTES)):
        checked = zlib.crc32(piece, checked)
        yield piece
    if not packing.eof if packing else left > 0:
        raise zipfile.BadZipFile("a file in it is cut off")
    if checked != info.CRC:
        raise zipfile.BadZipFile("a file in it is not what was packed")


def _short(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
