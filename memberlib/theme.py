"""What a theme is made of: views with their options and charts, findings, and the words of all of them.

A theme is a folder below ``memberlib/themes`` (or below a folder that ``MEMBERLIB_THEMES`` names): its ``__init__.py``
makes a :class:`Theme` and registers analyses and findings with it, its ``words.toml`` holds the words in every language
and the limits from which on a finding speaks. Importing a theme loads neither pandas nor Ibis.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from memberlib.errors import InputError
from memberlib.options import (
    Anything,
    Choice,
    Day,
    Edges,
    Flag,
    Kind,
    Number,
    Option,
    Setting,
    When,
    Whole,
    options_of,
    rising,
    shop,
)  # fmt: skip
from memberlib.plain import plain

__all__ = [
    "Anything", "Chart", "Choice", "Day", "Edges", "Flag", "Kind", "Number", "Option", "Setting", "Theme", "View",
    "When", "Whole", "options_of", "rising", "shop", "theme_folders", "word_files",
]  # fmt: skip
P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])
FOLDERS = "MEMBERLIB_THEMES"
"""Variable that names further folders of themes, parted as ``PATH`` is."""


def theme_folders() -> list[Path]:
    """Folders in which themes lie, the package's own first."""
    own = [Path(__file__).parent / "themes"]
    return own + [Path(one) for one in os.environ.get(FOLDERS, "").split(os.pathsep) if one]


@functools.lru_cache(maxsize=64)
def word_files() -> Mapping[str, Mapping[str, Any]]:
    """Name of each theme → its ``words.toml``: words in every language, limits, weights.

    Raises
    ------
    InputError
        Where one is no TOML.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for folder in theme_folders():
        for path in sorted(folder.glob("*/words.toml")):
            try:
                found[path.parent.name] = tomllib.loads(path.read_text(encoding="utf-8"))
            except tomllib.TOMLDecodeError as error:
                raise InputError(f"{path.parent.name}/words.toml cannot be read: {error}") from None
    return found


# ---------------------------------------------------------------- views


class Chart:
    """How a view is drawn: a kind of :mod:`memberlib.charts`, and which columns it takes for what."""

    def __init__(self, kind: str, **columns: Any) -> None:
        self.kind, self.columns = kind, columns

    def __getitem__(self, name: str) -> Any:
        return self.columns[name]

    def get(self, name: str, default: Any = None) -> Any:
        """A column or choice of the chart; the default where it says nothing of it."""
        return self.columns.get(name, default)

    def __repr__(self) -> str:
        said = "".join(f", {name}={value!r}" for name, value in self.columns.items())
        return f"Chart({self.kind!r}{said})"


@dataclass(eq=False)
class View:
    """One question of a theme: the analysis that answers it, its options, its chart.

    Attributes
    ----------
    theme, name, analysis : str
        Name of the theme; of the view at a prompt (``bands``); of the function (``count_bands``).
    function : callable
        As users call it: options checked, the result complete.
    options : tuple of Option
    chart : Chart or None
    counts : str
        What one unit of the base is: members or orders.
    person_rows : bool
        Whether each row is a member: such rows stay in the shop and never travel whole.
    front : bool
        Whether it says something of the shop as a whole, so that its findings may stand on the front page.
    finders, headline : callables of a reading
        What may be found in its result; what stands over its picture where nothing is found that has a title.
    empty_speaks : bool
        Whether the headline has something to say of a result without rows.
    parts : str
        The column whose sum is the base, where the rows are parts of it.
    """

    theme: str
    name: str
    analysis: str
    function: Callable[..., Any]
    options: tuple[Option, ...]
    chart: Chart | None = None
    counts: str = "members"
    person_rows: bool = False
    front: bool = True
    finders: list[Callable[..., Any]] = field(default_factory=list)
    headline: Callable[..., Any] | None = None
    empty_speaks: bool = False
    parts: str = ""

    @property
    def key(self) -> str:
        """What the view's words begin with, such as ``count.view.bands``."""
        return f"{self.theme}.view.{self.name}"

    @property
    def help(self) -> str:
        """First sentence of the analysis' docstring."""
        return " ".join((inspect.getdoc(self.function) or "").split("\n\n", 1)[0].split())

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of options without which there is no answer."""
        return tuple(one.name for one in self.options if one.required)

    def option(self, name: str) -> Option | None:
        """The option of that name; None where the view has none."""
        return next((one for one in self.options if one.name == name), None)

    def matters(self, name: str, values: Mapping[str, Any]) -> bool:
        """Whether an option does something, where the options have these values."""
        found = self.option(name)
        return found is None or all(
            self.option(one.option) is None
            or (self.matters(one.option, values) and one.holds(values.get(one.option)))
            for one in found.when
        )

    def __call__(self, store: Any, **options: Any) -> Any:
        return self.function(store, **options)


class Theme:
    """A theme: its name, its notebook, its views with the main one first.

    Parameters
    ----------
    name : str
        At a prompt and in results; that of its folder.
    notebook : str
        Name of its notebook, such as ``04-count``; it gives the order of the themes.
    order : sequence of str
        Names of views, where they are registered in another order than they are to be listed.
    explores : str
        The view that controls show where none is named; else the main one.
    """

    def __init__(self, name: str, notebook: str, *, order: Sequence[str] = (), explores: str = "") -> None:
        self.name, self.notebook, self._order, self._explores = name, notebook, tuple(order), explores
        self._views: dict[str, View] = {}

    @property
    def views(self) -> dict[str, View]:
        """Its views by name, the main one first."""
        first = {name: self._views[name] for name in self._order if name in self._views}
        return first | self._views

    def __repr__(self) -> str:
        return f"<theme {self.name}: {', '.join(self.views)}>"

    def view(
        self,
        name: str | None = None,
        *,
        chart: Chart | None = None,
        counts: str = "members",
        person_rows: bool = False,
        front: bool = True,
        parts: str = "",
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """Register an analysis ``noun(store, *, options) -> DataFrame`` as a view of this theme.

        What comes back is called as before: options that are left out, or None, have their default, each is checked
        by its annotation, and the result says which analysis of which shop it is.
        """

        def register(function: Callable[P, R]) -> Callable[P, R]:
            options = options_of(function)

            @functools.wraps(function)
            def answered(store: Any, /, **given: Any) -> Any:
                used = _checked(options, given, store, made.name)
                return _completed(function(store, **used), store, made, used)

            made = View(
                self.name, name or function.__name__, function.__name__, answered, options, chart, counts,
                person_rows, front, parts=parts,
            )  # fmt: skip
            self._views[made.name] = made
            answered.view = made  # type: ignore[attr-defined]
            answered.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
            return answered  # type: ignore[return-value]

        return register

    def finding(self, *analyses: Callable[..., Any]) -> Callable[[F], F]:
        """Register what a result may say: a function of a reading; its name is the finding's code."""

        def register(function: F) -> F:
            for analysis in analyses:
                self._view_of(analysis).finders.append(function)
            return function

        return register

    def headline(self, *analyses: Callable[..., Any], empty: bool = False) -> Callable[[F], F]:
        """Register what stands over a view's picture where no finding has a title of its own.

        ``empty``: it has something to say of a result without rows, too (why there are none).
        """

        def register(function: F) -> F:
            for analysis in analyses:
                view = self._view_of(analysis)
                view.headline, view.empty_speaks = function, empty
            return function

        return register

    def _view_of(self, analysis: Callable[..., Any]) -> View:
        found = getattr(analysis, "view", None)
        if not isinstance(found, View):
            raise TypeError(f"{analysis!r} is no view; register it with @{self.name}.view() first")
        return found

    def analysis(self, view: str | None = None) -> View:
        """The view of that name, or of the analysis of that name; the main one where none is named."""
        if view is None:
            return next(iter(self.views.values()))
        for one in self.views.values():
            if view in (one.name, one.analysis):
                return one
        raise InputError(f"'{self.name}' has no view {view!r}; choose among {', '.join(self.views)}")

    @property
    def analyses(self) -> tuple[View, ...]:
        """Its views, the main one first."""
        return tuple(self.views.values())

    @property
    def explored(self) -> View:
        """The view that controls show where none is named."""
        return self.analysis(self._explores or None)


