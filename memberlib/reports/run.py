"""Makes the reports of many shops: which of them need a new one, and an index over all."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import os
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from memberlib import i18n
from memberlib.engine import MEMORY
from memberlib.errors import InputError
from memberlib.kernels import REHEARSAL
from memberlib.lake import Lake, data_folder, shop_ids
from memberlib.reports import folders, manifest, parameters
from memberlib.reports.failures import of_the_disk
from memberlib.reports.folders import Shop
from memberlib.reports.index import write_index
from memberlib.reports.making import AGAIN, Plan, fail, make
from memberlib.reports.notebooks import find_notebooks
from memberlib.reports.progress import Progress, progress
from memberlib.reports.runlog import RunLog
from memberlib.reports.workers import JOB_SECONDS, Answer, Workers
from memberlib.settings import Settings, all_settings, check_store_id

_MANY = 24
"""Notebooks of a run from which on a rehearsal pays."""
JOBS = 2
"""Notebooks at work at once on this machine, where nothing else is said."""


def make_reports(
    store_ids: Sequence[str] | None,
    *,
    data: str | Path | None = None,
    as_of: dt.date | str | None = None,
    lang: str | None = None,
    out: str | Path = Path("reports"),
    jobs: int | None = None,
    force: bool = False,
    at_version: int | None = None,
    limit: float = JOB_SECONDS,
    given: Sequence[str] | Mapping[str, Any] = (),
    cluster: str | None = None,
    notebooks: str | Path | None = None,
) -> int:
    """Make a report per shop in ``<out>/<store>/<as_of>/`` and an index over all; the number of failed shops.

    A report that would come out as it lies there is not made again, so that a run that was broken off, in whatever
    way, goes on where it was when the same is asked again.

    Parameters
    ----------
    store_ids : sequence of str or None
        Ids of shops; None for every shop of the data folder.
    data : path, optional
        Data folder, see :func:`memberlib.lake.data_folder`.
    as_of : date or ISO string, optional
        Last day that is looked at; each shop's own last order where none is given.
    lang : str, optional
        Language of reports and index; else each shop's own, and for the index that of most shops.
    out : path
        Folder of the reports.
    jobs : int, optional
        Notebooks at work at once; else 2, or as many as the cluster has threads.
    force : bool
        Make again what has not changed.
    at_version : int, optional
        An earlier version of the one shop's data, to make an old report again.
    limit : float
        Seconds after which a notebook is ended and its shop fails; the others go on.
    given : sequence of ``name=value``, or mapping
        Parameters for the notebooks, see :func:`memberlib.reports.parameters.checked`.
    cluster : str, optional
        Address of a Dask scheduler, such as ``tcp://10.0.0.5:8786``, whose workers do the jobs.
    notebooks : path, optional
        Folder of the notebooks; else the project's.

    Raises
    ------
    InputError
        For a wrong argument, an unknown shop, a missing folder; nothing has changed then. Also where nothing more can
        be written, or nobody is left to work: what is finished stays, and no report is half done.
    """
    folder, out = data_folder(data).resolve(), Path(out)
    sources = [source.resolve() for source in find_notebooks(notebooks)]
    if at_version is not None and (store_ids is None or len(set(store_ids)) != 1):
        raise InputError("an earlier version is of one shop: give one --store with --at-version")
    if jobs is not None and jobs < 1:
        raise InputError(f"--jobs must be at least 1, not {jobs}")
    if not (limit > 0 and math.isfinite(limit)):
        raise InputError(f"the time limit must be above 0 seconds, not {limit:g}")
    if cluster is not None:
        from memberlib.reports.cluster import check_address

        check_address(cluster)
    asked = {
        "stores": "all" if store_ids is None else list(store_ids), "as_of": _day(as_of), "lang": lang, "jobs": jobs,
        "force": force, "at_version": at_version, "limit": limit, "cluster": cluster,
        "memory": os.environ.get(MEMORY), "given": parameters.checked(given, sources),
    }  # fmt: skip
    code = manifest.code_version(sources)
    shops = _wanted(store_ids, folder, asked=asked, code=code)
    with contextlib.ExitStack() as at_the_end:
        at_the_end.enter_context(_ending_cleanly())
        at_the_end.enter_context(folders.alone(out))
        place = out.resolve()
        shown = at_the_end.enter_context(progress())
        log = at_the_end.enter_context(RunLog(place, shops, asked, shown).kept())
        at_the_end.callback(folders.tidy, place)  # before the log ends, which may need the room
        at_the_end.enter_context(_disk_errors_in_one_line(place))
        folders.sweep(place)
        if to_do := _to_do(shops, place, log, force=force):
            many = len(to_do) * len(sources) >= _MANY
            environment = {"MEMBERLIB_DATA": str(folder), REHEARSAL: "1" if many else "0"}
            if memory := os.environ.get(MEMORY):
                environment[MEMORY] = memory  # a cluster's workers do not have this process's own
            plan = Plan(sources, folder, place, by_day=as_of is not None)
            with _workers(cluster, jobs, environment, limit=limit, plan=plan, shop=to_do[0]) as workers:
                make(to_do, plan, workers=workers, log=log)
        index = write_index(place, shops, lang=lang, known=set(shop_ids(folder)))
        failed = [shop for shop in shops if shop.state == "failed"]
        made = sum(shop.state == "made" for shop in shops)
        log.end(len(shops), made, len(failed), index=out / index.name)
    return len(failed)


def _workers(
    cluster: str | None,
    jobs: int | None,
    environment: Mapping[str, str],
    *,
    limit: float,
    plan: Plan,
    shop: Shop,
) -> Any:
    if cluster is None:
        return Workers(jobs or JOBS, environment, limit=limit)
    from memberlib.reports.cluster import ClusterWorkers

    return ClusterWorkers(cluster, environment, jobs=jobs, limit=limit, plan=plan, shop=shop)


@contextlib.contextmanager
def _ending_cleanly() -> Iterator[None]:
    """Where the system asks this process to end, it puts its things away first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), end) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


