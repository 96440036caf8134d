"""Make Arrow arrays of numbers and texts without loading pandas.

``pyarrow.array`` and ``pyarrow.scalar`` do it too, and load pandas on their way, which takes longer than most files
take to read.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa


def numbers(values: np.ndarray) -> pa.Array:
    """Whole numbers.

    Examples
    --------
    >>> numbers(np.array([1, 2])).to_pylist()
    [1, 2]
    """
    content = np.ascontiguousarray(values, np.int64)
    return pa.Array.from_buffers(pa.int64(), len(content), [None, pa.py_buffer(content)])


def flags(values: np.ndarray) -> pa.Array:
    """Truths."""
    return pa.Array.from_buffers(
        pa.bool_(), len(values), [None, pa.py_buffer(np.packbits(values, bitorder="little"))]
    )


def single(value: bytes) -> pa.Scalar:
    """Bytes to be held against those of an array."""
    return texts([value.decode()]).view(pa.binary())[0]


def texts(values: Sequence[str]) -> pa.Array:
    """Texts.

    Examples
    --------
    >>> texts(["a", "", "茶"]).to_pylist()
    ['a', '', '茶']
    """
    content = [value.encode("utf-8", "replace") for value in values]
    ends = np.zeros(len(content) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, content), np.int64, len(content)), out=ends[1:])
    held = pa.Array.from_buffers(
        pa.large_string(), len(content), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(content))]
    )
    return held.cast(pa.string())
