"""What the fork server does: it imports what notebooks and workers import, and forks for whoever asks.

It begins to fork when all is imported that most forks need. Its rehearsal (see
:mod:`memberlib.kernels.rehearsal`) it does in small steps between the questions, so that the first jobs need not wait.
"""

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
from collections.abc import Iterator
from typing import Any, NoReturn

from memberlib.engine import clear_spill, own_folder
from memberlib.kernels import ENVIRONMENT, REHEARSAL, die_with_parent, name_process
from memberlib.kernels.forkserver import RUNNING, exactly, use_line

WARM = (
    "memberlib.kernels.shell",
    "IPython.core.application",
    "IPython.core.completerlib",
    "IPython.core.crashhandler",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
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
    "pandas.core.methods.to_dict",
    "matplotlib.backends.backend_agg",
    "PIL.Image",
    "PIL.PngImagePlugin",
    "pyarrow.pandas_compat",
)
"""What the server imports; what cannot be imported there is left to the notebook, which will say so."""
_GRACE_SECONDS = 0.3
"""How long a fork that is let go of has to clear up after itself."""
_LOOK_SECONDS = 0.02


class _Lines:
    """Who may ask, what was forked for each, and which forks are about to end."""

    def __init__(self, first: socket.socket) -> None:
        self.first, self.selector = first, selectors.DefaultSelector()
        self.forks: dict[socket.socket, set[int]] = {}
        self.ended: dict[int, int] = {}
        self.let_go: dict[int, float] = {}
        self.add(first)

    def add(self, line: socket.socket) -> None:
        self.forks[line] = set()
        self.selector.register(line, selectors.EVENT_READ)

    def drop(self, line: socket.socket) -> None:
        self.selector.unregister(line)
        line.close()
        for pid in self.forks.pop(line):
            _kill(pid)
            self.let_go[pid] = 0.0

    def close(self) -> None:
        """Let go of every line, in a fork."""
        self.selector.close()
        for line in self.forks:
            line.close()

    def let_end(self, line: socket.socket, pid: int) -> None:
        """Take note that nobody needs a fork any more."""
        if self.ended.pop(pid, None) is None and pid in self.forks[line]:
            self.forks[line].discard(pid)
            self.let_go[pid] = time.monotonic() + _GRACE_SECONDS

    def reap(self) -> None:
        """See which forks have ended, and end those that were let go of and go on; with each, what it started."""
        for pid, last in list(self.let_go.items()):
            if time.monotonic() > last:
                _kill(pid)
        with contextlib.suppress(ChildProcessError):
            while found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                pid = found.si_pid
                _kill(pid)  # before its number can be another's
                status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                if self.let_go.pop(pid, None) is None:
                    self.ended[pid] = status
                    for forks in self.forks.values():
                        forks.discard(pid)


class _Warmth:
    """What the server imports and does before it forks, and between the questions, step by step."""

    def __init__(self, lines: _Lines) -> None:
        rehearsed = os.environ.get(REHEARSAL) == "1"
        self._lines = lines
        self._before = _imports(WARM)
        self._between = _between() if rehearsed else iter(())
        self.left = True

    def to_fork(self) -> None:
        """Do what must be done before anything is forked."""
        for _ in self._before:
            _leave_if_nobody_asks(self._lines)
        if not gc.isenabled():
            gc.enable()
        gc.freeze()  # what is there now, no fork need look through

    def step(self) -> None:
        """Do one step of what is left."""
        for steps in (self._before, self._between):
            for _ in steps:
                return
        self.left = False


def serve(descriptor: int) -> NoReturn:
    """Answer each question until the first line is closed."""
    lines = _Lines(socket.socket(fileno=descriptor))
    # Ctrl-C at a prompt reaches every process of it; the one who asks decides what becomes of us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: _leave(lines))
    try:
        own_folder()
        name_process("memberlib-forks")
        gc.disable()  # until all is imported there is nothing to collect
        warmth = _Warmth(lines)
        while lines.first in lines.forks:
            wait = 0 if warmth.left else _LOOK_SECONDS if lines.let_go else None
            for key, _ in lines.selector.select(wait):
                line: Any = key.fileobj
                if line in lines.forks and not _answered(line, lines, warmth):
                    lines.drop(line)
            lines.reap()
            if warmth.left:
                warmth.step()
    finally:
        _leave(lines)


