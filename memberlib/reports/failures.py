"""Why did a job fail, in one line that a reader can use?"""

from __future__ import annotations

import re
import traceback

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PATH = re.compile(r"(?<![\w.:/\\])(?:[A-Za-z]:[/\\]|/)(?:[^\s/\\'\"<>|]+[/\\])*([^\s/\\'\"<>|]+)")
_LONGEST = 300


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
