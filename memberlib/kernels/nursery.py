"""How is a process kept that has imported what notebooks import, and does nothing but fork?

A nursery is a fresh interpreter with one thread, so that it may fork whatever the program around it does. It is
asked through a socket and ends when that is closed; the forks end with it.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import importlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping
from typing import Any, NoReturn

from memberlib.kernels import ENVIRONMENT

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
_ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


class Nursery:
    """A process that forks; started at once, ready when it has imported everything."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "memberlib.kernels", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**os.environ, **_ONE_THREAD, **ENVIRONMENT},
        )
        theirs.close()

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def start(self, environment: Mapping[str, str], folder: str) -> Fork:
        """A fork that stands in ``folder`` and sees ``environment``.

        Raises
        ------
        RuntimeError
            Where the nursery has ended.
        """
        ours, theirs = socket.socketpair()
        words = [os.memfd_create(name) for name in ("stdout", "stderr")]
        try:
            asked = json.dumps({"environment": dict(environment), "folder": folder})
            with self._lock:
                pid = self._ask(asked, [theirs.fileno(), *words])
            return Fork(self, pid, ours, words[1])
        except BaseException:
            ours.close()
            os.close(words[1])
            raise
        finally:
            theirs.close()
            os.close(words[0])

    def status(self, pid: int) -> int | None:
        """How a fork ended; None while it runs."""
        with self._lock:
            return self._ask(json.dumps({"status": pid}))

    def _ask(self, question: str, files: list[int] | None = None) -> Any:
        try:
            content = question.encode()
            head = len(content).to_bytes(4, "big")
            if files:
                socket.send_fds(self._line, [head], files)
            else:
                self._line.sendall(head)
            self._line.sendall(content)
            answer = _exactly(self._line, 8)
        except OSError:
            answer = b""
        if not answer:
            raise RuntimeError("the process that starts kernels has ended")
        number = int.from_bytes(answer, "big", signed=True)
        return None if number == _RUNNING else number

    def close(self) -> None:
        """End the nursery and what it has started."""
        self._line.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Fork:
    """A forked process, with the socket to its shell.

    Attributes
    ----------
    pid : int
    socket : socket
        Where its shell is asked and answers.
    """

    def __init__(self, nursery: Nursery, pid: int, line: socket.socket, words: int) -> None:
        self._nursery, self.pid, self.socket, self._words = nursery, pid, line, words

    def wait(self, seconds: float) -> int | None:
        """How it ended; None where it still runs after so many seconds."""
        ends = time.monotonic() + seconds
        while (status := self._nursery.status(self.pid)) is None and time.monotonic() < ends:
            time.sleep(0.002)
        return status

    def last_words(self) -> str:
        """The end of what it wrote to its standard error beside Python, such as a crash's traceback."""
        size = os.fstat(self._words).st_size
        return os.pread(self._words, 20_000, max(0, size - 20_000)).decode("utf-8", "replace")

    def end(self) -> None:
        """End it, and what it has started."""
        self.socket.close()
        if self._words >= 0:
            os.close(self._words)
            self._words = -1
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(RuntimeError):
            self.wait(5)


_nursery: Nursery | None = None


def open_nursery() -> Nursery:
    """The nursery of this process, started where there is none or it has ended."""
    global _nursery
    if _nursery is None or not _nursery.alive:
        if _nursery is None:
            atexit.register(close_nursery)
        _nursery = Nursery()
    return _nursery


def close_nursery() -> None:
    """End this process's nursery; the next notebook gets a new one."""
    global _nursery
    if _nursery is not None:
        _nursery.close()
        _nursery = None


def fork(environment: Mapping[str, str], folder: str) -> Fork:
    """A fork from this process's nursery, see :meth:`Nursery.start`."""
    try:
        return open_nursery().start(environment, folder)
    except RuntimeError:
        close_nursery()  # it was killed since the last notebook; a new one is as good
        return open_nursery().start(environment, folder)


_RUNNING = -(1 << 40)


def _exactly(line: socket.socket, size: int) -> bytes:
    """So many bytes; none where the other side has ended."""
    parts = b""
    while len(parts) < size:
        part = line.recv(size - len(parts))
        if not part:
            return b""
        parts += part
    return parts


# ---------------------------------------------------------------- inside the nursery


def serve(descriptor: int) -> NoReturn:
    """Fork for each question that asks for it, or say how a fork ended; end with the one who asks."""
    line = socket.socket(fileno=descriptor)
    running: set[int] = set()
    ended: dict[int, int] = {}
    home = tempfile.mkdtemp(prefix="memberlib-")
    try:
        # Ctrl-C at a prompt reaches every process of it; the one who asks decides what becomes of us.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _warm_up()
        gc.freeze()
        while True:
            head, files, _, _ = socket.recv_fds(line, 4, 3)
            if not head:
                break
            head += _exactly(line, 4 - len(head)) if len(head) < 4 else b""
            wanted = json.loads(_exactly(line, int.from_bytes(head, "big")))
            if "folder" in wanted:
                pid = os.fork()
                if not pid:
                    line.close()
                    _become_shell(files, wanted["environment"], wanted["folder"], home)
                running.add(pid)
                for file in files:
                    os.close(file)
                answer = pid
            else:
                _reap(running, ended)
                answer = ended.get(wanted["status"], _RUNNING)
            line.sendall(answer.to_bytes(8, "big", signed=True))
    finally:
        for pid in running:
            with contextlib.suppress(OSError):
                os.killpg(pid, signal.SIGKILL)
        shutil.rmtree(home, ignore_errors=True)
        os._exit(0)


def _warm_up() -> None:
    # Without it ipykernel does not set up its debugger, which nobody could reach here.
    sys.modules["debugpy"] = None  # type: ignore[assignment]
    with contextlib.suppress(ImportError):
        importlib.import_module("ipykernel.debugger")
    del sys.modules["debugpy"]
    for name in WARM:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    from memberlib.kernels.rehearsal import rehearse

    rehearse()


def _reap(running: set[int], ended: dict[int, int]) -> None:
    for pid in list(running):
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            running.discard(pid)
            ended[pid] = os.waitstatus_to_exitcode(status)


def _first_of_packages() -> int:
    """Where IPython puts the current folder: behind the standard library, before what was installed."""
    parts = [os.path.basename(path) for path in sys.path]
    return next((n for n, part in enumerate(parts) if part in ("site-packages", "dist-packages")), 0)


def _become_shell(files: list[int], environment: dict[str, str], folder: str, home: str) -> NoReturn:
    status = 1
    try:
        # A fork outlives neither the nursery nor, by its session, leaves what it started behind.
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        asked, out, err = files
        os.dup2(out, 1)
        os.dup2(err, 2)
        for file in (out, err):
            os.close(file)
        os.environ.clear()
        os.environ.update({**environment, **ENVIRONMENT, "IPYTHONDIR": home})
        time.tzset()
        if sys.path and sys.path[0] == os.getcwd():
            del sys.path[0]  # put there for the nursery, which was started by ``python -m``
        sys.path.insert(_first_of_packages(), "")
        os.chdir(folder)
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
            sys.modules["memberlib.engine"].clear_spill()
        os._exit(status)
