"""What does a worker of a cluster do: does it fit the run, and which lanes does it keep?"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from memberlib.reports import manifest
from memberlib.reports.lanes import Answer, Lane

IDLE_SECONDS = 60.0
"""A lane that has had nothing to do for so long ends: the run that wanted it may have been killed."""
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
    """The lanes of this worker, by run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy: dict[str, list[Lane]] = {}
        self._free: dict[str, list[tuple[Lane, threading.Timer]]] = {}

    def take(self, run: str, environment: Mapping[str, str]) -> Lane:
        """A lane for one job."""
        with self._lock:
            free = self._free.setdefault(run, [])
            lane = None
            while lane is None and free:
                found, timer = free.pop()
                timer.cancel()
                if found.alive:
                    lane = found
                else:
                    found.end()
            lane = lane or Lane(environment)
            self._busy.setdefault(run, []).append(lane)
        return lane

    def put(self, run: str, lane: Lane) -> None:
        """Have a lane back after its job."""
        with self._lock:
            self._busy[run].remove(lane)
        if not lane.alive:
            lane.end()
            return
        timer = threading.Timer(IDLE_SECONDS, self._let_go, [run, lane])
        timer.daemon = True
        with self._lock:
            self._free.setdefault(run, []).append((lane, timer))
        timer.start()

    def _let_go(self, run: str, lane: Lane) -> None:
        with self._lock:
            kept = self._free.get(run, [])
            mine = [entry for entry in kept if entry[0] is lane]
            for entry in mine:
                kept.remove(entry)
            if mine:
                lane.end()
                self._let_nursery_go()

    def end(self, run: str, broken_off: bool) -> None:
        """End the free lanes of a run; where it is broken off, the others too."""
        with self._lock:
            for lane in self._busy.get(run, ()) if broken_off else ():
                lane.break_off()
            for lane, timer in self._free.pop(run, []):
                timer.cancel()
                lane.end()
            self._let_nursery_go()

    def _let_nursery_go(self) -> None:
        """Without lanes, no process is needed from which notebooks' processes come."""
        if (
            not any(self._busy.values())
            and not any(self._free.values())
            and "memberlib.kernels.nursery" in sys.modules
        ):
            from memberlib.kernels.nursery import close_nursery

            close_nursery()


_kept = _Kept()


def do(run: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Do a job in a lane of this worker; what became of it, as :class:`memberlib.reports.lanes.Answer` has it.

    Parameters
    ----------
    run : str
        Name of the run; each has lanes of its own.
    asked : mapping
        job, environment, limit and code.
    """
    if _own_code() != asked["code"]["digest"]:
        return {"misfit": f"a worker joined that does not fit: {_OTHER_CODE}"}
    answer = _done(run, asked)
    if answer.by_nursery:  # that is no fault of the job
        answer = _done(run, asked)
    return {
        "value": answer.value,
        "reason": answer.reason,
        "story": answer.story,
        "by_user": answer.by_user,
        "by_disk": answer.by_disk,
    }


def _done(run: str, asked: Mapping[str, Any]) -> Answer:
    lane = _kept.take(run, asked["environment"])
    try:
        answer = lane.do(asked["job"], asked["limit"])
        if answer.by_nursery:
            lane.break_off()
            lane.end()
        return answer
    finally:
        _kept.put(run, lane)


def end_lanes(run: str, broken_off: bool) -> None:
    """End the lanes of a run; those at work only where it is broken off."""
    _kept.end(run, broken_off)
