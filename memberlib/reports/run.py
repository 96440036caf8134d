"""Which shops get a report, and in which order is the work done?"""

from __future__ import annotations

import contextlib
import datetime as dt
import heapq
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import Any

from memberlib import i18n
from memberlib.errors import InputError
from memberlib.lake import Lake, data_folder
from memberlib.reports import manifest, shelf
from memberlib.reports.index import write_index
from memberlib.reports.lanes import JOB_SECONDS, Answer, Lanes
from memberlib.reports.notebooks import find_notebooks
from memberlib.reports.progress import Progress, progress
from memberlib.reports.shelf import Shop
from memberlib.settings import Settings, all_settings


def make_reports(
    store_ids: Sequence[str] | None,
    *,
    data: str | Path | None = None,
    as_of: dt.date | str | None = None,
    lang: str | None = None,
    out: str | Path = Path("reports"),
    jobs: int = 2,
    force: bool = False,
    at_version: int | None = None,
    limit: float = JOB_SECONDS,
    notebooks: str | Path | None = None,
) -> int:
    """Make a report per shop in ``<out>/<store>/<as_of>/`` and an index over all; the number of failed shops.

    A report that would come out as it lies there is not made again.

    Parameters
    ----------
    store_ids : sequence of str or None
        Ids of shops; None for every shop of the lake.
    data : path, optional
        Data folder, see :func:`memberlib.lake.data_folder`.
    as_of : date or ISO string, optional
        Last day that is looked at; each shop's own last order where none is given.
    lang : str, optional
        Language of reports and index; else each shop's own, and for the index that of most shops.
    out : path
        Folder of the reports.
    jobs : int
        Notebooks at work at once.
    force : bool
        Make again what has not changed.
    at_version : int, optional
        An earlier version of the one shop's data, to make an old report again.
    limit : float
        Seconds after which a notebook is ended and its shop fails; the others go on.
    notebooks : path, optional
        Folder of the notebooks; else the project's.

    Raises
    ------
    InputError
        For a wrong argument, an unknown shop, a missing folder; nothing has changed then.
    """
    folder, out = data_folder(data).resolve(), Path(out)
    sources = find_notebooks(notebooks)
    if at_version is not None and (store_ids is None or len(set(store_ids)) != 1):
        raise InputError("an earlier version is of one shop: give one --store with --at-version")
    if limit <= 0:
        raise InputError(f"the time limit must be above 0 seconds, not {limit:g}")
    code = manifest.code_version(sources)
    shops = _wanted(store_ids, folder, day=_day(as_of), lang=lang, code=code, at_version=at_version)
    with shelf.alone(out), progress() as said, contextlib.ExitStack() as at_the_end:
        shelf.sweep(out)
        at_the_end.callback(shelf.tidy, out)
        to_do = [shop for shop in shops if force or not _unchanged(shop, out)]
        for shop in shops:
            if shop.state == "unchanged":
                shelf.log_of(out, shop).unlink(missing_ok=True)
                said.unchanged(shop.store, str(shop.as_of))
        if to_do:
            lanes = Lanes(jobs, {"MEMBERLIB_DATA": str(folder)}, limit=limit)
            _make(to_do, sources, folder=folder, out=out, lanes=lanes, said=said, by_day=as_of is not None)
        index = write_index(out, shops, lang=lang, known=set(Lake(folder / "lake").shops()))
        failed = [shop for shop in shops if shop.state == "failed"]
        said.end(len(shops), len(to_do) - len(failed), len(failed), index=index)
    return len(failed)


def _day(as_of: dt.date | str | None) -> str | None:
    if as_of is None or isinstance(as_of, dt.date):
        return as_of.isoformat() if as_of else None
    try:
        return dt.date.fromisoformat(as_of.strip()).isoformat()
    except ValueError:
        raise InputError(f"as-of {as_of!r} is not a day; write it as 2026-06-30") from None


def _wanted(
    store_ids: Sequence[str] | None,
    folder: Path,
    *,
    day: str | None,
    lang: str | None,
    code: Mapping[str, Any],
    at_version: int | None,
) -> list[Shop]:
    lake = Lake(folder / "lake")
    ids = list(dict.fromkeys(store_ids)) if store_ids is not None else lake.shops()
    if not ids:
        raise InputError(
            f"no shop in {folder.name}/ yet; run 'memberlib samples' or 'memberlib import' first"
        )
    settings = all_settings(folder)
    shops = []
    for store in ids:
        version = lake.version(store, at_version)
        own = settings.get(store, Settings())
        wanted = {
            "store": store,
            "as_of": day,
            "lang": i18n.check_language(lang or own.lang),
            "data": {"version": version.number, "digest": version.digest},
            "settings": own.digest,
            "code": dict(code),
        }
        shops.append(Shop(store, wanted))
    return shops