def _leave(lines: _Lines) -> NoReturn:
    """End at once, with all that was forked."""
    try:
        for pid in {pid for forks in (*lines.forks.values(), lines.let_go) for pid in forks}:
            _kill(pid)
        clear_spill()
    finally:
        os._exit(0)


def _answered(line: socket.socket, lines: _Lines, warmth: _Warmth) -> bool:
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
    if "end" in wanted:
        lines.let_end(line, wanted["end"])
        return True
    if "call" in wanted:
        warmth.to_fork()
        answer = _forked(line, files, wanted, lines)
    else:
        lines.reap()
        answer = lines.ended.pop(wanted["status"], RUNNING)
    try:
        line.sendall(answer.to_bytes(8, "big", signed=True))
    except OSError:
        return False
    return True


def _forked(line: socket.socket, files: list[int], wanted: dict[str, Any], lines: _Lines) -> int:
    """Fork; the process id. A worker gets a line of its own, by which it asks for notebooks' forks."""
    module, _, function = wanted["call"].partition(":")
    is_worker = module != "memberlib.kernels.shell"
    called = getattr(importlib.import_module(module), function)
    if is_worker and (prepare := getattr(sys.modules[module], "before_fork", None)):
        prepare()
    ours, theirs = socket.socketpair() if is_worker else (None, None)
    pid = os.fork()
    if not pid:
        lines.close()
        if ours:
            ours.close()
        _become(called, files, wanted, theirs)
    lines.forks[line].add(pid)
    if ours and theirs:
        theirs.close()
        lines.add(ours)
    for file in files:
        os.close(file)
    return pid


def _kill(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)  # it may not yet have a session of its own


def _imports(names: tuple[str, ...]) -> Iterator[None]:
    # Without it ipykernel does not set up its debugger, which nobody could reach here.
    sys.modules["debugpy"] = None  # type: ignore[assignment]
    with contextlib.suppress(ImportError):
        importlib.import_module("ipykernel.debugger")
    del sys.modules["debugpy"]
    for name in names:
        yield
        with contextlib.suppress(Exception, SystemExit):
            importlib.import_module(name)
    from memberlib.kernels.rehearsal import read_settings

    with contextlib.suppress(Exception):
        read_settings()


def _between() -> Iterator[None]:
    from memberlib.kernels.rehearsal import rehearse

    yield from rehearse()


def _leave_if_nobody_asks(lines: _Lines) -> None:
    """End where the program that wanted a fork server has ended meanwhile."""
    with contextlib.suppress(BlockingIOError):
        if not lines.first.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
            _leave(lines)


def _first_of_packages() -> int:
    """Where IPython puts the current folder: behind the standard library, before what was installed."""
    parts = [os.path.basename(path) for path in sys.path]
    return next((n for n, part in enumerate(parts) if part in ("site-packages", "dist-packages")), 0)


def _become(called: Any, files: list[int], wanted: dict[str, Any], line: socket.socket | None) -> NoReturn:
    status = 1
    try:
        # A fork outlives neither the server nor, by its session, leaves what it started behind.
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
        os.umask(wanted["umask"])
        time.tzset()
        if sys.path and sys.path[0] == os.getcwd():
            del sys.path[0]  # put there for the server, which was started by ``python -m``
        os.chdir(wanted["folder"])
        if line is None:
            _become_notebook()
        else:
            name_process("memberlib-job")
            use_line(line)
        called(socket.socket(fileno=asked))
        status = 0
    except BaseException:
        os.write(2, traceback.format_exc().encode("utf-8", "replace"))
    finally:
        with contextlib.suppress(Exception):
            clear_spill()
        os._exit(status)


def _become_notebook() -> None:
    """What a kernel of its own would find."""
    name_process("memberlib-cells")
    os.environ["IPYTHONDIR"] = str(own_folder() / "ipython")
    sys.path.insert(_first_of_packages(), "")
    sys.argv = ["ipykernel_launcher"]
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if "pandas" in sys.modules:
        # What pandas chooses inside a kernel; it took the server for a terminal.
        sys.modules["pandas"].set_option("display.max_columns", 20)
