"""Turn bytes into text, many values at a time."""

from __future__ import annotations

import codecs
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from memberlib.loaders.arrays import single, texts

UNREADABLE = "\ufffd"


class Recoder:
    """Turns a stream of bytes into UTF-8 as it is read, with a mark in place of what cannot be decoded."""

    def __init__(self, encoding: str) -> None:
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self.met_unreadable = False

    def stream(self, source: pa.NativeFile) -> pa.NativeFile:
        """The same file in UTF-8, decoded as it is read."""
        return pa.TransformInputStream(source, self._recode)

    def _recode(self, content: pa.Buffer) -> bytes:
        text = self._decoder.decode(bytes(content), not len(content))
        self.met_unreadable |= UNREADABLE in text
        return text.encode("utf-8", "replace")


class Decoder:
    """Turns bytes into text.

    Parameters
    ----------
    latin : bool
        The bytes were taken for Latin-1 and written as UTF-8 on their way here.
    recoder : Recoder, optional
        What made them UTF-8 on their way here.
    """

    def __init__(self, encoding: str, *, latin: bool = False, recoder: Recoder | None = None) -> None:
        self._latin, self._recoder = latin, recoder
        # GBK is the part of GB18030 that is usually all there is, and is decoded faster
        self._encodings = ("gbk", "gb18030") if encoding == "gb18030" else (encoding,)

    def text(self, values: pa.Array, *, few: bool = False) -> tuple[pa.Array, np.ndarray | None]:
        """The values as text without space around it, and which could not be decoded (None: all could).

        Of `few` values, which come again and again, each is decoded once.
        """
        content = _content(values)
        if not len(content) or content.max() < 128:
            text = values.view(pa.string())
            spaced = len(content) and content.min() <= 32
            return pc.ascii_trim_whitespace(text) if spaced else text, None
        if few:
            seen = values.dictionary_encode()
            text, undecoded = self.text(seen.dictionary)
            return text.take(seen.indices), None if undecoded is None else undecoded[seen.indices.to_numpy()]
        text, undecoded = self._decoded(values)
        return pc.utf8_trim_whitespace(text), undecoded

    def _decoded(self, values: pa.Array) -> tuple[pa.Array, np.ndarray | None]:
        if self._recoder:
            text = values.view(pa.string())
            if not self._recoder.met_unreadable:
                return text, None
            return text, pc.match_substring(text, UNREADABLE).to_numpy(zero_copy_only=False)
        if self._latin:
            values = _through(values, lambda b: b.decode().encode("latin-1"))
        for encoding in self._encodings:
            found = _decoded(values, encoding)
            if found is not None:
                return found, None
        return _decoded_singly(values, self._encodings[-1])


def _content(values: pa.Array) -> np.ndarray:
    """All bytes of a binary array."""
    offsets, content = values.buffers()[1:]
    if content is None or not len(values):
        return np.zeros(0, np.uint8)
    ends = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1]
    return np.frombuffer(content, np.uint8)[ends[0] : ends[-1]]


def _decoded(values: pa.Array, encoding: str) -> pa.Array | None:
    """The values as text, decoded all at once; None where one cannot be."""
    if encoding == "utf-8":
        try:
            return values.cast(pa.string())
        except pa.ArrowInvalid:
            return None
    try:
        return _through(values, lambda b: b.decode(encoding).encode()).view(pa.string())
    except UnicodeDecodeError:
        return None


def _through(values: pa.Array, recode: Callable[[bytes], bytes]) -> pa.Array:
    """Binary values in another encoding, by one call for all of them; a line end inside a value becomes a space."""
    if (_content(values) == 10).any():
        for end in (b"\r\n", b"\n"):
            values = pc.replace_substring(values, end, b" ")
    if not len(values):
        return values
    whole = pa.Array.from_buffers(pa.int32(), 2, [None, pa.py_buffer(np.array([0, len(values)], np.int32))])
    joined = pc.binary_join(pa.ListArray.from_arrays(whole, values), single(b"\n"))[0].as_buffer()
    content = np.frombuffer(recode(bytes(joined)), np.uint8)
    ends = np.flatnonzero(content == 10)
    offsets = np.concatenate([[0], ends - np.arange(len(ends)), [len(content) - len(ends)]]).astype(np.int32)
    return pa.BinaryArray.from_buffers(
        pa.binary(), len(values), [None, pa.py_buffer(offsets), pa.py_buffer(content[content != 10])]
    )


def _decoded_singly(values: pa.Array, encoding: str) -> tuple[pa.Array, np.ndarray]:
    """The values as text, marks in place of what cannot be decoded, and which values those are."""
    found, broken = [], np.zeros(len(values), bool)
    for n, value in enumerate(values.to_pylist()):
        try:
            found.append(value.decode(encoding))
        except UnicodeDecodeError:
            broken[n] = True
            found.append(value.decode(encoding, "replace"))
    return texts(found), broken
