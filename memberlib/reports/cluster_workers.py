"""What a machine of a Dask cluster does for a run: it says whether it fits, and does jobs in workers of its own."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from memberlib.kernels.forkserver import close_server
from memberlib.reports import manifest
from memberlib.reports.workers import Worker

IDLE_SECONDS = 60.0
"""A worker that has had nothing to do for so long ends: the run that wanted it may have been killed."""
_OTHER_CODE = (
    "it has another memberlib, other libraries or other notebooks than this machine; install the same there"
)


def misfit(asked: Mapping[str, Any]) -> str:
    """Why this worker cannot do the jobs of a run; nothing where it can.

    Parameters
    ----------
    asked : mapping
        code, sources; mark and run, a file in the folder of the reports and its content; data, store and version.
    """
    from memberlib.errors import InputError
    from memberlib.lake import Lake
    from memberlib.settings import load_settings

    mark, data = Path(asked["mark"]), Path(asked["data"])
    try:
        if mark.read_text() != asked["run"]:
            raise OSError
    except OSError:
        return f"it does not see the folder of the reports, {mark.parent}; put that on a disk that all machines share"
    trial = mark.with_name(f".{asked['run']}-{threading.get_ident()}.new")
    try:
        trial.write_bytes(b"0")
        trial.unlink()
    except OSError:
        return f"it may not write into the folder of the reports, {mark.parent}"
    if not data.is_dir():
        return f"it does not see the data folder, {data}; put that on a disk that all machines share"
    unseen = [source for source in asked["sources"] if not Path(source).is_file()]
    if unseen:
        return (
            f"it does not see the notebook {unseen[0]}; put the notebooks on a disk that all machines share"
        )
    if manifest.code_version([Path(source) for source in asked["sources"]]) != asked["code"]:
        return _OTHER_CODE
    if load_settings(data, asked["store"]).source is None:
        try:
            version = Lake(data / "lake").version(asked["store"], asked["version"]["version"])
        except InputError as error:
            return f"it does not see the same data: {error}"
        if version.digest != asked["version"]["digest"]:
            return f"it sees other data of '{asked['store']}' in {data} than this machine"
    return ""


@lru_cache(maxsize=1)
def _own_code() -> str:
    digest: str = manifest.code_version([])["digest"]
    return digest


class _Kept:
    """The workers of this machine, by run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy: dict[str, list[Worker]] = {}
        self._free: dict[str, list[tuple[Worker, threading.Timer]]] = {}

    def take(self, run: str, environment: Mapping[str, str]) -> Worker:
        """A worker for one job."""
        with self._lock:
            free = self._free.setdefault(run, [])
            if free:
                worker, timer = free.pop()
                timer.cancel()
            else:
                worker = Worker(environment)
            self._busy.setdefault(run, []).append(worker)
        return worker

    def put(self, run: str, worker: Worker) -> None:
        """Have a worker back after its job."""
        with self._lock:
            self._busy[run].remove(worker)
        if not worker.alive:
            worker.end()
            return
        timer = threading.Timer(IDLE_SECONDS, self._let_go, [run, worker])
        timer.daemon = True
        with self._lock:
            self._free.setdefault(run, []).append((worker, timer))
        timer.start()

    def _let_go(self, run: str, worker: Worker) -> None:
        with self._lock:
            kept = self._free.get(run, [])
            mine = [entry for entry in kept if entry[0] is worker]
            for entry in mine:
                kept.remove(entry)
            if mine:
                worker.end()
                self._let_server_go()

    def end(self, run: str, broken_off: bool) -> None:
        """End the free workers of a run; where it is broken off, the others too."""
        with self._lock:
            for worker in self._busy.get(run, ()) if broken_off else ():
                worker.break_off()
            for worker, timer in self._free.pop(run, []):
                timer.cancel()
                worker.end()
            self._let_server_go()

    def _let_server_go(self) -> None:
        """Without workers, no fork server is needed."""
        if not any(self._busy.values()) and not any(self._free.values()):
            close_server()


_kept = _Kept()


def do(run: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Do a job in a worker of this machine; what became of it, as :class:`memberlib.reports.workers.Answer` has it.

    Parameters
    ----------
    run : str
        Name of the run; each has workers of its own.
    asked : mapping
        job, environment, limit and code.
    """
    if _own_code() != asked["code"]["digest"]:
        return {"misfit": f"a worker joined that does not fit: {_OTHER_CODE}"}
    worker = _kept.take(run, asked["environment"])
    try:
        return asdict(worker.do(asked["job"], asked["limit"]))
    finally:
        _kept.put(run, worker)


def end_workers(run: str, broken_off: bool) -> None:
    """End the workers of a run; those at work only where it is broken off."""
    _kept.end(run, broken_off)
