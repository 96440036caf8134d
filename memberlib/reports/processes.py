"""Sees to it that a process ends with the one that started it, and which end first where memory runs out."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from memberlib.kernels import die_with_parent

_LOOK_SECONDS = 0.5


def end_with(parent: int) -> None:
    """End this process at once when its parent ends, however that ends.

    On Linux the kernel does it, when the very thread ends that started this process. Elsewhere on POSIX a thread looks
    after the parent; on Windows a process ends with its job, when its input is closed.

    Parameters
    ----------
    parent : int
        Process id of the one that started this one.
    """
    if sys.platform == "linux":
        die_with_parent()
        if os.getppid() != parent:
            os._exit(1)
    elif os.name == "posix":
        threading.Thread(target=_watch, args=[parent], daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)


def first_to_go(pid: int) -> None:
    """Make a process, and what it will start, the first that Linux ends where memory runs out."""
    try:
        Path(f"/proc/{pid}/oom_score_adj").write_text("1000")
    except OSError:
        return  # no Linux, or a container that does not let us


def ended_for_memory() -> int:
    """How many processes of this machine have been ended so far because memory ran out; 0 where it is not told."""
    try:
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    except (OSError, ValueError):
        pass
    return 0
