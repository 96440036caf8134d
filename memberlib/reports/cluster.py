"""Runs the jobs of a batch on the machines of a Dask cluster.

Each machine of the cluster keeps workers of its own, one for each of its threads, and hands jobs to them as this
machine would. The data folder, the folder of the reports and the notebooks must be the same, under the same paths, on
every machine (a shared disk), and so must be memberlib. A machine that is lost in the middle of a job costs nothing:
Dask gives the job to another. Workers that a run leaves behind, because it was killed, end when they have had nothing
to do for a while.
"""

from __future__ import annotations

import contextlib
import logging
import re
import secrets
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from memberlib.errors import InputError
from memberlib.reports.workers import JOB_SECONDS, Answer

if TYPE_CHECKING:
    from memberlib.reports.folders import Shop
    from memberlib.reports.making import Plan

WAIT_SECONDS = 8.0
"""How long a scheduler and its first worker are waited for."""
LOST_SECONDS = 60.0
"""How long a run goes on without any worker."""
_AT_WORKERS = "memberlib.reports.cluster_workers"


class ClusterWorkers:
    """The workers of a cluster, to be used as a context.

    Parameters
    ----------
    address : str
        Of the scheduler, such as ``tcp://10.0.0.5:8786``.
    environment : mapping
        Variables that every worker gets.
    jobs : int, optional
        Jobs at work at once; else as many as the workers have threads.
    limit : float
        Seconds after which a job's worker is ended.
    plan : Plan
        Folders and notebooks that workers must see as this machine does.
    shop : Shop
        One of the shops, whose data workers must see as this machine does.

    Raises
    ------
    InputError
        Where nobody is at the address, or a worker cannot do the jobs.
    """

    def __init__(
        self,
        address: str,
        environment: Mapping[str, str],
        *,
        plan: Plan,
        shop: Shop,
        jobs: int | None = None,
        limit: float = JOB_SECONDS,
    ) -> None:
        self._address, self._environment = address, dict(environment)
        self._jobs, self._limit, self._plan, self._shop = jobs, limit, plan, shop
        self._run = secrets.token_hex(8)
        self._lost_since: float | None = None
        self._client: Any = None
        self._code: Mapping[str, Any] = shop.wanted["code"]

    def __enter__(self) -> ClusterWorkers:
        self._client = _client(self._address)
        try:
            self._look_at_workers()
        except BaseException:
            self._client.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        with contextlib.suppress(Exception), _quiet():
            if self._client.status == "running":
                self._client.run(
                    _there(), _AT_WORKERS, "end_workers", self._run, kind is not None, on_error="ignore"
                )
        with contextlib.suppress(Exception), _quiet():
            self._client.close(timeout=5)

    @property
    def count(self) -> int:
        """Jobs at work at once."""
        return self._jobs or max(1, sum(self._threads().values()))

    def _threads(self) -> dict[str, int]:
        try:
            found = self._client.scheduler_info(n_workers=-1)["workers"]
        except (KeyError, TypeError, OSError):
            return {}
        return {address: worker["nthreads"] for address, worker in found.items()}

    def submit(self, job: Mapping[str, Any]) -> Future[Answer]:
        """Hand a job to the cluster; the answer comes through the future."""
        asked = {"job": dict(job), "environment": self._environment, "limit": self._limit, "code": self._code}
        there = self._client.submit(_there(), _AT_WORKERS, "do", self._run, asked, pure=False)
        answer: Future[Answer] = Future()
        answer.set_running_or_notify_cancel()
        # The callback must hold on to Dask's future, or Dask forgets the job.
        there.add_done_callback(lambda done, kept=there: self._answer(kept, answer))
        return answer

    def _answer(self, done: Any, answer: Future[Answer]) -> None:
        try:
            if done.status == "cancelled":
                raise InputError(self._gone())
            with _quiet():
                parts = done.result()
            if misfit := parts.pop("misfit", ""):
                raise InputError(misfit)
            answer.set_result(Answer(**parts))
        except ModuleNotFoundError as error:
            answer.set_exception(InputError(_lacking(error)))
        except InputError as error:
            answer.set_exception(error)
        except BaseException as error:
            reason = (
                "every worker that was at it was lost"
                if type(error).__name__ == "KilledWorker"
                else f"{type(error).__name__}: {error}".splitlines()[0]
            )
            answer.set_result(Answer(reason=reason, story=reason))

    def check(self) -> None:
        """See to it that somebody is left to work.

        Raises
        ------
        InputError
            Where the scheduler is gone, or no worker has been there for a minute.
        """
        if self._client.status != "running":
            raise InputError(self._gone())
        if self._threads():
            self._lost_since = None
        elif self._lost_since is None:
            self._lost_since = time.monotonic()
        elif time.monotonic() - self._lost_since > LOST_SECONDS:
            raise InputError(
                f"no worker is left at {self._address}; what is finished stays, give the same command again"
            )

    def _gone(self) -> str:
        return (
            f"the scheduler at {self._address} is gone; what is finished stays, give the same command again"
        )

    def _look_at_workers(self) -> None:
        """Ask every worker whether it has the same memberlib and sees the same folders."""
        ends = time.monotonic() + WAIT_SECONDS
        while not self._threads():
            if time.monotonic() > ends:
                raise InputError(f"no worker at {self._address}; start some: dask worker {self._address}")
            time.sleep(0.1)
        mark = self._plan.out / f".{self._run}.new"
        mark.write_text(self._run)
        try:
            asked = {
                "code": self._code,
                "mark": str(mark),
                "run": self._run,
                "data": str(self._plan.data),
                "store": self._shop.store,
                "version": self._shop.wanted["data"],
                "sources": [str(source) for source in self._plan.sources],
            }
            with _quiet():
                found = self._client.run(_there(), _AT_WORKERS, "misfit", asked, on_error="return")
        finally:
            mark.unlink(missing_ok=True)
        for worker, misfit in sorted(found.items()):
            if isinstance(misfit, BaseException):
                lacks = isinstance(misfit, ModuleNotFoundError) or "ModuleNotFoundError" in str(misfit)
                reason = _lacking(misfit) if lacks else f"{type(misfit).__name__}: {misfit}".splitlines()[0]
                raise InputError(f"worker {worker}: {reason}")
            if misfit:
                raise InputError(f"worker {worker}: {misfit}")


