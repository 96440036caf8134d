"""What is said on the terminal while reports are made?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Progress:
    """Plain lines, one per shop: for logs, pipes and scheduled runs."""

    def opening(self, shops: int) -> None:
        """Shops are looked into."""

    def begin(self, shops: int, notebooks: int) -> None:
        """So many shops with so many notebooks each are about to be made."""
        self._line(f"{_shops(shops)} to make, {notebooks} notebooks each")

    def step(self, store: str, notebook: str) -> None:
        """A notebook of a shop has run."""

    def made(self, store: str, as_of: str, seconds: float) -> None:
        """The report of a shop is in its place."""
        self._line(f"{store}: made as of {as_of} in {seconds:.0f} s")

    def unchanged(self, store: str, as_of: str) -> None:
        """The report of a shop is as it would be made now."""
        self._line(f"{store}: nothing changed since its report as of {as_of}")

    def failed(self, store: str, reason: str, log: Path) -> None:
        """A shop has no new report."""
        self._line(f"{store}: FAILED: {reason} (the whole story: {log})")

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

    def _line(self, text: str) -> None:
        print(text, flush=True)


class _Bar(Progress):
    """A bar over shops × notebooks, with a line for each shop above it."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._task: Any = None
        self._each = 0
        self._steps: dict[str, int] = {}

    def opening(self, shops: int) -> None:
        self._task = self._bar.add_task(f"looking into {_shops(shops)}", total=None)

    def begin(self, shops: int, notebooks: int) -> None:
        self._bar.remove_task(self._task)
        self._task = self._bar.add_task(_shops(shops), total=shops * (notebooks + 1))
        self._each = notebooks + 1

    def step(self, store: str, notebook: str) -> None:
        self._steps[store] = self._steps.get(store, 0) + 1
        self._bar.update(self._task, advance=1, description=f"{store} · {notebook}")

    def made(self, store: str, as_of: str, seconds: float) -> None:
        self._bar.update(self._task, advance=1)
        super().made(store, as_of, seconds)

    def failed(self, store: str, reason: str, log: Path) -> None:
        if self._each:
            self._bar.update(self._task, advance=self._each - self._steps.get(store, 0))
        super().failed(store, reason, log)

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

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with RichProgress(*columns, transient=True) as bar:
        yield _Bar(bar)


def _shops(count: int) -> str:
    return f"{count} shop" if count == 1 else f"{count} shops"
