"""Says in one line why a job failed, and whether it was the job or the disk under all of them."""

from __future__ import annotations

import errno
import re
import shutil
import tempfile
import traceback
from pathlib import Path

from memberlib.engine import shortage

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PATH = re.compile(r"(?<![\w.:/\\])(?:[A-Za-z]:[/\\]|/)(?:[^\s/\\'\"<>|]+[/\\])*([^\s/\\'\"<>|]+)")
_LONGEST = 300
_NO_MEMORY = ("MemoryError", "OutOfMemoryException", "_ArrayMemoryError", "ArrowMemoryError")
_OF_THE_DISK = {
    errno.ENOSPC: "no space is left",
    errno.EDQUOT: "no more space is allowed",
    errno.EFBIG: "files of this size are not allowed",
    errno.EROFS: "nothing can be written",
    errno.EIO: "the disk fails",
    errno.ESTALE: "the folder's server is gone",
}
_LEAST_SPACE = 1 << 20


def reason_of(error: BaseException) -> str:
    """The last line of what an error says, without folders; a user's mistake as it is worded.

    Examples
    --------
    >>> reason_of(ValueError("no file /srv/shops/a.csv"))
    'ValueError: no file a.csv'
    """
    kind, message = type(error).__name__, str(error)
    if kind == "PapermillExecutionError":
        kind, message = str(getattr(error, "ename", kind)), str(getattr(error, "evalue", message))
    elif kind == "DeadKernelError":
        return "the kernel died"
    elif kind == "CellTimeoutError":
        return "a cell worked too long and was ended"
    if line := shortage(plain(message)):
        return line
    if kind in _NO_MEMORY:
        kind = "ran out of memory"
    lines = [line.strip() for line in plain(message).splitlines() if line.strip()]
    said = without_paths(lines[-1]) if lines else ""
    if len(said) > _LONGEST:
        said = said[: _LONGEST - 1] + "…"
    return said if kind == "InputError" and said else f"{kind}: {said}" if said else kind


def story_of(error: BaseException) -> str:
    """The whole traceback; of a notebook, the traceback of its cell."""
    cell = getattr(error, "traceback", None)
    if type(error).__name__ == "PapermillExecutionError" and cell:
        text = cell if isinstance(cell, str) else "\n".join(cell)
        return plain(f"cell {getattr(error, 'exec_count', '?')}:\n\n{getattr(error, 'source', '')}\n\n{text}")
    return plain("".join(traceback.format_exception(error)))


def of_the_disk(error: BaseException) -> str:
    """What is wrong with the disk, where an error comes from there and would come to every other job as well.

    Examples
    --------
    >>> of_the_disk(OSError(errno.ENOSPC, "No space left on device")), of_the_disk(FileNotFoundError("x"))
    ('no space is left', '')
    """
    return _OF_THE_DISK.get(error.errno or 0, "") if isinstance(error, OSError) else ""


def without_space(out: Path) -> Path | None:
    """Which disk is full: that of the reports, or that for temporary files."""
    for folder in (out, Path(tempfile.gettempdir())):
        try:
            if shutil.disk_usage(folder).free < _LEAST_SPACE:
                return folder
        except OSError:
            continue
    return None


def plain(text: str) -> str:
    """Text without the colour codes of a terminal."""
    return _ANSI.sub("", text)


def without_paths(text: str) -> str:
    """Text in which the name of a file stands without its folders.

    Examples
    --------
    >>> without_paths("cannot read '/srv/data/x.parquet' as of 2026/06/30")
    "cannot read 'x.parquet' as of 2026/06/30"
    """
    return _PATH.sub(r"\1", text)
