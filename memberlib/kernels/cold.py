"""Starts the kernel that a notebook gets where none can be forked."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from memberlib.kernels import ENVIRONMENT


def kernel_manager(home: Path) -> type:
    """A kernel manager class for this very interpreter, whatever kernels are registered on the machine.

    No start-up file or setting of the user's IPython is read. On POSIX it talks through socket files: two
    kernels that start at once cannot take each other's port.

    Parameters
    ----------
    home : path
        A folder for the sockets and the kernel's IPython profile; its path must be short.
    """
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    spec = KernelSpec(
        argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        display_name="Python 3",
        language="python",
        metadata={},
    )
    own = {**ENVIRONMENT, "IPYTHONDIR": str(home / "ipython")}

    class OwnKernelManager(AsyncKernelManager):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self._kernel_spec = spec
            self.connection_file = str(home / "kernel.json")
            if os.name == "posix":
                self.transport, self.ip = "ipc", str(home / "k")

        async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
            await super().start_kernel(**{**options, "env": {**os.environ, **own}})

    return OwnKernelManager
