"""How does papermill run a notebook in a warm kernel?

``papermill --engine memberlib in.ipynb out.ipynb`` does, and so does ``papermill.execute_notebook(…,
engine_name="memberlib")``. Cells run in a process of their own, forked from one that has imported what notebooks
import; nbclient handles what they say, so the outputs are those of papermill's own engine.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import queue
from collections.abc import Iterator
from typing import Any

from jupyter_client.session import Session
from nbclient.exceptions import DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.log import logger

from memberlib.kernels import can_be_warm
from memberlib.kernels.nursery import Fork, Nursery
from memberlib.kernels.wire import frame, unframed

NAME = "memberlib"
_PATIENCE = 60.0
"""Seconds that a request may wait for a shell that reads nothing."""
_OWN = {"input_path", "kernel_manager_class", "km", "shutdown_kernel", "kernel_name", "startup_timeout"}
"""Choices of nbclient about how kernels are started and ended, which mean nothing here."""
_nursery: Nursery | None = None


def nursery() -> Nursery:
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


def register() -> str:
    """Make the engine known to papermill, whether its entry point was installed or not; its name."""
    papermill_engines.register(NAME, WarmEngine)
    return NAME


class WarmEngine(NBClientEngine):
    """papermill's engine ``memberlib``: a notebook of Python in a warm fork, any other as papermill does it."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
        """Run the cells of a notebook; papermill's own options hold."""
        language = nb_man.nb.metadata.get("kernelspec", {}).get("language", "python")
        if not can_be_warm() or language != "python":
            return super().execute_managed_notebook(nb_man, kernel_name, **options)
        given = {name: value for name, value in options.items() if name not in _OWN}
        limit = given.pop("execution_timeout", None) or given.pop("timeout", None)
        given.pop("start_timeout", None)
        given.pop("timeout", None)
        return _Client(nb_man, timeout=limit, log=logger, **given).execute()


class _Client(PapermillNotebookClient):
    """nbclient over a fork."""

    @contextlib.contextmanager
    def setup_kernel(self, **options: Any) -> Iterator[None]:
        fork = _start(os.getcwd())
        shell = self.kc = self.km = _Shell(fork)
        try:
            yield
        finally:
            shell.leave()
            fork.end()


def _start(folder: str) -> Fork:
    try:
        return nursery().start(os.environ, folder)
    except RuntimeError:
        close_nursery()  # it was killed since the last notebook; a new one is as good
        return nursery().start(os.environ, folder)


class _Channel:
    """Messages of one kind, in the order they came."""

    def __init__(self, shell: _Shell) -> None:
        self._shell, self.came = shell, asyncio.Queue[dict[str, Any] | None]()

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        self._shell.listen()
        try:
            message = await asyncio.wait_for(self.came.get(), timeout)
        except TimeoutError:
            raise queue.Empty from None
        if message is None:
            raise self._shell.death()
        return message

    def send(self, message: dict[str, Any]) -> None:
        self._shell.send(message)


class _Shell:
    """A fork's shell, with as much of a kernel's client and manager as nbclient asks for."""

    kernel_id = NAME
    allow_stdin = False

    def __init__(self, fork: Fork) -> None:
        self._fork, self.session = fork, Session()
        self.shell_channel, self.iopub_channel = _Channel(self), _Channel(self)
        self._listener: asyncio.Task[None] | None = None

    def listen(self) -> None:
        """Begin to take messages in, in the event loop that wants them."""
        if self._listener is None:
            self._listener = asyncio.ensure_future(self._take())

    async def _take(self) -> None:
        channels = {"shell": self.shell_channel, "iopub": self.iopub_channel}
        reader, writer = await asyncio.open_connection(sock=self._fork.socket.dup())
        # The event loop has made both duplicates non-blocking; with a time limit Python waits by itself.
        self._fork.socket.settimeout(_PATIENCE)
        try:
            while True:
                channel, message = await unframed(reader, self.session)
                channels[channel].came.put_nowait(message)
        except EOFError:
            for one in channels.values():
                one.came.put_nowait(None)
        finally:
            writer.close()

    def leave(self) -> None:
        """Take no more messages in."""
        if self._listener is not None:
            self._listener.cancel()

    def death(self) -> DeadKernelError:
        status, words = self._fork.wait(5), self._fork.last_words().strip()
        return DeadKernelError(f"Kernel died (status {status})" + (f"\n{words}" if words else ""))

    def send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # its end is seen by who reads
            self._fork.socket.sendall(frame("shell", message, self.session))

    def execute(self, code: str, *, store_history: bool = True, stop_on_error: bool = True, **_: Any) -> str:
        return self._request("execute_request", {
            "code": code, "silent": False, "store_history": store_history, "user_expressions": {},
            "allow_stdin": False, "stop_on_error": stop_on_error,
        })  # fmt: skip

    def kernel_info(self) -> str:
        return self._request("kernel_info_request", {})

    def _request(self, kind: str, content: dict[str, Any]) -> str:
        message = self.session.msg(kind, content)
        self.send(message)
        return str(message["msg_id"])

    def is_alive(self) -> bool:
        with contextlib.suppress(RuntimeError):
            return self._fork.wait(0) is None
        return False

    def interrupt_kernel(self) -> None:
        with contextlib.suppress(OSError):
            os.kill(self._fork.pid, 2)
