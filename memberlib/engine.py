"""Connects to DuckDB, within a bound of memory, with a folder for what does not fit."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memberlib.errors import InputError

if TYPE_CHECKING:
    import duckdb

MEMORY, TEMP = "MEMBERLIB_MEMORY", "MEMBERLIB_TEMP"
"""Variables that say how much memory the engine may use, and below which folder it puts aside what is more."""
LEAST_MEMORY = 50_000_000
"""Bytes below which some analysis of the smallest shop fails."""
_PER_THREAD = 125_000_000
"""Bytes that a thread of the engine needs in order to spill well; with less memory fewer threads work."""

_WORKSPACE_MEMORY = "700MB"
_UNITS = {"MB": 1000**2, "GB": 1000**3, "TB": 1000**4, "MIB": 1024**2, "GIB": 1024**3, "TIB": 1024**4}
_PREFIX = "memberlib-spill-"
_serial = itertools.count()


def connection(memory: str | None = None) -> Any:
    """A fresh embedded DuckDB through ibis; row order is not kept, which bounds its memory.

    Parameters
    ----------
    memory : str, optional
        How much memory it may use, such as ``2GB``, ``500 MB`` or ``1.5GiB``; else what the variable
        ``MEMBERLIB_MEMORY`` says, else as much as DuckDB takes (80 % of the machine's). What is more is put aside
        in a folder of this process, below ``MEMBERLIB_TEMP`` or the system's folder for temporary files; it goes
        away with the connection.

    Raises
    ------
    InputError
        For a text that is no size or too small a one, or a folder that cannot be written.
    """
    import ibis

    bound = bytes_of(os.environ.get(MEMORY, "") if memory is None else memory)
    options: dict[str, Any] = {"temp_directory": str(own_folder() / str(next(_serial)))}
    if bound:
        options["memory_limit"] = f"{bound}B"
        if bound // _PER_THREAD < (os.cpu_count() or 1):
            options["threads"] = max(1, bound // _PER_THREAD)
    con = ibis.duckdb.connect(**options)
    con.raw_sql("SET preserve_insertion_order = false")
    con.raw_sql("SET TimeZone = 'UTC'")
    con.raw_sql("SET enable_progress_bar = false")
    return con


@contextlib.contextmanager
def workspace(*, ordered: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB of its own for what an import and the lake do: with bounded memory, quiet, gone with all its files.

    Parameters
    ----------
    ordered : bool
        Keep the order of rows, which takes more memory.
    """
    import duckdb

    with (
        tempfile.TemporaryDirectory(prefix="memberlib-") as scratch,
        duckdb.connect(config={"memory_limit": _WORKSPACE_MEMORY, "temp_directory": scratch}) as con,
    ):
        con.execute("SET enable_progress_bar = false")  # it would go into what the program prints
        con.execute(f"SET preserve_insertion_order = {str(ordered).lower()}")
        yield con


def prepare(memory: str | None = None) -> None:
    """Bound the engine in this process and those that it starts, and see to it that what is more finds room.

    Parameters
    ----------
    memory : str, optional
        As for :func:`connection`.

    Raises
    ------
    InputError
        As for :func:`connection`, before anything has started.
    """
    bytes_of(os.environ.get(MEMORY, "") if memory is None else memory)
    if memory is not None:
        os.environ[MEMORY] = memory
    own_folder()


def bytes_of(text: str) -> int | None:
    """Bytes of a size as people write it; None where nothing is written.

    Raises
    ------
    InputError
        For a text that is no size, or less than the engine needs.

    Examples
    --------
    >>> bytes_of("2GB"), bytes_of("500 mb"), bytes_of("1.5GiB"), bytes_of(" ")
    (2000000000, 500000000, 1610612736, None)
    """
    if not text.strip():
        return None
    found = re.fullmatch(r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*([KMGT]i?B)\s*", text, re.IGNORECASE | re.ASCII)
    if found is None or found[2].upper() not in _UNITS:
        raise InputError(f"memory {text!r} is not a size; write it as 2GB, 500MB or 1.5GiB")
    size = int(float(found[1]) * _UNITS[found[2].upper()])
    if size < LEAST_MEMORY:
        raise InputError(
            f"memory {text!r} is too little; the engine needs at least {LEAST_MEMORY // 10**6}MB"
        )
    return size


def shortage(message: str) -> str:
    """The line for a message of the engine that its memory or the room beside it is used up; empty for any other.

    Examples
    --------
    >>> shortage("Out of Memory Error: could not allocate block of size 256.0 KiB (95.3 MiB/95.3 MiB used)")
    'the engine has used up its memory (95.3 MiB/95.3 MiB used); allow it more with --memory'
    >>> shortage("Parser Error: syntax error")
    ''
    """
    if "failed to offload data block" in message or ("duckdb_temp" in message and "space left" in message):
        return (
            f"no room is left for what does not fit into the engine's memory, in {_parent()};"
            f" make room there, or name another folder in the variable {TEMP}"
        )
    if "Out of Memory Error" in message or "OutOfMemoryException" in message:
        used = re.search(r"\([^()]*used\)", message)
        return (
            f"the engine has used up its memory{f' {used[0]}' if used else ''}; allow it more with --memory"
        )
    return ""


# ---------------------------------------------------------------- the folder for what is put aside


class _Folder:
    """A folder that only this user can enter, marked as in use for as long as this process lives.

    Beside it lies a file that this process keeps locked. A process that was killed leaves both behind; the next
    one that needs such a folder finds the lock free and clears them away.
    """

    def __init__(self, parent: Path) -> None:
        self.owner = os.getpid()
        try:
            for tries_left in reversed(range(5)):
                handle, mark = tempfile.mkstemp(prefix=_PREFIX, suffix=".lock", dir=parent)
                if (_lock(handle) and Path(mark).exists()) or not tries_left:
                    break
                os.close(handle)  # another process, just clearing away, was faster
            self.path = Path(mark).with_suffix("")
            self.path.mkdir(mode=0o700)
        except OSError as error:
            raise InputError(
                f"nothing can be written to {parent} ({error.strerror or error}), where the engine puts aside what"
                f" does not fit into memory; name another folder in the variable {TEMP}"
            ) from None
        self.end = weakref.finalize(self, _clear, self.owner, self.path, handle)


_mine: _Folder | None = None


def own_folder() -> Path:
    """This process's folder for what lasts no longer than itself; a process that was forked makes its own."""
    global _mine
    if _mine is None or _mine.owner != os.getpid() or not _mine.path.is_dir():
        _sweep(_parent())
        _mine = _Folder(_parent())
    return _mine.path


def _parent() -> Path:
    named = Path(os.environ.get(TEMP) or tempfile.gettempdir())
    if not named.is_absolute():
        raise InputError(f"the variable {TEMP} must name a folder by its whole path, not {str(named)!r}")
    return named


def clear_spill() -> None:
    """Clear away this process's folder; for a process that ends at once, without Python's own ending."""
    global _mine
    if _mine is not None:
        _mine.end()
        _mine = None


def _clear(owner: int, folder: Path, handle: int) -> None:
    if owner != os.getpid():
        return  # a fork of the owner
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        os.close(handle)
    with contextlib.suppress(OSError):
        folder.with_suffix(".lock").unlink()
    _sweep(folder.parent)


def _sweep(parent: Path) -> None:
    """Clear away the folders of processes that are no more."""
    for mark in sorted(parent.glob(f"{_PREFIX}*.lock")):
        with contextlib.suppress(OSError):
            handle = os.open(mark, os.O_RDWR)
            try:
                if _lock(handle):
                    shutil.rmtree(mark.with_suffix(""), ignore_errors=True)
                    mark.unlink()
            finally:
                os.close(handle)


def _lock(handle: int) -> bool:
    """Lock an open file for as long as it is open; whether that could be done."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
