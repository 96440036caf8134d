"""How do jobs run side by side, so that the death of one takes no other with it?

A lane is a Python process of its own that does one job after another. Jobs and answers are lines of JSON on
its pipes, so that a lane needs nothing from the program that started it: no pickled functions, no re-imported
main module. A lane that dies fails the job it was at; the next job gets a new one. Lanes end with the program that
started them, even where that is killed.
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
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from memberlib.kernels import ENVIRONMENT, ONE_THREAD, can_be_warm
from memberlib.kernels.nursery import ENDED
from memberlib.reports.lifeline import ended_for_memory, first_to_go

JOB_SECONDS = 900.0
"""How long a job may take where nothing else is said."""
_LOOK_SECONDS = 0.5
_DEATHS = ("the working process was ended by signal SIGKILL", "the kernel died")
OUT_OF_MEMORY = (
    "ran out of memory and was ended by the system; give the engine less by --memory, or fewer --jobs"
)


@dataclass(frozen=True)
class Answer:
    """What became of a job: its value, or the reason in one line and the whole story.

    ``by_user`` where the reason is a mistake of the user, ``by_disk`` where a disk was full or could not be written.
    """

    value: Any = None
    reason: str = ""
    story: str = ""
    by_user: bool = False
    by_disk: str = ""

    @property
    def ok(self) -> bool:
        """Whether the job was done."""
        return not self.reason

    @property
    def by_nursery(self) -> bool:
        """Whether the process from which notebooks' processes come has ended, which all lanes share."""
        return self.reason.endswith(ENDED)


class Lane:
    """One process that does jobs; it ends with the thread that made it.

    Parameters
    ----------
    environment : mapping
        Variables that it gets on top of this process's own.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        # It stands where the package lies: a calendar.py or matplotlibrc in the user's folder changes nothing.
        folder, given = Path(__file__).resolve().parents[2], {**_plain_pictures(), **environment}
        with _line_to_nursery(given, folder) as line:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "memberlib.reports", "work", "--parent", str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                cwd=folder,
                env={**os.environ, **ONE_THREAD, **ENVIRONMENT, **given, **line},
                pass_fds=[int(number) for number in line.values()],
            )
        first_to_go(self._process.pid)

    def do(self, job: Mapping[str, Any], limit: float) -> Answer:
        """Do a job; a job that takes more than so many seconds ends with its lane."""
        assert self._process.stdin
        killed_before = ended_for_memory()
        try:
            self._process.stdin.write(json.dumps(job).encode() + b"\n")
            self._process.stdin.flush()
            line = self._line_within(limit) if os.name == "posix" else self._line_by_alarm(limit)
        except OSError:
            line = b""
        if line is None:
            reason = f"took longer than {limit:g} seconds and was ended; allow more with --limit"
            return Answer(reason=reason, story=f"{reason}\n\n{self._last_words()}")
        answer = Answer(**json.loads(line)) if line.endswith(b"\n") else self._died()
        if answer.reason.endswith(_DEATHS) and ended_for_memory() > killed_before:
            return Answer(reason=OUT_OF_MEMORY, story=f"{answer.reason}\n\n{answer.story}")
        return answer

    def _died(self) -> Answer:
        reason = _death(self._process.wait())
        return Answer(reason=reason, story=f"{reason}\n\n{self._last_words()}")

    def _line_within(self, limit: float) -> bytes | None:
        """Its next line, or what it wrote before it died; None where it took too long and was ended.

        Its death is noticed also where something that it had started holds its pipe open.
        """
        assert self._process.stdout
        ends, line = time.monotonic() + limit, b""
        with selectors.DefaultSelector() as pipe:
            pipe.register(self._process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                left = ends - time.monotonic()
                if left <= 0:
                    self._process.kill()  # its nursery ends with it, and takes the notebook's process along
                    self._process.wait()
                    return None
                dead = self._process.poll() is not None
                if pipe.select(0 if dead else min(left, _LOOK_SECONDS)):
                    part = os.read(self._process.stdout.fileno(), 1 << 20)
                    if not part:
                        break
                    line += part
                elif dead:
                    break
        return line

    def _line_by_alarm(self, limit: float) -> bytes | None:
        assert self._process.stdout
        late = threading.Event()

        def end() -> None:
            late.set()
            self._process.kill()

        alarm = threading.Timer(limit, end)
        alarm.start()
        try:
            line = self._process.stdout.readline()
        finally:
            alarm.cancel()
        return None if late.is_set() and not line.endswith(b"\n") else line

    @property
    def alive(self) -> bool:
        """Whether it can do another job."""
        return self._process.poll() is None

    def break_off(self) -> None:
        """End it in the middle of its job."""
        self._process.terminate()

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


def _plain_pictures() -> dict[str, str]:
    """No setting of the user's matplotlib changes a report."""
    found = importlib.util.find_spec("matplotlib")
    own = Path(found.origin).parent / "mpl-data" / "matplotlibrc" if found and found.origin else None
    return {"MATPLOTLIBRC": str(own)} if own and own.is_file() else {}


@contextlib.contextmanager
def _line_to_nursery(environment: Mapping[str, str], folder: Path) -> Iterator[dict[str, str]]:
    """The variable that tells a lane its line to the nursery that all lanes share; none where kernels are cold."""
    if not can_be_warm() or environment.get("MEMBERLIB_WARM") == "0":
        yield {}
        return
    from memberlib.kernels.nursery import LINE, open_nursery

    try:
        shared = open_nursery(environment, folder).another_line()
    except RuntimeError:
        time.sleep(_LOOK_SECONDS)  # it has just died; by then that is known, and another is started
        shared = open_nursery(environment, folder).another_line()
    with shared as line:
        yield {LINE: str(line.fileno())}


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
        self._all: list[Lane] = []
        self._broken_off = threading.Event()
        self._jobs: queue.SimpleQueue[tuple[Mapping[str, Any], Future[Answer]] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def submit(self, job: Mapping[str, Any]) -> Future[Answer]:
        """Hand a job to the next free lane; the answer comes through the future."""
        answer: Future[Answer] = Future()
        self._jobs.put((job, answer))
        if len(self._threads) < self.count:
            thread = threading.Thread(target=self._work, name=f"lane-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()
        return answer

    def check(self) -> None:
        """Nothing: lanes of this machine are always there."""

    def _work(self) -> None:
        """Do jobs in a lane of this thread's own, which ends before the thread does."""
        lane: Lane | None = None
        while (asked := self._jobs.get()) is not None:
            job, answer = asked
            if self._broken_off.is_set() or not answer.set_running_or_notify_cancel():
                answer.cancel()
                continue
            try:
                lane = self._fit(lane)
                found = lane.do(job, self._limit)
                if found.by_nursery:  # that is no fault of the job
                    lane.break_off()
                    lane = self._fit(lane, anew=True)
                    found = lane.do(job, self._limit)
                answer.set_result(found)
            except BaseException as error:
                answer.set_exception(error)
        if lane is not None:
            lane.end()

    def _fit(self, lane: Lane | None, *, anew: bool = False) -> Lane:
        """The lane, or another where it has ended."""
        if lane is not None and lane.alive and not anew:
            return lane
        if lane is not None:
            lane.end()
            self._all.remove(lane)
        lane = Lane(self._environment)
        self._all.append(lane)
        if self._broken_off.is_set():
            lane.break_off()
        return lane

    def __enter__(self) -> Lanes:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is not None:
            self._broken_off.set()
            for lane in list(self._all):
                lane.break_off()
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
