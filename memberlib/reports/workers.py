"""Runs jobs side by side in processes of their own, so that the death of one takes no other with it.

A worker is a process that does one job after another. Jobs and answers are lines of JSON, so that a worker needs
nothing from the program that started it: no pickled functions, no re-imported main module. Where kernels are warm it
is forked by the fork server, which has imported everything; elsewhere it is a Python of its own. A worker that dies
fails the job it was at; the next job gets a new one. Workers end with the program that started them, even where that
is killed.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import queue
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from memberlib.kernels import ENVIRONMENT, ONE_THREAD, can_be_warm
from memberlib.kernels.forkserver import ENDED, Fork, ForkServer, open_server
from memberlib.reports.processes import ended_for_memory, first_to_go

JOB_SECONDS = 900.0
"""How long a job may take where nothing else is said."""
_LOOK_SECONDS = 0.5
_GRACE_SECONDS = 5.0
_DEATHS = ("the working process was ended by signal SIGKILL", "the kernel died")
_FOLDER = Path(__file__).resolve().parents[2]
"""Where workers stand: a calendar.py or matplotlibrc in the user's folder changes nothing."""
OUT_OF_MEMORY = (
    "ran out of memory and was ended by the system; give the engine less by --memory, or fewer --jobs"
)


@dataclass(frozen=True)
class Answer:
    """What became of a job: its value, or the reason in one line and the whole story.

    ``by_user`` where the reason is a mistake of the user, ``by_disk`` where a disk was full or could not be written,
    ``server_ended`` where the fork server has ended, which is no fault of the job.
    """

    value: Any = None
    reason: str = ""
    story: str = ""
    by_user: bool = False
    by_disk: str = ""
    server_ended: bool = False

    @property
    def ok(self) -> bool:
        """Whether the job was done."""
        return not self.reason


class _Process(Protocol):
    """A process that does jobs, however it was started."""

    pid: int

    def send(self, line: bytes) -> None:
        """Give it a line; OSError where it has ended."""

    def fileno(self) -> int:
        """Where its lines can be read."""

    def status(self, seconds: float = 0.0) -> int | None:
        """How it ended, as subprocess says it; None where it still runs after so many seconds."""

    def stop(self, number: int) -> None:
        """Send it a signal."""

    def last_words(self) -> str:
        """What it wrote to its standard error."""

    def end(self) -> None:
        """Close its input, which ends it after its job; end it by force where it does not listen."""


