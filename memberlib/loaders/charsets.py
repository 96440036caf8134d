"""Find the encoding of a text.

1. A byte-order mark says it. Without one, text with a NUL in every second place is UTF-16.
2. Text that is UTF-8 throughout is UTF-8.
3. Else the bytes above 127 of a whole megabyte decide, by three counts: those in whole UTF-8 characters; those in
   pairs that are common Chinese characters or signs of GB2312 (its first level holds 3,755, more than 99% of what is
   written in them), or in GB18030's characters of four bytes; those that stand as letters or signs of Western Europe,
   which is singly beside ASCII (``Café``, ``£5``) or as two small letters between ASCII letters (``Größe``). The
   largest count wins. UTF-8, damaged by then, needs half of the bytes besides, and that the text cannot be GB18030.
   Big5 wins where the text can be read in it and at least three quarters of the bytes belong to its common characters,
   a quarter more than to GB2312's or to Western ones, and some of them end in a byte below 128, as none of GB2312's
   does. Where nothing tells, GB18030 comes first.

A text that shows nothing but ASCII in its first megabyte is read on to the first byte above 127, and the megabyte from
there decides.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from memberlib.errors import InputError

ASCII = "ascii"
CUT_AS_BYTES = ("utf-8", "gb18030", "cp950", "cp1252", "latin-1")
"""Encodings in which comma, tab, semicolon, quote and line ends never occur inside a character."""
SINGLE_BYTES = ("utf-8", "cp1252", "latin-1")
"""Those of them in which this holds for the vertical bar too."""
SAMPLE_BYTES = 1 << 20

_ALIASES = {
    "gbk": "gb18030", "gb2312": "gb18030", "big5": "cp950", "utf-8-sig": "utf-8",
    "iso8859-1": "latin-1", "ascii": "utf-8",
}  # fmt: skip
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_UTF8 = re.compile(rb"(?:[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})+")
_GB = re.compile(
    rb"((?:[\x81-\xfe][0-9][\x81-\xfe][0-9]|[\xa1-\xa3\xb0-\xd7][\xa1-\xfe])+)"
    rb"|[\x81-\xfe][\x40-\x7e\x80-\xfe]|[\x80-\xff]"
)
_BIG5 = re.compile(
    rb"((?:[\xa1-\xa3\xa4-\xc6][\x40-\x7e\xa1-\xfe])+)|[\x81-\xfe][\x40-\x7e\xa1-\xfe]|[\x80-\xff]"
)
_LETTER = rb"[\x8a\x8c\x8e\x9a\x9c\x9e\x9f\xc0-\xd6\xd8-\xf6\xf8-\xff]"
_LATIN = re.compile(
    rb"(?<![\x80-\xff])(?:"
    rb"(?<=[A-Za-z])" + _LETTER + rb"|" + _LETTER + rb"(?=[A-Za-z])"
    rb"|[\x80\x82\x84\x85\x91-\x97\x99\xa1\xa3\xa7\xa9\xaa\xae\xb0-\xb3\xb5\xb7\xba\xbd\xbf]"
    rb")(?![\x80-\xff])"
    rb"|(?<=[A-Za-z])[\xdf-\xf6\xf8-\xff]{2}(?=[A-Za-z])"
)
_ASCII_BYTES = bytes(range(128))


def encoding_called(name: str) -> str:
    """The encoding of this name.

    Raises
    ------
    InputError
        For a name that means no encoding of text.

    Examples
    --------
    >>> encoding_called("GBK"), encoding_called("Big5"), encoding_called("windows-1252")
    ('gb18030', 'cp950', 'cp1252')
    """
    try:
        plain = _ALIASES.get(name.lower(), name)
        found = codecs.lookup(plain)
        "1".encode(found.name).decode(found.name)
    except (LookupError, ValueError, AssertionError):
        raise InputError(
            f"unknown encoding {name!r}; usual ones are utf-8, gb18030, big5, cp1252 and utf-16"
        ) from None
    return _ALIASES.get(found.name, found.name)


def guessed(head: bytes) -> str | None:
    """The encoding of a text by its beginning; ``ascii`` where that says nothing, None where it is no text."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    sample = head[:4096]
    if b"\0" in sample:
        even, odd = sample[::2].count(0), sample[1::2].count(0)
        if max(even, odd) > len(sample) // 8 and min(even, odd) <= len(sample) // 50:
            return "utf-16-le" if odd > even else "utf-16-be"
        return None
    if sum(b < 32 and b not in b"\t\n\r\f" for b in sample) > len(sample) // 50:
        return None
    return ASCII if head.isascii() else _weighed(head)


def after_ascii(path: Path) -> str:
    """The encoding of a file whose beginning is plain ASCII, by what comes later."""
    with open(path, "rb") as file:
        while piece := file.read(SAMPLE_BYTES):
            if not piece.isascii():
                piece += file.read(SAMPLE_BYTES)
                first = re.search(rb"[\x80-\xff]", piece)
                start = max(first.start() - 1, 0) if first else 0
                return _weighed(piece[start : start + SAMPLE_BYTES])
    return "utf-8"


def decodes(content: bytes, encoding: str) -> bool:
    """Whether these bytes can be read so; a last character may be cut off."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(content)
    except UnicodeError:
        return False
    return True


def _weighed(content: bytes) -> str:
    if decodes(content, "utf-8"):
        return "utf-8"
    count = len(content.translate(None, _ASCII_BYTES))
    chinese = sum(len(run.translate(None, _ASCII_BYTES)) for run in _GB.findall(content))
    if chinese >= 0.75 * count:
        return "gb18030"
    utf8 = sum(len(run) for run in _UTF8.findall(content))
    western = sum(len(run) for run in _LATIN.findall(content))
    runs = b"".join(_BIG5.findall(content))
    taiwanese = len(runs.translate(None, _ASCII_BYTES))
    seconds = len(runs) - taiwanese  # bytes below 128 that end a character
    if utf8 >= 0.5 * count and utf8 > max(chinese, western) and not decodes(content, "gb18030"):
        return "utf-8"  # damaged
    others = max(chinese, western) + 0.25 * count
    likely = taiwanese >= 0.75 * count and taiwanese > others and seconds >= 0.05 * len(runs)
    if count > 3 and likely and decodes(content, "cp950"):
        return "cp950"
    if western != chinese:
        return "cp1252" if western > chinese else "gb18030"
    return next((e for e in ("gb18030", "cp1252") if decodes(content, e)), "gb18030" if western else "utf-8")
