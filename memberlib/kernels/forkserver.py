"""Starts the fork server of this process and asks it for forks.

A fork server is a fresh interpreter with one thread, so that it may fork whatever the program around it does. It is
asked through sockets: the first line is that of the program that started it, and when that is closed the server ends
and its forks with it. A worker that it forks gets a line of its own; further ones can be had for other processes.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from memberlib.kernels import ENVIRONMENT, ONE_THREAD

RUNNING = -(1 << 40)
"""What is answered for a fork that has not ended."""
_UMASK = re.compile(r"^Umask:\s*([0-7]+)$", re.MULTILINE)
ENDED = "the fork server has ended"
_NOTEBOOK = "memberlib.kernels.shell:serve"


class ForkServer:
    """A process that forks; started at once, ready when it has imported everything.

    Parameters
    ----------
    line : socket, optional
        A line to the fork server of another process, see :meth:`another_line`; without one a server is started.
    environment : mapping, optional
        Variables that a server is started with, on top of this process's own.
    """

    def __init__(
        self, line: socket.socket | None = None, *, environment: Mapping[str, str] | None = None
    ) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        if line is not None:
            self._line = line
            return
        self._line, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "memberlib.kernels", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=Path(__file__).resolve().parents[2],  # not where a user may have a calendar.py
            env={**os.environ, **ONE_THREAD, **ENVIRONMENT, **(environment or {})},
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
            Where the server has ended.
        """
        ours, theirs = socket.socketpair()
        with self._lock, theirs:
            try:
                self._send(json.dumps({"line": True}), [theirs.fileno()])
            except OSError:
                ours.close()
                raise RuntimeError(ENDED) from None
        return ours

    def start(self, environment: Mapping[str, str], folder: str, call: str = _NOTEBOOK) -> Fork:
        """A fork that stands in ``folder``, sees ``environment`` and calls a function with its socket.

        Parameters
        ----------
        call : str
            ``module:function``; else a notebook's shell.

        Raises
        ------
        RuntimeError
            Where the server has ended.
        """
        ours, theirs = socket.socketpair()
        words = [os.memfd_create(name) for name in ("stdout", "stderr")]
        asked = {"environment": dict(environment), "folder": folder, "umask": _umask(), "call": call}
        try:
            with self._lock:
                pid = self._ask(json.dumps(asked), [theirs.fileno(), *words])
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

    def end(self, pid: int) -> None:
        """Have a fork ended that its asker has let go of, with what it started: soon, without waiting for it."""
        with self._lock, contextlib.suppress(OSError):
            self._send(json.dumps({"end": pid}))

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
        """End the server and what it has forked."""
        self._line.close()
        if self._process is None:
            return
        self._process.terminate()  # it may be in the middle of an import
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Fork:
    """A forked process, with the socket to what runs in it.

    Attributes
    ----------
    pid : int
    socket : socket
        Where it is asked and answers.
    """

    def __init__(self, server: ForkServer, pid: int, line: socket.socket, words: int) -> None:
        self._server, self.pid, self.socket, self._words = server, pid, line, words
        self._status: int | None = None

    def wait(self, seconds: float) -> int | None:
        """How it ended; None where it still runs after so many seconds.

        Raises
        ------
        RuntimeError
            Where the server has ended, and the fork with it.
        """
        ends = time.monotonic() + seconds
        while self._status is None:
            self._status = self._server.status(self.pid)
            if time.monotonic() >= ends:
                break
            time.sleep(0.002)
        return self._status

    def last_words(self) -> str:
        """The end of what it wrote to its standard error beside Python, such as a crash's traceback."""
        size = os.fstat(self._words).st_size
        return os.pread(self._words, 20_000, max(0, size - 20_000)).decode("utf-8", "replace")

    def signal(self, number: int) -> None:
        """Send it a signal, unless it is known to have ended."""
        if self._status is None:
            with contextlib.suppress(OSError):
                os.kill(self.pid, number)

    def end(self) -> None:
        """End it, and what it has started: by its own hand where it listens, so that it clears up after itself."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        if self._words >= 0:
            os.close(self._words)
            self._words = -1
            self._server.end(self.pid)


_server: ForkServer | None = None
_opening = threading.Lock()


def open_server(environment: Mapping[str, str] | None = None) -> ForkServer:
    """The fork server of this process: the one that it was given a line to, else one of its own.

    Parameters
    ----------
    environment
        What a server is started with, where there is none yet; see :class:`ForkServer`.
    """
    global _server
    with _opening:
        if _server is None or not _server.alive:
            if _server is None:
                atexit.register(close_server)
            else:
                _server.close()
            _server = ForkServer(environment=environment)
        return _server


def use_line(line: socket.socket) -> None:
    """Ask the fork server at the other end from here on, in a process that it has forked."""
    global _server
    _server = ForkServer(line)


def close_server() -> None:
    """End this process's fork server; the next notebook gets a new one."""
    global _server
    if _server is not None:
        _server.close()
        _server = None


def fork(environment: Mapping[str, str], folder: str) -> Fork:
    """A notebook's fork from this process's server, see :meth:`ForkServer.start`."""
    try:
        return open_server().start(environment, folder)
    except RuntimeError:
        close_server()  # it was killed since the last notebook; a new one is as good
        return open_server().start(environment, folder)


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