def _unchanged(shop: Shop, out: Path) -> bool:
    for day, found in reversed(manifest.finished(out, shop.store).items()):
        asked = shop.as_of or (day if found.get("last_order_on") == day else None)
        if asked == day and manifest.still_holds(
            found, {**shop.wanted, "as_of": day}, out / shop.store / day
        ):
            shop.state, shop.wanted["as_of"] = "unchanged", day
            return True
    return False


def _make(
    shops: list[Shop],
    sources: Sequence[Path],
    *,
    folder: Path,
    out: Path,
    lanes: Lanes,
    said: Progress,
    by_day: bool,
) -> None:
    with lanes:
        _open(shops, lanes, folder, out, said, by_day=by_day)
        opened = [shop for shop in shops if not shop.state]
        said.begin(len(opened), len(sources))
        ready: list[tuple[int, int, int, dict[str, Any]]] = []
        for number, shop in enumerate(opened):
            shelf.fresh(out, shop)
            shop.left = len(sources)
            for place, source in enumerate(sources):
                heapq.heappush(ready, (1, number, place, _notebook_job(shop, source, out)))
        running: dict[Future[Answer], tuple[Shop, int, dict[str, Any]]] = {}
        while ready or running:
            while ready and len(running) < lanes.count:
                _, number, _, job = heapq.heappop(ready)
                shop = opened[number]
                if not shop.state:
                    shop.began = shop.began or time.monotonic()
                    shop.at_work += 1
                    running[lanes.submit(job)] = (shop, number, job)
            if not running:
                continue
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                shop, number, job = running.pop(done)
                shop.at_work -= 1
                answer = done.result()
                if not answer.ok:
                    _fail(shop, answer, out, said, where=_where(job))
                elif job["job"] == "run_notebook":
                    shop.left -= 1
                    said.step(shop.store, Path(job["source"]).stem)
                    if not shop.left and not shop.state:
                        heapq.heappush(ready, (0, number, 0, _finish_job(shop, sources, folder, out)))
                else:
                    shelf.publish(shop, out)
                    said.made(shop.store, str(shop.as_of), time.monotonic() - shop.began)
                if shop.state == "failed" and not shop.at_work:
                    shelf.clear(out, shop)


def _open(shops: list[Shop], lanes: Lanes, folder: Path, out: Path, said: Progress, *, by_day: bool) -> None:
    """Look into every shop; where the day asked for fits none of them, that is a mistake of the user."""
    said.opening(len(shops))
    looks = [
        lanes.submit(
            {
                "job": "open_shop",
                "store": s.store,
                "as_of": s.as_of,
                "data": str(folder),
                "version": s.wanted["data"]["version"],
            }
        )
        for s in shops
    ]
    answers = [look.result() for look in looks]
    if by_day and all(answer.by_user for answer in answers):
        raise InputError(answers[0].reason)
    for shop, answer in zip(shops, answers, strict=True):
        if answer.ok:
            shop.wanted["as_of"] = answer.value["as_of"]
        else:
            _fail(shop, answer, out, said)


def _notebook_job(shop: Shop, source: Path, out: Path) -> dict[str, Any]:
    new = shelf.making(out, shop).resolve()
    return {
        "job": "run_notebook",
        "source": str(source),
        "target": str(new / "notebooks" / source.name),
        "parameters": shop.parameters,
        "lang": shop.wanted["lang"],
        "folder": str(new / "files"),
    }


def _finish_job(shop: Shop, sources: Sequence[Path], folder: Path, out: Path) -> dict[str, Any]:
    return {
        "job": "finish_report",
        "wanted": shop.wanted,
        "data": str(folder),
        "folder": str(shelf.making(out, shop).resolve()),
        "names": [source.stem for source in sources],
    }


def _where(job: Mapping[str, Any]) -> str:
    return Path(job["source"]).stem if job["job"] == "run_notebook" else ""


def _fail(shop: Shop, answer: Answer, out: Path, said: Progress, *, where: str = "") -> None:
    if shop.state == "failed":
        return
    shop.state, shop.reason = "failed", f"{where}: {answer.reason}" if where else answer.reason
    log = shelf.log_of(out, shop)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(f"{shop.reason}\n\n{answer.story}\n", encoding="utf-8")
    said.failed(shop.store, shop.reason, log)
