"""Which analyses are there, and where does each live?

The command line, the notebooks, the controls and the reports read this list; a new analysis is a module and an entry.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from memberlib.errors import InputError


@dataclass(frozen=True)
class Analysis:
    """One question: its name at the prompt, the function that answers it, the chart that draws the answer."""

    view: str
    function: str
    chart: str | None = None

    @property
    def name(self) -> str:
        """Name of the function, which is the ``analysis`` of its result."""
        return self.function.rsplit(":", 1)[1]

    def __call__(self, store: Any, **options: Any) -> Any:
        return _load(self.function)(store, **options)

    def draw(self, result: Any, **options: Any) -> Any:
        """Draw a result of this analysis; the axes."""
        if self.chart is None:
            raise InputError(f"'{self.name}' is a table and has no picture")
        return _load(self.chart)(result, **options)


@dataclass(frozen=True)
class Theme:
    """A theme: its notebook and its analyses, the main one first."""

    name: str
    notebook: str
    analyses: tuple[Analysis, ...]

    def analysis(self, view: str | None = None) -> Analysis:
        """The analysis of that view; the main one where none is named."""
        if view is None:
            return self.analyses[0]
        for one in self.analyses:
            if view in (one.view, one.name):
                return one
        known = ", ".join(one.view for one in self.analyses)
        raise InputError(f"'{self.name}' has no view {view!r}; choose among {known}")


def _entry(view: str, function: str, chart: str | None) -> Analysis:
    return Analysis(view, f"memberlib.{function}", f"memberlib.charts:{chart}" if chart else None)


THEMES: tuple[Theme, ...] = (
    Theme("level", "01-level", (
        _entry("structure", "levels:structure", "structure"),
        _entry("flow", "levels:flow", "flow"),
        _entry("cost", "levels:discount_cost", "discount_cost"),
    )),
    Theme("time", "02-time", (
        _entry("bands", "bands:time_bands", "bands"),
        _entry("months", "calendar:months", "months"),
        _entry("goods", "calendar:season_goods", "season_goods"),
        _entry("hours", "calendar:week_hours", "week_hours"),
    )),
    Theme("amount", "03-amount", (
        _entry("bands", "bands:amount_bands", "bands"),
        _entry("concentration", "bands:concentration", "concentration"),
        _entry("spenders", "bands:high_spenders", "high_spenders"),
    )),
    Theme("count", "04-count", (
        _entry("bands", "bands:count_bands", "bands"),
        _entry("sleeping", "bands:sleeping", "sleeping"),
    )),
    Theme("rfm", "05-rfm", (
        _entry("segments", "rfm:segments", "segments"),
        _entry("edges", "rfm:score_edges", "score_edges"),
        _entry("audit", "rfm:audit", None),
        _entry("regions", "rfm:regions", "regions"),
        _entry("moves", "rfm:moves", "moves"),
        _entry("members", "rfm:members", None),
    )),
)  # fmt: skip


def theme(name: str) -> Theme:
    """The theme of that name."""
    for one in THEMES:
        if one.name == name:
            return one
    raise InputError(f"no theme {name!r}; choose among {', '.join(one.name for one in THEMES)}")


def _load(where: str) -> Callable[..., Any]:
    module, name = where.split(":")
    return getattr(importlib.import_module(module), name)
