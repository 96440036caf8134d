"""Lets nbclient run a notebook whose cells are run in a fork."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
from collections.abc import Iterator
from typing import Any

from jupyter_client.session import Session
from nbclient.exceptions import DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine
from papermill.log import logger

from memberlib.kernels import can_be_warm, forkserver
from memberlib.kernels.wire import frame, unframed

_OWN = {"input_path", "kernel_manager_class", "km", "shutdown_kernel", "kernel_name", "startup_timeout"}
"""Choices of nbclient about how kernels are started and ended, which mean nothing here."""


class Engine(NBClientEngine):
    """What :class:`memberlib.kernels.engine.WarmEngine` hands its work to."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
        """Run the cells of a notebook; papermill's own options hold."""
        language = nb_man.nb.metadata.get("kernelspec", {}).get("language", "python")
        if not can_be_warm() or language != "python":
            return super().execute_managed_notebook(nb_man, kernel_name, **options)
        asked = {name: value for name, value in options.items() if name not in _OWN}
        limit = asked.pop("execution_timeout", None) or asked.pop("timeout", None)
        asked.pop("start_timeout", None)
        asked.pop("timeout", None)
        return _Client(nb_man, timeout=limit, log=logger, **asked).execute()


class _Client(PapermillNotebookClient):
    """nbclient over a fork."""

    @contextlib.contextmanager
    def setup_kernel(self, **options: Any) -> Iterator[None]:
        fork = forkserver.fork(os.environ, os.getcwd())
        shell = self.kc = self.km = _Shell(fork)
        try:
            yield
        finally:
            shell.leave()
            fork.end()


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

    kernel_id = "memberlib"
    allow_stdin = False

    def __init__(self, fork: forkserver.Fork) -> None:
        self._fork, self.session = fork, Session()
        self.shell_channel, self.iopub_channel = _Channel(self), _Channel(self)
        self._listener: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._unsent: list[bytes] = []

    def listen(self) -> None:
        """Begin to take messages in, in the event loop that wants them."""
        if self._listener is None:
            self._listener = asyncio.ensure_future(self._take())

    async def _take(self) -> None:
        channels = {"shell": self.shell_channel, "iopub": self.iopub_channel}
        reader, self._writer = await asyncio.open_connection(sock=self._fork.socket.dup())
        self._writer.writelines(self._unsent)
        try:
            while True:
                channel, message = await unframed(reader, self.session)
                channels[channel].came.put_nowait(message)
        except EOFError:
            for one in channels.values():
                one.came.put_nowait(None)
        finally:
            self._writer.close()

    def leave(self) -> None:
        """Take no more messages in."""
        if self._listener is not None:
            self._listener.cancel()

    def death(self) -> DeadKernelError:
        how = "with the process that it was forked from"
        with contextlib.suppress(RuntimeError):
            how = f"with status {self._fork.wait(5)}"
        words = self._fork.last_words().strip()
        return DeadKernelError(f"Kernel died {how}" + (f"\n{words}" if words else ""))

    def send(self, message: dict[str, Any]) -> None:
        """Send a message, or keep it until the shell reads: a cell at work reads nothing, and says much meanwhile."""
        content = frame("shell", message, self.session)
        if self._writer is None:
            self._unsent.append(content)
        else:
            self._writer.write(content)

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