def _there() -> Callable[..., Any]:
    """A function that calls one by its name at the worker.

    A function within a function travels as its code: a scheduler needs no memberlib, and a worker that has none can
    say so.
    """

    def call(module: str, name: str, *values: Any) -> Any:
        import importlib

        return getattr(importlib.import_module(module), name)(*values)

    return call


def _lacking(error: BaseException) -> str:
    found = re.search(r"No module named '?\\?'?([\w.]+)", str(error))
    name = found[1].split(".")[0] if found else "memberlib"
    return f"it lacks {name}; install there what is installed here"


def check_address(address: str) -> None:
    """Refuse what is not the address of a scheduler."""
    if not re.fullmatch(r"(?:tcp|tls)://(?:\[[0-9A-Fa-f:.]+\]|[\w.-]+):\d{1,5}", address):
        raise InputError(f"{address!r} is not the address of a scheduler; write it as tcp://10.0.0.5:8786")


def _client(address: str) -> Any:
    """A client of the scheduler at an address.

    Raises
    ------
    InputError
        Where ``distributed`` is not installed, or nobody answers.
    """
    try:
        import distributed
    except ModuleNotFoundError:
        raise InputError("--cluster needs Dask; install it with: pip install 'memberlib[cluster]'") from None
    talkative = ("distributed", "tornado", "asyncio")
    for name in [*logging.root.manager.loggerDict, *talkative]:
        if name.partition(".")[0] in talkative:  # what matters is said in one line of ours
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        return _within(
            WAIT_SECONDS + 2,
            lambda: distributed.Client(address, timeout=WAIT_SECONDS, set_as_default=False),
        )
    except (OSError, TimeoutError, ValueError, RuntimeError) as error:
        why = "" if isinstance(error, OSError | TimeoutError) else f" ({type(error).__name__})"
        raise InputError(
            f"no scheduler at {address}{why}; start one there with: dask scheduler --no-dashboard"
        ) from None


def _within(seconds: float, make: Callable[[], Any]) -> Any:
    """What is made, where that takes no longer: a server that is no scheduler may accept a client and stay silent.

    Raises
    ------
    TimeoutError
        Where it takes longer.
    """
    made: Future[Any] = Future()

    def go() -> None:
        try:
            with _quiet():
                made.set_result(make())
        except BaseException as error:
            made.set_exception(error)

    threading.Thread(target=go, daemon=True, name="client").start()
    return made.result(seconds)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