@contextlib.contextmanager
def _disk_errors_in_one_line(out: Path) -> Iterator[None]:
    """Where the folder of the reports cannot be written any more, that is one line."""
    try:
        yield
    except OSError as error:
        if not out.is_dir():
            raise InputError(f"the folder {out} is gone; give the same command again to begin anew") from None
        what = of_the_disk(error) or (error.strerror or type(error).__name__).lower()
        raise InputError(f"{what} on the disk of {out}; {AGAIN}") from error


def _to_do(shops: Sequence[Shop], out: Path, log: Progress, *, force: bool) -> list[Shop]:
    """The shops whose reports are to be made; the others are named."""
    to_do = []
    for shop in shops:
        if shop.state == "failed":
            reason, shop.state = shop.reason, ""
            fail(shop, Answer(reason=reason, story=reason), out, log=log)
        elif force or not _unchanged(shop, out):
            to_do.append(shop)
        else:
            folders.log_of(out, shop).unlink(missing_ok=True)
            log.unchanged(shop.store, str(shop.as_of))
    return to_do


def _day(as_of: dt.date | str | None) -> str | None:
    if as_of is None or isinstance(as_of, dt.date):
        return as_of.isoformat() if as_of else None
    try:
        return dt.date.fromisoformat(as_of.strip()).isoformat()
    except ValueError:
        raise InputError(f"as-of {as_of!r} is not a day; write it as 2026-06-30") from None


def _wanted(
    store_ids: Sequence[str] | None, folder: Path, *, asked: Mapping[str, Any], code: Mapping[str, Any]
) -> list[Shop]:
    """The shops with what their reports are to be made from; one whose data cannot be had has failed."""
    known = shop_ids(folder)
    ids = list(dict.fromkeys(store_ids)) if store_ids is not None else known
    if not ids:
        raise InputError(
            f"no shop in {folder.name}/ yet; run 'memberlib samples' or 'memberlib import' first"
        )
    for store in ids:
        if check_store_id(store) not in known:
            raise InputError(f"no shop '{store}' in {folder}; known: {', '.join(known) or 'none'}")
    settings = all_settings(folder)
    shops = []
    for store in ids:
        own = settings.get(store, Settings())
        wanted = {
            "store": store,
            "as_of": asked["as_of"],
            "lang": i18n.check_language(asked["lang"] or own.lang),
            "data": {"version": None, "digest": ""},
            "settings": own.digest,
            "given": asked["given"],
            "code": dict(code),
        }
        shops.append(Shop(store, wanted))
        try:
            wanted["data"] = _version(store, own, folder, asked["at_version"])
        except InputError as error:
            shops[-1].state, shops[-1].reason = "failed", str(error)
    if all(shop.state == "failed" for shop in shops):
        raise InputError(shops[0].reason)
    return shops


def _version(store: str, own: Settings, folder: Path, at_version: int | None) -> dict[str, Any]:
    if own.source is None:
        stated = Lake(folder / "lake").version(store, at_version)
        return {"version": stated.number, "digest": stated.digest}
    from memberlib.sources import shop_version

    number, digest = shop_version(store, data=folder, at_version=at_version)
    return {"version": number, "digest": digest}


def _unchanged(shop: Shop, out: Path) -> bool:
    for day, found in reversed(manifest.finished(out, shop.store).items()):
        asked = shop.as_of or (day if found.get("last_order_on") == day else None)
        if asked == day and manifest.still_holds(
            found, {**shop.wanted, "as_of": day}, out / shop.store / day
        ):
            shop.state, shop.wanted["as_of"] = "unchanged", day
            return True
    return False
