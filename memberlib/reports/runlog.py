"""Keeps the log of a run of reports, for people, and its summary, for machines.

``<out>/logs/run.log`` has a line for each thing that happened, run after run; ``<out>/run.json`` is the newest run.
Times stand only here, never in a report, an index or a manifest. Neither names a member: a reason is kept with phones
and e-mails masked.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from memberlib.errors import InputError
from memberlib.privacy import masked
from memberlib.reports import manifest
from memberlib.reports.folders import Shop
from memberlib.reports.progress import Progress

LOG, SUMMARY = Path("logs") / "run.log", "run.json"
_EVERY_SECONDS = 10.0
_LARGEST_LOG = 5_000_000


class RunLog(Progress):
    """Keeps the log and the summary of a run while it goes on, and passes on to the terminal what happens.

    Parameters
    ----------
    out : Path
        Folder of the reports.
    shops : sequence of Shop
        The shops of the run; their states are read when the summary is written.
    asked : mapping
        What the run was asked to do.
    shown : Progress
        What is said on the terminal.
    """

    def __init__(self, out: Path, shops: Sequence[Shop], asked: Mapping[str, Any], shown: Progress) -> None:
        super().__init__()
        self._shown = shown
        self._out, self._all, self._asked = out, shops, dict(asked)
        self._began, self._started = time.monotonic(), _now()
        self._written = 0.0
        self._open = False

    @contextlib.contextmanager
    def kept(self) -> Iterator[RunLog]:
        """Keep the log to the end of the run, whatever that is."""
        try:
            yield self
        except BaseException as error:
            if self._open:
                why = str(error) if isinstance(error, InputError) else type(error).__name__
                self._line(f"run broken off: {why}")
                self._summary("broken off", why)
            raise
        self.start()
        counts = self._counts()
        self._line("run ended: " + ", ".join(f"{n} {state}" for state, n in counts.items() if n))
        self._summary("done")

    def start(self) -> None:
        """From here on there is something to tell."""
        if not self._open:
            self._open = True
            self._line(f"run began: {json.dumps(self._asked, ensure_ascii=False, sort_keys=True)}")
            self._summary("running")

    def opening(self, shops: int) -> None:
        """Shops are looked into."""
        self._shown.opening(shops)

    def begin(self, shops: int, notebooks: int) -> None:
        """So many shops with so many notebooks each are about to be made."""
        self.start()
        super().begin(shops, notebooks)
        self._shown.begin(shops, notebooks)

    def made(self, store: str, as_of: str, seconds: float) -> None:
        """The report of a shop is in its place."""
        super().made(store, as_of, seconds)
        self._shown.made(store, as_of, seconds)

    def unchanged(self, store: str, as_of: str) -> None:
        """The report of a shop is as it would be made now."""
        self.start()  # a line each would be most of the log; the summary names them
        self._shown.unchanged(store, as_of)

    def failed(self, store: str, reason: str, log: Path) -> None:
        """A shop has no new report."""
        self.start()
        super().failed(store, reason, log)
        self._shown.failed(store, reason, log)

    def step(self, store: str, notebook: str) -> None:
        """A notebook of a shop has run."""
        super().step(store, notebook)
        self._shown.step(store, notebook)
        if time.monotonic() - self._written > _EVERY_SECONDS:
            self._summary("running")

    def end(self, shops: int, made: int, failed: int, *, index: Path) -> None:
        """All is done; the log's own last line is written by :meth:`kept`."""
        self._shown.end(shops, made, failed, index=index)

    def _say_pace(self) -> None:
        """Time left is for who watches."""

    def _line(self, text: str) -> None:
        if self._open:
            with contextlib.suppress(OSError):  # a full disk is reported by those who need it
                path = self._out / LOG
                path.parent.mkdir(parents=True, exist_ok=True)
                if path.is_file() and path.stat().st_size > _LARGEST_LOG:
                    path.replace(path.with_name("run.1.log"))
                with path.open("a", encoding="utf-8") as log:
                    log.write(f"{_now()} {masked(text)}\n")

    def _counts(self) -> dict[str, int]:
        counts = Counter(shop.state or "waiting" for shop in self._all)
        return {state: counts[state] for state in ("made", "unchanged", "failed", "waiting")}

    def _summary(self, state: str, reason: str = "") -> None:
        self._written = time.monotonic()
        summary = {
            "state": state,
            "reason": masked(reason),
            "started": self._started,
            "ended": None if state == "running" else _now(),
            "seconds": round(self._written - self._began, 1),
            "asked": _without_contacts(self._asked),
            "code": self._all[0].wanted["code"] if self._all else None,
            "counts": self._counts(),
            "shops": [_summary_of(shop) for shop in self._all],
        }
        with contextlib.suppress(OSError):
            manifest.write(self._out / SUMMARY, summary)


def _without_contacts(value: Any) -> Any:
    """What was asked for, phones and e-mails in it masked."""
    if isinstance(value, Mapping):
        return {name: _without_contacts(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_contacts(one) for one in value]
    text = masked(str(value))
    return value if text == str(value) else text


def _summary_of(shop: Shop) -> dict[str, Any]:
    finished = shop.state in ("made", "unchanged")
    return {
        "store": shop.store,
        "state": shop.state or "waiting",
        "reason": masked(shop.reason),
        "seconds": round(shop.seconds, 1),
        "as_of": shop.as_of,
        "lang": shop.wanted["lang"],
        "data": shop.wanted["data"],
        "report": f"{shop.store}/{shop.as_of}/index.html" if finished else None,
    }


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
