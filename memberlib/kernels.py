"""How does a notebook get a warm kernel?

To start Python and import pandas, Ibis and matplotlib takes longer than most notebooks do. A nursery does it
once: a process that has imported them and does nothing but fork. Each notebook still gets a process of its
own, so nothing leaks from one to the next and a crash takes only its own notebook. Where forking is unsafe
(Windows, macOS) kernels start cold, and so they do where ``MEMBERLIB_WARM`` is ``0``.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import random
import signal
import socket
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

WARM = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
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
    "matplotlib.backends.backend_agg",
    "PIL.PngImagePlugin",
)
"""What a nursery imports; what cannot be imported there is left to the notebook, which will say so."""
KERNEL_ENVIRONMENT = {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "PYTHONHASHSEED": "0"}
"""Set for every kernel, and for the process that becomes a nursery before it starts."""


def can_be_warm() -> bool:
    """Whether kernels can be forked here."""
    return sys.platform == "linux" and os.environ.get("MEMBERLIB_WARM") != "0"


class Nursery:
    """A child of this process that forks kernels. Make it early, while this process has one thread."""

    def __init__(self) -> None:
        for name in WARM:
            with contextlib.suppress(Exception):
                importlib.import_module(name)
        with contextlib.suppress(Exception):
            _read_words_and_letters()
        ours, theirs = socket.socketpair()
        with warnings.catch_warnings():
            # Arrow's allocator has a thread, which it starts anew after a fork; Python cannot know that.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.pid = os.fork()
        if not self.pid:
            ours.close()
            _serve(theirs)
        theirs.close()
        self._line = ours.makefile("rwb")
        ours.close()

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], folder: str) -> Kernel:
        """Fork a kernel with the arguments of ``ipykernel_launcher``."""
        asked = {"start": list(arguments), "environment": dict(environment), "folder": folder}
        return Kernel(self, self._ask(asked))

    def status(self, pid: int) -> int | None:
        """How a kernel ended; None while it runs."""
        return self._ask({"status": pid})

    def _ask(self, question: Mapping[str, Any]) -> Any:
        try:
            self._line.write(json.dumps(question).encode() + b"\n")
            self._line.flush()
            answer = self._line.readline()
        except OSError:
            answer = b""
        if not answer:
            raise RuntimeError("the process that starts kernels has ended")
        return json.loads(answer)

    def close(self) -> None:
        """End the nursery and what it has started."""
        with contextlib.suppress(OSError):
            self._line.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def _read_words_and_letters() -> None:
    from memberlib import i18n
    from memberlib.charts import theme

    for lang in i18n.LANGUAGES:
        i18n.words(lang)
    theme.width_of("0")


class Kernel:
    """A forked kernel, with as much of ``subprocess.Popen`` as a kernel manager asks for."""

    stdin = stdout = stderr = None

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery, self.pid = nursery, pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """How it ended; None while it runs."""
        if self.returncode is None:
            self.returncode = self._nursery.status(self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for its end."""
        ends = time.monotonic() + (3600 if timeout is None else timeout)
        while self.poll() is None and time.monotonic() < ends:
            time.sleep(0.01)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


def kernel_manager(home: Path, nursery: Nursery | None = None) -> type:
    """A kernel manager class for this very interpreter, whatever kernels are registered on the machine.

    No start-up file or setting of the user's IPython is read. On POSIX it talks through socket files: two
    kernels that start at once cannot take each other's port.

    Parameters
    ----------
    home : path
        A folder for the sockets and the kernel's IPython profile; its path must be short.
    nursery : Nursery, optional
        Where kernels come from; without one they start cold.
    """
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_client.provisioning import LocalProvisioner

    spec = KernelSpec(
        argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        display_name="Python 3",
        language="python",
        metadata={},
    )
    own = {**KERNEL_ENVIRONMENT, "IPYTHONDIR": str(home / "ipython")}

    class WarmProvisioner(LocalProvisioner):
        async def launch_kernel(self, cmd: list[str], **options: Any) -> Any:
            assert nursery is not None
            kernel = nursery.start(cmd[3:], options["env"], options.get("cwd") or os.getcwd())
            self.process = kernel  # type: ignore[assignment]
            self.pid = self.pgid = kernel.pid
            return self.connection_info

    class OwnKernelManager(AsyncKernelManager):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self._kernel_spec = spec
            self.connection_file = str(home / "kernel.json")
            if os.name == "posix":
                self.transport, self.ip = "ipc", str(home / "k")

        async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
            if nursery is not None:
                self.provisioner = WarmProvisioner(kernel_id="warm", kernel_spec=spec, parent=self)
            await super().start_kernel(**{**options, "env": {**os.environ, **own}})

    return OwnKernelManager


# ---------------------------------------------------------------- inside the nursery


def _serve(asked: socket.socket) -> NoReturn:
    """Fork a kernel, or say how one ended, for each line that comes in; end with the one who asks."""
    running: set[int] = set()
    ended: dict[int, int] = {}
    try:
        _let_go_of_pipes()
        gc.freeze()
        with asked.makefile("rwb") as line:
            for question in line:
                wanted = json.loads(question)
                if "start" in wanted:
                    pid = os.fork()
                    if not pid:
                        line.close()
                        asked.close()
                        _become_kernel(wanted["start"], wanted["environment"], wanted["folder"])
                    running.add(pid)
                    answer: int | None = pid
                else:
                    _reap(running, ended)
                    answer = ended.get(wanted["status"])
                line.write(json.dumps(answer).encode() + b"\n")
                line.flush()
    finally:
        for pid in running:
            with contextlib.suppress(OSError):
                os.killpg(pid, signal.SIGKILL)
        os._exit(0)


def _let_go_of_pipes() -> None:
    """Whoever waits for the end of the process we were forked from must not wait for us."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)


def _reap(running: set[int], ended: dict[int, int]) -> None:
    for pid in list(running):
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            running.discard(pid)
            ended[pid] = os.waitstatus_to_exitcode(status)


def _become_kernel(arguments: list[str], environment: dict[str, str], folder: str) -> NoReturn:
    status = 1
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.clear()
        os.environ.update(environment)
        if sys.path and sys.path[0] == os.getcwd():
            del sys.path[0]  # put there for the nursery, which was started by ``python -m``
        os.chdir(folder)
        random.seed()
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed()
        if "pandas" in sys.modules:
            # What pandas chooses inside a kernel; it took the nursery for a terminal.
            sys.modules["pandas"].set_option("display.max_columns", 20)
        arguments = [*arguments, f"--IPKernelApp.parent_handle={os.getppid()}"]
        sys.argv = ["ipykernel_launcher", *arguments]
        from ipykernel.kernelapp import IPKernelApp

        IPKernelApp.launch_instance(arguments)
        status = 0
    finally:
        os._exit(status)
