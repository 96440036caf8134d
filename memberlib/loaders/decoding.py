"""How do bytes become text, many values at a time?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from memberlib.loaders.reader import ENCODINGS


class Decoder:
    """Turns bytes into text; goes over to the next encoding while nothing but ASCII has been met."""

    def __init__(self, encoding: str, *, latin: bool) -> None:
        self._latin = latin
        self._left = list(ENCODINGS) if encoding == "ascii" else [encoding]
        if encoding.startswith("utf-16"):  # made UTF-8 as it was read
            self._left = ["utf-8"]

    def text(self, values: pa.Array, *, few: bool = False) -> tuple[pa.Array, np.ndarray | None]:
        """The values as text, and which could not be decoded (None: all could); `few` are decoded once each."""
        content = _content(values)
        if not len(content) or content.max() < 128:
            return values.view(pa.string()), None
        if few:
            seen = values.dictionary_encode()
            text, undecoded = self.text(seen.dictionary)
            return text.take(seen.indices), None if undecoded is None else undecoded[seen.indices.to_numpy()]
        if self._latin:
            values = _through(values, lambda b: b.decode().encode("latin-1"))
        for encoding in self._left:
            found = _decoded(values, encoding)
            if found is not None:
                self._left = [encoding]
                return found, None
        self._left = self._left[:1]
        return _decoded_singly(values, self._left[0])


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
        values = pc.replace_substring(values, b"\n", b" ")
    if not len(values):
        return values
    joined = pc.binary_join(pa.ListArray.from_arrays([0, len(values)], values), b"\n")[0].as_buffer()
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
    return pa.array(found, pa.string()), broken
