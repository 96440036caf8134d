"""Runs notebooks in processes that have everything imported already: papermill's engine ``memberlib``.

To start Python and import pandas, Ibis and matplotlib takes longer than most notebooks do. A fork server does it
once: a process that has imported them and does nothing but fork. Each notebook runs in such a fork, which ends
with it, so nothing leaks from one notebook to the next and a crash takes only its own.

==============  =============================================================================================
``forkserver``  how the fork server is started and asked
``forking``     what it imports, and how a fork becomes a notebook's process or a worker of a batch
``rehearsal``   what it does once before most notebooks are forked, so that they need not do it for the first time
``shell``       what a notebook's fork becomes: IPython's kernel without sockets
``wire``        how one of Jupyter's messages goes over a socket
``engine``      papermill's engine ``memberlib``
``client``      nbclient over a fork
``cold``        the kernel of this very interpreter where forking is unsafe (Windows, macOS)
==============  =============================================================================================
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

ENVIRONMENT = {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "PYTHONHASHSEED": "0"}
"""Set for every kernel, warm or cold."""
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
"""Set for every process that forks or is forked: a process with threads cannot be forked safely."""
REHEARSAL = "MEMBERLIB_REHEARSAL"
"""Variable that, where it is ``1`` when a fork server starts, has it go through every analysis once."""


_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
_NAME = 15  # PR_SET_NAME


def die_with_parent() -> None:
    """On Linux, end this process at once when the very thread ends that started it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def name_process(name: str) -> None:
    """On Linux, give this process a name that ``top`` shows, of at most 15 letters."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_NAME, name.encode()[:15])


def can_be_warm() -> bool:
    """Whether kernels can be forked here: on Linux, unless ``MEMBERLIB_WARM`` is ``0``."""
    return sys.platform == "linux" and os.environ.get("MEMBERLIB_WARM") != "0"
