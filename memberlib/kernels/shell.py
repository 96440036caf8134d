"""Runs a notebook's cells in a forked process.

IPython's own kernel, so that every output is the one that any Jupyter front end would get, but without its
sockets, threads and waits: requests come in through one socket and everything it says goes out by it, in the form
of Jupyter's messages.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import faulthandler
import io
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from jupyter_client.session import Session
from traitlets.config import Config

from memberlib.kernels.wire import frame, unframed

_LARGEST = 1 << 20
"""Characters that a stream keeps before it sends them."""
_PATIENCE = 24 * 3600.0
"""Seconds that a message may wait for its reader."""


class _Line(Session):
    """A session whose messages go into a socket instead of ZeroMQ's."""

    line: socket.socket
    turn: threading.Lock
    owner: int

    def send(self, stream: Any, msg_or_type: Any, content: Any = None, parent: Any = None,
             ident: Any = None, buffers: Any = None, track: bool = False, header: Any = None,
             metadata: Any = None) -> Any:  # fmt: skip
        message = msg_or_type
        if not isinstance(message, dict):
            message = self.msg(msg_or_type, content=content, parent=parent, header=header, metadata=metadata)
        if buffers:
            message["buffers"] = buffers
        if os.getpid() == self.owner:  # not what a process forked by a cell says
            with self.turn:
                self.line.sendall(frame(stream, message, self))
        return message


class _Stream(io.TextIOBase):
    """Standard output or error of Python: kept until it is flushed, a picture is shown or the cell ends.

    What is written past Python (by a library in C, a program that a cell starts, a process that it forks) goes into
    the file behind ``descriptor`` and is taken in from there, in its turn.
    """

    encoding, errors = "UTF-8", None

    def __init__(self, name: str, kernel: IPythonKernel, descriptor: int) -> None:
        self.name, self._kernel, self._descriptor = name, kernel, descriptor
        self._kept: list[str] = []
        self._size, self._seen = 0, 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._owner, self._turn = os.getpid(), threading.RLock()

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text)}")
        if os.getpid() != self._owner:
            os.write(self._descriptor, text.encode("utf-8", "surrogatepass"))
            return len(text)
        with self._turn:
            self._take_in()
            self._keep(text)
        if self._size > _LARGEST:
            self.flush()
        return len(text)

    def flush(self) -> None:
        if os.getpid() != self._owner:
            return
        with self._turn:
            self._take_in()
            text, self._kept, self._size = "".join(self._kept), [], 0
        kernel = self._kernel
        if text and kernel.session is not None:
            content = {"name": self.name, "text": text}
            kernel.session.send(kernel.iopub_socket, "stream", content, parent=kernel.get_parent())

    def _keep(self, text: str) -> None:
        self._kept.append(text)
        self._size += len(text)

    def _take_in(self) -> None:
        with contextlib.suppress(OSError):  # a cell may have closed the descriptor
            size = os.fstat(self._descriptor).st_size
            if size > self._seen:
                self._keep(self._decoder.decode(os.pread(self._descriptor, size - self._seen, self._seen)))
                self._seen = size


class _Kernel(IPythonKernel):
    """IPython's kernel without sockets."""

    _execute_sleep = 0

    def _abort_queues(self, subshell_id: str | None = None) -> None:
        """Nothing is queued: who asks stops by itself."""


def serve(line: socket.socket) -> None:
    """Run what comes in through the socket until it is closed."""
    faulthandler.enable()
    session = _Line()
    session.line, session.turn, session.owner = line, threading.Lock(), os.getpid()
    log = logging.getLogger("memberlib.kernels")
    log.propagate = False  # a notebook that logs everything means its own words
    kernel = _Kernel.instance(
        session=session,
        iopub_socket="iopub",
        shell_channel_thread=None,
        user_ns={},
        log=log,
        config=Config({"HistoryManager": {"enabled": False}}),
    )
    kernel.shell_channel_thread = SimpleNamespace(parent_thread=threading.current_thread())
    if "matplotlib_inline.backend_inline" in sys.modules:
        # It ties itself to the shell when it is imported, which the fork server did before there was one.
        sys.modules["matplotlib_inline.backend_inline"]._enable_matplotlib_integration()
    with contextlib.suppress(Exception):
        assert kernel.shell is not None
        kernel.shell.extension_manager.load_extension("storemagic")
    sys.stdout, sys.stderr = streams = _Stream("stdout", kernel, 1), _Stream("stderr", kernel, 2)
    # As every kernel: nothing but a cell at work is interrupted. asyncio.run would have its own way with the signal.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(_answer(line, kernel, streams))


async def _answer(line: socket.socket, kernel: _Kernel, streams: Sequence[_Stream]) -> None:
    reader, writer = await asyncio.open_connection(sock=line.dup())
    # The event loop has made both ends of the duplicate non-blocking; with a time limit Python waits by itself.
    line.settimeout(_PATIENCE)
    assert kernel.session is not None
    while True:
        try:
            _, message = await unframed(reader, kernel.session)
        except EOFError:
            return writer.close()
        kernel.set_parent([], message)
        kernel._publish_status("busy", "shell")
        kernel.pre_handler_hook()
        try:
            answer = kernel.shell_handlers[message["msg_type"]]("shell", [], message)
            if asyncio.iscoroutine(answer):
                await answer
        finally:
            kernel.post_handler_hook()
        for stream in streams:
            stream.flush()
        kernel._publish_status("idle", "shell")
