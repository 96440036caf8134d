"""What does a nursery do: what does it import, and how does a fork become a notebook's process?"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import random
import selectors
import signal
import socket
import sys
import time
import traceback
from typing import Any, NoReturn

from memberlib.engine import clear_spill, own_folder
from memberlib.kernels import ENVIRONMENT, REHEARSAL, die_with_parent
from memberlib.kernels.nursery import RUNNING, exactly

WARM = (
    "memberlib.kernels.shell",
    "matplotlib.pyplot",
    "memberlib.store",
    "memberlib.lake",
    "memberlib.bands",
    "memberlib.calendar",
    "memberlib.indicators",
    "memberlib.levels",
    "memberlib.rfm",
    "memberlib.findings",
    "memberlib.tables",
    "memberlib.charts",
    "memberlib.widgets",
    "ibis.backends.duckdb",
    "ibis.formats.pandas",
    "matplotlib.backends.backend_agg",
    "PIL.Image",
    "PIL.PngImagePlugin",
    "pyarrow.pandas_compat",
    "seaborn",
    "seaborn.matrix",
)
"""What a nursery imports; what cannot be imported there is left to the notebook, which will say so."""


class _Lines:
    """Who may ask, and what was forked for each."""

    def __init__(self, first: socket.socket) -> None:
        self.first, self.selector = first, selectors.DefaultSelector()
        self.forks: dict[socket.socket, set[int]] = {}
        self.ended: dict[int, int] = {}
        self.add(first)

    def add(self, line: socket.socket) -> None:
        self.forks[line] = set()
        self.selector.register(line, selectors.EVENT_READ)

    def drop(self, line: socket.socket) -> None:
        self.selector.unregister(line)
        line.close()
        for pid in self.forks.pop(line):
            _end(pid)

    def close(self) -> None:
        """Let go of every line, in a fork."""
        self.selector.close()
        for line in self.forks:
            line.close()

    def reap(self) -> None:
        """See which forks have ended."""
        with contextlib.suppress(ChildProcessError):
            while found := os.waitpid(-1, os.WNOHANG):
                pid, status = found
                if not pid:
                    return
                for forks in self.forks.values():
                    if pid in forks:
                        forks.discard(pid)
                        self.ended[pid] = os.waitstatus_to_exitcode(status)


def serve(descriptor: int) -> NoReturn:
    """Fork for each question that asks for it, or say how a fork ended, until the first line is closed."""
    lines = _Lines(socket.socket(fileno=descriptor))
    try:
        own_folder()
        # Ctrl-C at a prompt reaches every process of it; the one who asks decides what becomes of us.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        _warm_up(lines.first)
        gc.freeze()
        while lines.first in lines.forks:
            for key, _ in lines.selector.select():
                line: Any = key.fileobj
                if line in lines.forks and not _answered(line, lines):
                    lines.drop(line)
    finally:
        for forks in lines.forks.values():
            for pid in forks:
                _end(pid)
        clear_spill()
        os._exit(0)


def _answered(line: socket.socket, lines: _Lines) -> bool:
    """Answer the next question of a line; whether it is still open."""
    try:
        head, files, _, _ = socket.recv_fds(line, 4, 3)
        head += exactly(line, 4 - len(head)) if 0 < len(head) < 4 else b""
        asked = exactly(line, int.from_bytes(head, "big")) if len(head) == 4 else b""
    except OSError:
        asked = b""
    if not asked:
        return False
    wanted = json.loads(asked)
    if "line" in wanted:
        lines.add(socket.socket(fileno=files[0]))
        return True
    if "folder" in wanted:
        answer = os.fork()
        if not answer:
            lines.close()
            _become_shell(files, wanted)
        lines.forks[line].add(answer)
        for file in files:
            os.close(file)
    else:
        lines.reap()
        answer = lines.ended.pop(wanted["status"], RUNNING)
    try:
        line.sendall(answer.to_bytes(8, "big", signed=True))
    except OSError:
        return False
    return True


def _end(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)  # it may not yet have a session of its own


def _warm_up(first: socket.socket) -> None:
    # Without it ipykernel does not set up its debugger, which nobody could reach here.
    sys.modules["debugpy"] = None  # type: ignore[assignment]
    with contextlib.suppress(ImportError):
        importlib.import_module("ipykernel.debugger")
    del sys.modules["debugpy"]
    for name in WARM:
        _leave_if_nobody_asks(first)
        with contextlib.suppress(Exception, SystemExit):
            importlib.import_module(name)
    from memberlib.kernels.rehearsal import read_settings, rehearse

    _leave_if_nobody_asks(first)
    if os.environ.get(REHEARSAL) == "1":
        rehearse()
    with contextlib.suppress(Exception):
        read_settings()


def _leave_if_nobody_asks(first: socket.socket) -> None:
    """End where the program that wanted a nursery has ended meanwhile."""
    first.setblocking(False)
    try:
        if not first.recv(1, socket.MSG_PEEK):
            sys.exit()
    except OSError:
        pass
    finally:
        first.setblocking(True)


def _first_of_packages() -> int:
    """Where IPython puts the current folder: behind the standard library, before what was installed."""
    parts = [os.path.basename(path) for path in sys.path]
    return next((n for n, part in enumerate(parts) if part in ("site-packages", "dist-packages")), 0)


def _become_shell(files: list[int], wanted: dict[str, Any]) -> NoReturn:
    status = 1
    try:
        # A fork outlives neither the nursery nor, by its session, leaves what it started behind.
        die_with_parent()
        os.setsid()
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as first_to_go:
            first_to_go.write("1000")
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        asked, out, err = files
        os.dup2(out, 1)
        os.dup2(err, 2)
        for file in (out, err):
            os.close(file)
        os.environ.clear()
        os.environ.update({**wanted["environment"], **ENVIRONMENT})
        os.environ["IPYTHONDIR"] = str(own_folder() / "ipython")
        os.umask(wanted["umask"])
        time.tzset()
        if sys.path and sys.path[0] == os.getcwd():
            del sys.path[0]  # put there for the nursery, which was started by ``python -m``
        sys.path.insert(_first_of_packages(), "")
        os.chdir(wanted["folder"])
        sys.argv = ["ipykernel_launcher"]
        random.seed()
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed()
        if "pandas" in sys.modules:
            # What pandas chooses inside a kernel; it took the nursery for a terminal.
            sys.modules["pandas"].set_option("display.max_columns", 20)
        from memberlib.kernels import shell

        shell.serve(socket.socket(fileno=asked))
        status = 0
    except BaseException:
        os.write(2, traceback.format_exc().encode("utf-8", "replace"))
    finally:
        with contextlib.suppress(Exception):
            clear_spill()
        os._exit(status)
