"""Says on the terminal what becomes of each shop while reports are made, and how long the rest will take."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PACE_SECONDS = 30.0
"""How often plain lines say how long it will take."""


class Progress:
    """Plain lines, one per shop and one now and then about the time left: for logs, pipes and scheduled runs.

    Parameters
    ----------
    clock : callable
        Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._each = self._shops = self._shops_done = 0
        self._began = self._said = 0.0
        self._steps: dict[str, int] = {}

    def opening(self, shops: int) -> None:
        """Shops are looked into."""

    def begin(self, shops: int, notebooks: int) -> None:
        """So many shops with so many notebooks each are about to be made."""
        self._shops, self._each = shops, notebooks + 1
        self._began = self._said = self._clock()
        self._line(f"{_shops(shops)} to make, {notebooks} notebooks each")

    def step(self, store: str, notebook: str) -> None:
        """A notebook of a shop has run."""
        self._count(store, 1)

    def made(self, store: str, as_of: str, seconds: float) -> None:
        """The report of a shop is in its place."""
        self._line(f"{store}: made as of {as_of} in {seconds:.0f} s")
        self._shops_done += 1
        self._count(store, 1)

    def unchanged(self, store: str, as_of: str) -> None:
        """The report of a shop is as it would be made now."""
        self._line(f"{store}: nothing changed since its report as of {as_of}")

    def failed(self, store: str, reason: str, log: Path) -> None:
        """A shop has no new report."""
        self._line(f"{store}: FAILED: {reason} (the whole story: {log})")
        if self._each:
            self._shops_done += 1
            self._count(store, self._each - self._steps.get(store, 0))

    def end(self, shops: int, made: int, failed: int, *, index: Path) -> None:
        """All is done."""
        parts = [f"{made} made"] if made else []
        if shops - made - failed:
            parts.append(f"{shops - made - failed} unchanged")
        if failed:
            parts.append(f"{failed} failed")
        if made or failed:
            self._line(f"{_shops(shops)}: {', '.join(parts)}")
        else:
            self._line(
                f"nothing changed: {_shops(shops)}, every report is up to date (--force makes them again)"
            )
        self._line(f"open {index}")

    def seconds_left(self) -> float | None:
        """How long the rest will take at the pace so far; None before anything is done."""
        done, whole = sum(self._steps.values()), self._shops * self._each
        return (self._clock() - self._began) / done * (whole - done) if done else None

    def _count(self, store: str, steps: int) -> None:
        self._steps[store] = self._steps.get(store, 0) + steps
        self._say_pace()

    def _say_pace(self) -> None:
        left, now = self.seconds_left(), self._clock()
        if left and now - self._said >= PACE_SECONDS:
            self._said = now
            self._line(f"{self._shops_done} of {_shops(self._shops)}, about {duration(left)} left")

    def _line(self, text: str) -> None:
        print(text, flush=True)


class _Bar(Progress):
    """A bar over shops × notebooks with the time left, and a line for each shop above it."""

    def __init__(self, bar: Any) -> None:
        super().__init__()
        self._bar = bar
        self._task: Any = None

    def opening(self, shops: int) -> None:
        self._task = self._bar.add_task(f"looking into {_shops(shops)}", total=None, left="")

    def begin(self, shops: int, notebooks: int) -> None:
        if self._task is not None:
            self._bar.remove_task(self._task)
        super().begin(shops, notebooks)
        self._task = self._bar.add_task(_shops(shops), total=shops * self._each, left="")

    def step(self, store: str, notebook: str) -> None:
        self._bar.update(self._task, description=f"{store} · {notebook}")
        super().step(store, notebook)

    def _say_pace(self) -> None:
        left = self.seconds_left()
        self._bar.update(
            self._task,
            completed=sum(self._steps.values()),
            left=f"about {duration(left)} left" if left else "",
        )

    def _line(self, text: str) -> None:
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def progress() -> Iterator[Progress]:
    """A bar where someone watches, plain lines elsewhere."""
    if not sys.stdout.isatty():
        yield Progress()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               TextColumn("{task.fields[left]}"))  # fmt: skip
    with RichProgress(*columns, transient=True) as bar:
        yield _Bar(bar)


def duration(seconds: float) -> str:
    """A length of time as one says it.

    Examples
    --------
    >>> duration(4), duration(97), duration(250), duration(7300)
    ('10 s', '2 min', '4 min', '2 h 2 min')
    """
    if seconds < 55:
        return f"{max(10, round(seconds / 10) * 10)} s"
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"


def _shops(count: int) -> str:
    return f"{count} shop" if count == 1 else f"{count} shops"
