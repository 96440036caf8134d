"""How do jobs run side by side, so that the death of one takes no other with it?

A lane is a Python process of its own that does one job after another. Jobs and answers are lines of JSON on
its pipes, so that a lane needs nothing from the program that started it: no pickled functions, no re-imported
main module. A lane that dies fails the job it was at; the next job gets a new one.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, Any

from memberlib.kernels import ENVIRONMENT

JOB_SECONDS = 900.0
"""How long a job may take where nothing else is said."""
_ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
"""A lane forks kernels, which is safe as long as it has one thread; and lanes already fill the machine."""


@dataclass(frozen=True)
class Answer:
    """What became of a job: its value, or the reason in one line and the whole story."""

    value: Any = None
    reason: str = ""
    story: str = ""
    by_user: bool = False

    @property
    def ok(self) -> bool:
        """Whether the job was done."""
        return not self.reason


class _Lane:
    """One process that does jobs."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", "memberlib.reports", "work"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, **_ONE_THREAD, **ENVIRONMENT, **environment},
        )

    def do(self, job: Mapping[str, Any], limit: float) -> Answer:
        assert self._process.stdin and self._process.stdout
        late = threading.Event()
        alarm = threading.Timer(limit, self._end_late, [late])
        alarm.start()
        try:
            self._process.stdin.write(json.dumps(job).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:
            line = b""
        finally:
            alarm.cancel()
        if line.endswith(b"\n"):
            return Answer(**json.loads(line))
        status = self._process.wait()
        if late.is_set():
            reason = f"took longer than {limit:g} seconds and was ended; allow more with --limit"
            return Answer(reason=reason, story=f"{reason}\n\n{self._last_words()}")
        return Answer(reason=_death(status), story=f"{_death(status)}\n\n{self._last_words()}")

    def _end_late(self, late: threading.Event) -> None:
        late.set()
        self._process.kill()  # its nursery ends with it, and takes the notebook's kernel along

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        """Close the lane's input, which ends it after its job; end it by force where it does not listen."""
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._errors.close()

    def _last_words(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode("utf-8", "replace")[-20_000:]


def _death(status: int) -> str:
    if status < 0:
        try:
            return f"the working process was ended by signal {signal.Signals(-status).name}"
        except ValueError:
            return f"the working process was ended by signal {-status}"
    return f"the working process ended with status {status}"


class Lanes:
    """A number of lanes, started when first needed.

    Parameters
    ----------
    count : int
        Jobs at work at once.
    environment : mapping
        Variables that every lane gets on top of this process's own.
    limit : float
        Seconds after which a job's lane is ended.
    """

    def __init__(
        self, count: int, environment: Mapping[str, str] | None = None, *, limit: float = JOB_SECONDS
    ) -> None:
        self.count, self._limit = count, limit
        self._environment = dict(environment or {})
        self._here = threading.local()
        self._all: list[_Lane] = []
        self._threads = ThreadPoolExecutor(max_workers=count, thread_name_prefix="lane")

    def submit(self, job: Mapping[str, Any]) -> Future[Answer]:
        """Hand a job to the next free lane; the answer comes through the future."""
        return self._threads.submit(self._do, job)

    def _do(self, job: Mapping[str, Any]) -> Answer:
        lane: _Lane | None = getattr(self._here, "lane", None)
        if lane is None or not lane.alive:
            lane = self._here.lane = _Lane(self._environment)
            self._all.append(lane)
        return lane.do(job, self._limit)

    def __enter__(self) -> Lanes:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is not None:
            for lane in self._all:
                lane._process.terminate()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for lane in self._all:
            lane.end()
