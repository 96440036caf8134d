"""How is a process kept that has imported what notebooks import, and does nothing but fork?

A nursery is a fresh interpreter with one thread, so that it may fork whatever the program around it does. It is
asked through sockets: the first line is that of the program that started it, and when that is closed the nursery
ends and its forks with it; further lines are for processes that share it.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from memberlib.kernels import ENVIRONMENT, ONE_THREAD

LINE = "MEMBERLIB_NURSERY"
"""Variable that names the open socket by which a process asks the nursery of the one that started it."""
RUNNING = -(1 << 40)
"""What is answered for a fork that has not ended."""
_GRACE_SECONDS = 0.3
_UMASK = re.compile(r"^Umask:\s*([0-7]+)$", re.MULTILINE)
ENDED = "the process that starts kernels has ended"


class Nursery:
    """A process that forks; started at once, ready when it has imported everything.

    Parameters
    ----------
    line : socket, optional
        A line to the nursery of another process, see :meth:`another_line`; without one a nursery is started.
    environment : mapping, optional
        Variables that a nursery is started with, on top of this process's own.
    folder : path, optional
        Where it stands meanwhile; the package's own where none is given.
    """

    def __init__(
        self,
        line: socket.socket | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        if line is not None:
            self._line = line
            return
        self._line, theirs = socket.socketpair()
        given = {**os.environ, **ONE_THREAD, **ENVIRONMENT, **(environment or {})}
        given.pop(LINE, None)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "memberlib.kernels", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=folder or Path(__file__).resolve().parents[2],  # not where a user may have a calendar.py
            env=given,
        )
        theirs.close()

    @property
    def pid(self) -> int | None:
        """Its process; None where it is another's."""
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        """Whether it still runs, as far as can be seen from here."""
        return self._process is None or self._process.poll() is None

    def another_line(self) -> socket.socket:
        """A line for another process; what was forked for it ends when it is closed.

        Raises
        ------
        RuntimeError
            Where the nursery has ended.
        """
        ours, theirs = socket.socketpair()
        with self._lock, theirs:
            try:
                self._send(json.dumps({"line": True}), [theirs.fileno()])
            except OSError:
                ours.close()
                raise RuntimeError(ENDED) from None
        return ours

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
            asked = json.dumps({"environment": dict(environment), "folder": folder, "umask": _umask()})
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

    def _ask(self, question: str, files: Sequence[int] = ()) -> Any:
        try:
            self._send(question, files)
            answer = exactly(self._line, 8)
        except OSError:
            answer = b""
        if not answer:
            raise RuntimeError(ENDED)
        number = int.from_bytes(answer, "big", signed=True)
        return None if number == RUNNING else number

    def _send(self, question: str, files: Sequence[int] = ()) -> None:
        content = question.encode()
        head = len(content).to_bytes(4, "big")
        if files:
            socket.send_fds(self._line, [head], list(files))
        else:
            self._line.sendall(head)
        self._line.sendall(content)

    def close(self) -> None:
        """End the nursery and what it has started."""
        self._line.close()
        if self._process is None:
            return
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
        self._status: int | None = None

    def wait(self, seconds: float) -> int | None:
        """How it ended; None where it still runs after so many seconds."""
        ends = time.monotonic() + seconds
        while self._status is None:
            self._status = self._nursery.status(self.pid)
            if time.monotonic() >= ends:
                break
            time.sleep(0.002)
        return self._status

    def last_words(self) -> str:
        """The end of what it wrote to its standard error beside Python, such as a crash's traceback."""
        size = os.fstat(self._words).st_size
        return os.pread(self._words, 20_000, max(0, size - 20_000)).decode("utf-8", "replace")

    def end(self) -> None:
        """End it, and what it has started: by its own hand where it listens, so that it clears up after itself."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        with contextlib.suppress(RuntimeError):
            self.wait(_GRACE_SECONDS)
        if self._words >= 0:
            os.close(self._words)
            self._words = -1
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(RuntimeError):
            self.wait(5)


_nursery: Nursery | None = None
_opening = threading.Lock()


def open_nursery(environment: Mapping[str, str] | None = None, folder: Path | None = None) -> Nursery:
    """The nursery of this process: the one that it was given a line to, else one of its own.

    Parameters
    ----------
    environment, folder
        What a nursery is started with, where there is none yet; see :class:`Nursery`.
    """
    global _nursery
    with _opening:
        if _nursery is None or not _nursery.alive:
            if _nursery is None:
                atexit.register(close_nursery)
            else:
                _nursery.close()
            given = os.environ.pop(LINE, "")
            line = socket.socket(fileno=int(given)) if given else None
            _nursery = Nursery(line, environment=environment, folder=folder)
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


def _umask() -> int:
    """The mask of this process for new files, which only Linux tells without changing it."""
    found = _UMASK.search(Path("/proc/self/status").read_text())
    return int(found[1], 8) if found else 0o022


def exactly(line: socket.socket, size: int) -> bytes:
    """So many bytes; none where the other side has ended."""
    parts = b""
    while len(parts) < size:
        part = line.recv(size - len(parts))
        if not part:
            return b""
        parts += part
    return parts