def _completed(frame: Any, store: Any, view: View, params: Mapping[str, Any]) -> Any:
    """An answer with the shop, the day and the choices that it was made with.

    ``attrs``: analysis, theme, view, store, shop (its names by language), as_of, base, counts, currency, churn_days,
    params, limits (the shop's own, for findings and titles), row_count, then what the analysis itself says.
    """
    said = dict(frame.attrs)
    settings = store.settings
    about: dict[Any, Any] = {
        "analysis": view.analysis,
        "theme": view.theme,
        "view": view.name,
        "store": store.id,
        "shop": plain(settings.name),
        "as_of": store.as_of.isoformat(),
        "base": said.pop("base", len(frame)),
        "counts": said.pop("counts", "") or view.counts,
        "currency": settings.currency,
        "churn_days": settings.churn_days,
        "params": {**plain(params), **said.pop("params", {})},
        "limits": plain(settings.findings),
        "row_count": len(frame),
    }
    frame.attrs = about | said
    return frame


def _checked(options: Sequence[Option], given: Mapping[str, Any], store: Any, view: str) -> dict[str, Any]:
    known = {one.name: one for one in options}
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, list(known), 1)
            meant = f" (did you mean {near[0]!r}?)" if near else ""
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise InputError(f"'{view}' has no option {name!r}{meant}; {has}")
    used = {name: one.value(given.get(name), store) for name, one in known.items()}
    for name, one in known.items():
        if one.required and used[name] is None:
            raise InputError(f"'{view}' needs {name}: {one.kind.form}")
    return used