class _Forked:
    """A worker that the fork server has forked; where it has just ended, RuntimeError says so."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._server = open_server(environment)
        try:
            self._fork = self._start(environment)
        except RuntimeError:
            time.sleep(_LOOK_SECONDS)  # it has just died; by then that is known, and another is started
            self._server = open_server(environment)
            self._fork = self._start(environment)
        self.pid = self._fork.pid

    def _start(self, environment: Mapping[str, str]) -> Fork:
        return self._server.start(
            _environment(environment), str(_FOLDER), "memberlib.reports.jobs:serve_socket"
        )

    def send(self, line: bytes) -> None:
        self._fork.socket.sendall(line)

    def fileno(self) -> int:
        return self._fork.socket.fileno()

    def status(self, seconds: float = 0.0) -> int | None:
        return self._fork.wait(seconds)

    def stop(self, number: int) -> None:
        self._fork.signal(number)

    def last_words(self) -> str:
        return self._fork.last_words()

    @property
    def server(self) -> ForkServer:
        return self._server

    def end(self) -> None:
        self._fork.end()


class _Started:
    """A worker with a Python of its own, where nothing can be forked."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", "memberlib.reports", "work", "--parent", str(os.getpid())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, cwd=_FOLDER,
            env=_environment(environment),
        )  # fmt: skip
        self.pid = self._process.pid
        first_to_go(self.pid)

    def send(self, line: bytes) -> None:
        assert self._process.stdin
        self._process.stdin.write(line)
        self._process.stdin.flush()

    def fileno(self) -> int:
        assert self._process.stdout
        return self._process.stdout.fileno()

    def status(self, seconds: float = 0.0) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def stop(self, number: int) -> None:
        self._process.send_signal(number)

    def last_words(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode("utf-8", "replace")[-20_000:]

    def end(self) -> None:
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(timeout=_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._errors.close()


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, **ONE_THREAD, **ENVIRONMENT, **_plain_pictures(), **own}


def _plain_pictures() -> dict[str, str]:
    """No setting of the user's matplotlib changes a report."""
    found = importlib.util.find_spec("matplotlib")
    own = Path(found.origin).parent / "mpl-data" / "matplotlibrc" if found and found.origin else None
    return {"MATPLOTLIBRC": str(own)} if own and own.is_file() else {}


def warm_up(environment: Mapping[str, str]) -> None:
    """Start the fork server that workers come from, so that it imports while others do something else."""
    if can_be_warm() and environment.get("MEMBERLIB_WARM") != "0":
        open_server({**_plain_pictures(), **environment})


class Worker:
    """One process that does jobs, and another where it has ended; all end with the thread that made them.

    Parameters
    ----------
    environment : mapping
        Variables that it gets on top of this process's own.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._process: _Process | None = None
        self._broken_off = False

    def do(self, job: Mapping[str, Any], limit: float) -> Answer:
        """Do a job; a job that takes more than so many seconds ends with its process."""
        answer = self._done(job, limit)
        if answer.server_ended and not self._broken_off:
            answer = self._done(job, limit)
        return answer

    def _done(self, job: Mapping[str, Any], limit: float) -> Answer:
        process = self._living()
        killed_before = ended_for_memory()
        try:
            process.send(json.dumps(job).encode() + b"\n")
            line = _line_within(process, limit) if os.name == "posix" else _line_by_alarm(process, limit)
        except OSError:
            line = b""
        if line is None:
            reason = f"took longer than {limit:g} seconds and was ended; allow more with --limit"
            return Answer(reason=reason, story=f"{reason}\n\n{process.last_words()}")
        answer = Answer(**json.loads(line)) if line.endswith(b"\n") else self._died(process)
        if answer.reason and isinstance(process, _Forked) and not process.server.alive:
            return Answer(reason=ENDED, story=f"{ENDED}\n\n{answer.story}", server_ended=True)
        if answer.reason.endswith(_DEATHS) and ended_for_memory() > killed_before:
            return Answer(reason=OUT_OF_MEMORY, story=f"{answer.reason}\n\n{answer.story}")
        return answer

    def _died(self, process: _Process) -> Answer:
        try:
            reason = _death(process.status(_GRACE_SECONDS) or 0)
        except RuntimeError:
            return Answer(reason=ENDED, story=ENDED, server_ended=True)
        return Answer(reason=reason, story=f"{reason}\n\n{process.last_words()}")

    def _living(self) -> _Process:
        """Its process, or another where that has ended."""
        if self._process is not None and not _runs(self._process):
            self.end()
        if self._process is None:
            warm = can_be_warm() and self._environment.get("MEMBERLIB_WARM") != "0"
            self._process = _Forked(self._environment) if warm else _Started(self._environment)
        if self._broken_off:
            self.break_off()
        return self._process

    @property
    def pid(self) -> int | None:
        """Its process; None before its first job."""
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        """Whether its process can do another job."""
        return self._process is not None and _runs(self._process)

    def break_off(self) -> None:
        """End it in the middle of its job, for good."""
        self._broken_off = True
        if self._process is not None:
            self._process.stop(signal.SIGTERM)

    def end(self) -> None:
        """Let go of its process."""
        if self._process is not None:
            self._process.end()
            self._process = None


def _runs(process: _Process) -> bool:
    try:
        return process.status() is None
    except RuntimeError:
        return False


def _line_within(process: _Process, limit: float) -> bytes | None:
    """Its next line, or what it wrote before it died; None where it took too long and was ended.

    Its death is noticed also where something that it had started holds its pipe open.
    """
    ends, line = time.monotonic() + limit, b""
    with selectors.DefaultSelector() as pipe:
        pipe.register(process.fileno(), selectors.EVENT_READ)
        while not line.endswith(b"\n"):
            left = ends - time.monotonic()
            if left <= 0:
                process.stop(signal.SIGKILL)  # what it had forked for its job ends with it
                with contextlib.suppress(RuntimeError):
                    process.status(_GRACE_SECONDS)
                return None
            if pipe.select(min(left, _LOOK_SECONDS)):
                part = os.read(process.fileno(), 1 << 20)
                if not part:
                    break
                line += part
            elif not _runs(process) and not pipe.select(0):
                break
    return line


def _line_by_alarm(process: _Process, limit: float) -> bytes | None:
    late = threading.Event()

    def end() -> None:
        late.set()
        process.stop(signal.SIGTERM)

    alarm, line = threading.Timer(limit, end), b""
    alarm.start()
    try:
        while not line.endswith(b"\n") and (part := os.read(process.fileno(), 1 << 20)):
            line += part
    finally:
        alarm.cancel()
    return None if late.is_set() and not line.endswith(b"\n") else line


def _death(status: int) -> str:
    if status < 0:
        try:
            return f"the working process was ended by signal {signal.Signals(-status).name}"
        except ValueError:
            return f"the working process was ended by signal {-status}"
    return f"the working process ended with status {status}"


class Workers:
    """A number of workers of this machine, started when first needed.

    Parameters
    ----------
    count : int
        Jobs at work at once.
    environment : mapping
        Variables that every worker gets on top of this process's own.
    limit : float
        Seconds after which a job's worker is ended.
    """

    def __init__(
        self, count: int, environment: Mapping[str, str] | None = None, *, limit: float = JOB_SECONDS
    ) -> None:
        self.count, self._limit = count, limit
        self._environment = dict(environment or {})
        self._all: list[Worker] = []
        self._broken_off = threading.Event()
        self._jobs: queue.SimpleQueue[tuple[Mapping[str, Any], Future[Answer]] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        warm_up(self._environment)

    def submit(self, job: Mapping[str, Any]) -> Future[Answer]:
        """Hand a job to the next free worker; the answer comes through the future."""
        answer: Future[Answer] = Future()
        self._jobs.put((job, answer))
        if len(self._threads) < self.count:
            worker = Worker(self._environment)
            self._all.append(worker)
            thread = threading.Thread(
                target=self._work, args=[worker], name=f"worker-{len(self._all)}", daemon=True
            )
            self._threads.append(thread)
            thread.start()
        return answer

    def check(self) -> None:
        """Raise where nobody is left to work; workers of this machine are started again."""

    def _work(self, worker: Worker) -> None:
        """Do jobs by a worker, which ends before this thread does."""
        while (asked := self._jobs.get()) is not None:
            job, answer = asked
            if self._broken_off.is_set() or not answer.set_running_or_notify_cancel():
                answer.cancel()
                continue
            try:
                answer.set_result(worker.do(job, self._limit))
            except BaseException as error:
                answer.set_exception(error)
        worker.end()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is not None:
            self._broken_off.set()
            for worker in self._all:
                worker.break_off()
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
