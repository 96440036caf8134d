"""List a workbook's sheets and give their rows.

A workbook (xls, xlsx, xlsm, xlsb, ods) is opened once, by a program of its own (:mod:`memberlib.loaders.cells`) that
may take so much memory and no more; the rows of all its sheets then lie as text in a temporary folder, which goes when
nobody holds it any more.
"""

from __future__ import annotations

import json
import marshal
import os
import shutil
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memberlib.errors import InputError
from memberlib.loaders import cells

_PATIENCE = 3 * cells.SECONDS  # seconds by the clock, on a busy machine


class _Folder:
    """A temporary folder that goes with this object."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="memberlib-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@dataclass(frozen=True)
class Sheet:
    """A sheet with anything in it.

    Attributes
    ----------
    first_row : int
        Number of its first row that is not blank.
    row_count : int
        Rows from there on.
    head : list of list of str
        The first of them.
    """

    name: str
    first_row: int
    row_count: int
    head: list[list[str]]
    file: str
    folder: _Folder

    def chunks(self) -> Iterator[list[list[str]]]:
        """Its rows, some thousand at a time, as columns of text."""
        with open(self.folder.path / self.file, "rb") as rows:
            while True:
                try:
                    chunk: list[list[str]] = marshal.load(rows)
                except EOFError:
                    return
                yield chunk


def sheets(path: Path) -> list[Sheet]:
    """The sheets of a workbook that hold anything.

    Raises
    ------
    InputError
        For a workbook that is damaged, protected by a password, or needs more memory or time than it may take.
    """
    folder = _Folder()
    found = _described(path, folder.path)
    if "error" in found:
        raise InputError(_why(path, found))
    return [Sheet(folder=folder, **sheet) for sheet in found["sheets"]]


def _described(path: Path, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-P", cells.__file__, str(path.resolve()), str(folder)]
    # at the end of memory the library would wait for ever for room to tell where it was
    surroundings = os.environ | {"RUST_BACKTRACE": "0"}
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=False, env=surroundings)
    except subprocess.TimeoutExpired:
        return {"error": "time"}
    if done.returncode == 0:
        found: dict[str, Any] = json.loads(done.stdout)
        return found
    said = done.stderr.decode(errors="replace")
    if "memory allocation" in said or "MemoryError" in said:
        return {"error": "memory"}
    if done.returncode in (-24, -9):  # SIGXCPU, and SIGKILL where that was not heeded
        return {"error": "time"}
    return {"error": "damaged", "reason": (said.splitlines() or [f"ended with {done.returncode}"])[-1]}


def _why(path: Path, found: dict[str, Any]) -> str:
    reason = (str(found.get("reason", "")).splitlines() or ["it cannot be made out"])[0][:200]
    return {
        "password": f"{path.name} is protected by a password; save it without one",
        "memory": f"{path.name} takes more than {cells.MEMORY_BYTES >> 30} GiB of memory to read, "
        "the limit for a workbook; give its sheets as CSV",
        "time": f"{path.name} takes more than {cells.SECONDS} seconds to read, "
        "the limit for a workbook; give its sheets as CSV",
        "disk": f"{path.name} cannot be read: no room for its rows ({reason})",
        "damaged": f"{path.name} is a damaged workbook ({reason}); export it again",
    }[found["error"]]
