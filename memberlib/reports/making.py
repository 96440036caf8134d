"""Makes reports of shops: hands out their jobs in turn and puts finished reports in their places."""

from __future__ import annotations

import datetime as dt
import heapq
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from memberlib.errors import InputError
from memberlib.lake import Lake
from memberlib.lake.days import checked_day, order_days
from memberlib.privacy import masked
from memberlib.reports import folders
from memberlib.reports.failures import without_space
from memberlib.reports.folders import Shop
from memberlib.reports.parameters import of_notebook
from memberlib.reports.progress import Progress
from memberlib.reports.workers import Answer

_LOOK_SECONDS = 2.0


class Workers(Protocol):
    """Who does jobs: processes of this machine, or of a cluster."""

    @property
    def count(self) -> int:
        """Jobs at work at once."""

    def submit(self, job: Mapping[str, Any]) -> Future[Answer]:
        """Hand over a job."""

    def check(self) -> None:
        """See to it that they are still there."""


@dataclass(frozen=True)
class Plan:
    """What reports are made from and where they go: notebooks, data folder, folder of the reports.

    ``by_day`` where the user asked for a day.
    """

    sources: Sequence[Path]
    data: Path
    out: Path
    by_day: bool = False


def make(shops: Sequence[Shop], plan: Plan, *, workers: Workers, log: Progress) -> None:
    """Make the report of each shop; its state tells what became of it.

    Raises
    ------
    InputError
        Where no shop has the day that was asked for, and where nothing more can be written or done: what is finished
        stays.
    """
    _open(shops, plan, workers, log)
    opened = [shop for shop in shops if not shop.state]
    log.begin(len(opened), len(plan.sources))
    ready = [
        (1, number, place, _notebook_job(shop, source, plan))
        for number, shop in enumerate(opened)
        for place, source in enumerate(plan.sources)
    ]
    heapq.heapify(ready)
    running: dict[Future[Answer], tuple[Shop, int, dict[str, Any]]] = {}
    while ready or running:
        while ready and len(running) < workers.count:
            _, number, _, job = heapq.heappop(ready)
            shop = opened[number]
            if not shop.state:
                if not shop.began:
                    shop.began, shop.left = time.monotonic(), len(plan.sources)
                    folders.fresh(plan.out, shop)
                shop.at_work += 1
                running[workers.submit(job)] = (shop, number, job)
        if not running:
            continue
        ended = wait(running, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED).done
        if not ended:
            workers.check()
        for done in ended:
            shop, number, job = running.pop(done)
            shop.at_work -= 1
            answer = done.result()
            shop.seconds = time.monotonic() - shop.began
            if not answer.ok:
                _stop_if_nothing_can_be_written(answer, plan.out)
                fail(shop, answer, plan.out, log=log, where=_where(job))
            elif job["job"] == "run_notebook":
                shop.left -= 1
                log.step(shop.store, Path(job["source"]).stem)
                if not shop.left and not shop.state:
                    heapq.heappush(ready, (0, number, 0, _finish_job(shop, plan)))
            else:
                folders.publish(shop, plan.out)
                log.made(shop.store, str(shop.as_of), shop.seconds)
            if shop.state == "failed" and not shop.at_work:
                folders.clear(plan.out, shop)


def _open(shops: Sequence[Shop], plan: Plan, workers: Workers, log: Progress) -> None:
    """Find the day of every shop's report; where the day asked for fits none of them, that is a mistake of the user."""
    log.opening(len(shops))
    known = {shop.store: _looked_at(shop, plan) for shop in shops}
    looks = {
        shop.store: workers.submit(
            {
                "job": "open_shop",
                "store": shop.store,
                "as_of": shop.as_of,
                "data": str(plan.data),
                "version": shop.wanted["data"]["version"],
            }
        )
        for shop in shops
        if known[shop.store] is None
    }
    waiting: set[Future[Answer]] = set(looks.values())
    while waiting:
        ended, waiting = wait(waiting, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
        if not ended:
            workers.check()
    answers = [known[shop.store] or looks[shop.store].result() for shop in shops]
    if plan.by_day and all(answer.by_user for answer in answers):
        raise InputError(answers[0].reason)
    for shop, answer in zip(shops, answers, strict=True):
        if answer.ok:
            shop.wanted |= answer.value
        else:
            _stop_if_nothing_can_be_written(answer, plan.out)
            fail(shop, answer, plan.out, log=log)


def _looked_at(shop: Shop, plan: Plan) -> Answer | None:
    """The day of a shop of the lake, as the footers of its files have it; None where a worker must look into it."""
    if not (number := shop.wanted["data"]["version"]):
        return None
    try:
        days = order_days(Lake(plan.data / "lake").version(shop.store, number).files.get("orders", []))
        if days is None:
            return None
        as_of = dt.date.fromisoformat(shop.as_of) if shop.as_of else None
        day, last = checked_day(as_of, days, shop.store), days[1]
        return Answer({"as_of": day.isoformat(), "last_order_on": last.isoformat() if last else None})
    except InputError as error:
        return Answer(reason=str(error), story=str(error), by_user=True)


def _notebook_job(shop: Shop, source: Path, plan: Plan) -> dict[str, Any]:
    new = folders.making(plan.out, shop)
    own = {name: value for name, value in shop.parameters.items() if name not in shop.wanted["given"]}
    return {
        "job": "run_notebook",
        "source": str(source),
        "target": str(new / "notebooks" / source.name),
        "parameters": {**own, **of_notebook(shop.wanted["given"], source.stem)},
        "lang": shop.wanted["lang"],
        "folder": str(new / "files"),
    }


def _finish_job(shop: Shop, plan: Plan) -> dict[str, Any]:
    return {
        "job": "finish_report",
        "wanted": shop.wanted,
        "data": str(plan.data),
        "folder": str(folders.making(plan.out, shop)),
        "names": [source.stem for source in plan.sources],
    }


def _where(job: Mapping[str, Any]) -> str:
    return Path(job["source"]).stem if job["job"] == "run_notebook" else ""


def _stop_if_nothing_can_be_written(answer: Answer, out: Path) -> None:
    """What spoils every shop is said once, not once per shop.

    Raises
    ------
    InputError
        Where a disk is full or cannot be written, or the folder of the reports is gone.
    """
    if not out.is_dir():
        raise InputError(f"the folder {out} is gone; give the same command again to begin anew")
    full = without_space(out)
    if full is not None:
        raise InputError(f"no space is left on the disk of {full}; {AGAIN}")
    if answer.by_disk:
        raise InputError(f"{answer.by_disk} on the disk of {out}; {AGAIN}")


AGAIN = "what is finished stays; make room and give the same command again"
"""What to do where a run was stopped by its disk."""


def fail(shop: Shop, answer: Answer, out: Path, *, log: Progress, where: str = "") -> None:
    """Tell that a shop has no new report, and keep the whole story."""
    if shop.state == "failed":
        return
    shop.state, shop.reason = "failed", masked(f"{where}: {answer.reason}" if where else answer.reason)
    story = folders.log_of(out, shop)
    story.parent.mkdir(parents=True, exist_ok=True)
    story.write_text(f"{shop.reason}\n\n{masked(answer.story)}\n", encoding="utf-8")
    log.failed(shop.store, shop.reason, story)
