"""What a theme is made of: views with their options and charts, findings, and the words of all of them.

A theme is a folder below ``memberlib/themes`` (or below a folder that ``MEMBERLIB_THEMES`` names): its ``__init__.py``
makes a :class:`Theme` and registers analyses and findings with it, its ``words.toml`` holds the words in every language
and the limits from which on a finding speaks. Importing a theme loads neither pandas nor Ibis.
"""

from __future__ import annotations

import ast
import datetime as dt
import difflib
import functools
import inspect
import math
import os
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, ParamSpec, TypeVar, get_args, get_origin

from memberlib.errors import InputError
from memberlib.plain import plain

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


# ---------------------------------------------------------------- options


@dataclass(frozen=True)
class Setting:
    """Stands for what the shop's settings say, as the default of an option."""

    name: str

    def __repr__(self) -> str:
        return f"shop.{self.name}"


class _Shop:
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Setting(name)


shop: Any = _Shop()
"""``shop.churn_days`` as the default of an option is what the settings of the shop at hand say."""


@dataclass(frozen=True)
class Whole:
    """A whole number from ``low`` to ``high``; a control offers the range that it is sensible to aim at."""

    low: int = 1
    high: int = 999_999_999
    slider: tuple[int, int] | None = None

    @property
    def form(self) -> str:
        return "a whole number"

    def read(self, text: str) -> Any:
        return text

    def check(self, value: Any, name: str) -> int:
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if isinstance(value, bool) or not self.low <= number <= self.high or number != int(number):
            upper = "" if self.high >= 999_999_999 else f" to {self.high}"
            raise InputError(
                f"{name}: {value!r} must be a whole number of at least {self.low}"
                if not upper
                else f"{name}: {value!r} must be a whole number from {self.low}{upper}",
                key="refused.whole" if upper else "refused.whole_least",
                given=value, low=self.low, high=self.high,
            )  # fmt: skip
        return int(number)


@dataclass(frozen=True)
class Number:
    """A number from ``low`` to ``high``."""

    low: float = 0.0
    high: float = math.inf
    slider: tuple[float, float] | None = None

    @property
    def form(self) -> str:
        return "a number"

    def read(self, text: str) -> Any:
        return text

    def check(self, value: Any, name: str) -> float:
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if isinstance(value, bool) or not self.low <= number <= self.high or math.isinf(number):
            upper = "" if math.isinf(self.high) else f" to {self.high:g}"
            raise InputError(
                f"{name}: {value!r} must be a number from {self.low:g}{upper or ' on'}",
                key="refused.number" if upper else "refused.number_least",
                given=value, low=self.low, high=self.high,
            )  # fmt: skip
        return int(number) if number == int(number) else number


@dataclass(frozen=True)
class Edges:
    """Rising upper edges of intervals that are closed on the right: months, orders, money."""

    unit: str = "plain"
    whole: bool = True
    what: str = "edges"

    @property
    def form(self) -> str:
        return (
            "rising numbers such as 50,100,200" if not self.whole else "rising whole numbers such as 2,5,10"
        )

    def read(self, text: str) -> Any:
        return text

    def check(self, value: Any, name: str) -> tuple[Any, ...]:
        if isinstance(value, str):
            value = [part.strip() for part in value.replace("，", ",").split(",") if part.strip()]
        elif not hasattr(value, "__iter__"):
            value = [value]
        return rising(list(value), whole=self.whole, what=self.what)


@dataclass(frozen=True)
class Choice:
    """One of a few words; ``other`` may take what is none of them (a path, say).

    ``words`` is the group of words that say the choices, where they are not the option's own. ``needs`` says, for a
    choice that cannot be had with every value of the other options, which values of theirs it can be had with.
    """

    choices: tuple[Any, ...]
    other: bool = False
    words: str = ""
    needs: Mapping[Any, Mapping[str, tuple[Any, ...]]] = field(default_factory=dict, compare=False)

    @property
    def form(self) -> str:
        return "|".join(map(str, self.choices))

    def read(self, text: str) -> Any:
        return text

    def check(self, value: Any, name: str) -> Any:
        if value in self.choices if isinstance(value, str | int | float) else False:
            return value
        if self.other:
            return value
        near = difflib.get_close_matches(str(value), [str(one) for one in self.choices], 1)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        known = ", ".join(map(str, self.choices))
        raise InputError(f"{name} {value!r} is not known{meant}; choose one of {known}")


@dataclass(frozen=True)
class Day:
    """A date, or a text such as 2026-06-30."""

    form: str = "a day such as 2026-06-30"

    def read(self, text: str) -> Any:
        return text

    def check(self, value: Any, name: str) -> dt.date | None:
        if isinstance(value, dt.datetime):
            return value.date()
        if isinstance(value, dt.date):
            return value
        try:
            return dt.date.fromisoformat(str(value).strip())
        except ValueError:
            raise InputError(
                f"{name} {value!r} is not a date; write it as 2026-06-30", key="refused.date"
            ) from None


@dataclass(frozen=True)
class Anything:
    """What only the analysis itself can check, with the form it has at a prompt and the control it wants."""

    form: str = "text"
    reader: Callable[[Any], Any] | None = field(default=None, compare=False)
    many: bool = False
    example: str = ""
    control: str = ""

    def read(self, text: Any) -> Any:
        return self.reader(text) if self.reader else text

    def check(self, value: Any, name: str) -> Any:
        return self.reader(value) if self.reader and isinstance(value, str) else value


Kind = Whole | Number | Edges | Choice | Day | Anything


def rising(edges: Sequence[Any], *, whole: bool, what: str) -> tuple[Any, ...]:
    """Edges as a strictly rising tuple of positive finite numbers.

    Raises
    ------
    InputError
        Where there is no edge, or one is not a number, not above 0, not whole where it must be, or does not rise.

    Examples
    --------
    >>> rising(["50", 100], whole=False, what="amount edges")
    (50, 100)
    """
    kept: list[float] = []
    for edge in edges:
        try:
            value = float(edge)
        except (TypeError, ValueError):
            raise InputError(
                f"{what}: {edge!r} is not a number; give rising numbers such as 50,100,200",
                key="refused.edge_number", given=edge,
            ) from None  # fmt: skip
        if not 0 < value < 1e15:
            raise InputError(
                f"{what}: {edge} must be above 0; give rising numbers such as 50,100,200",
                key="refused.edge_above_0", given=edge,
            )  # fmt: skip
        if whole and value != int(value):
            raise InputError(f"{what}: {edge} must be a whole number", key="refused.edge_whole", given=edge)
        if kept and value <= kept[-1]:
            raise InputError(
                f"{what}: {edge} does not rise above {kept[-1]:g}; give each edge once, smallest first",
                key="refused.edge_rising", given=edge, before=kept[-1],
            )  # fmt: skip
        kept.append(int(value) if value == int(value) else value)
    if not kept:
        raise InputError(
            f"{what}: no edge given; give rising numbers such as 50,100,200", key="refused.edge_none"
        )
    return tuple(kept)


@dataclass(frozen=True)
class Flag:
    """In an option's annotation: the word at a prompt where it is not the option's own name."""

    word: str


class When:
    """In an option's annotation: it does something only where another option has one of these values.

    Without values: only where the other option is given at all. A view that has no such option is not bound by it.
    """

    def __init__(self, option: str, *values: Any) -> None:
        self.option, self.values = option, values

    def holds(self, value: Any) -> bool:
        """Whether the option does something where the other one has this value."""
        return value in self.values if self.values else value is not None


@dataclass(frozen=True)
class Option:
    """One choice that an analysis takes: its kind, its default, how it is called at a prompt."""

    name: str
    kind: Kind
    default: Any = None
    required: bool = False
    flag: str = ""
    when: tuple[When, ...] = ()

    @property
    def at_prompt(self) -> str:
        """The word at a prompt, such as ``--edges``."""
        return self.flag or f"--{self.name.replace('_', '-')}"

    def of(self, store: Any) -> Any:
        """The default for a shop."""
        return (
            getattr(store.settings, self.default.name) if isinstance(self.default, Setting) else self.default
        )

    def value(self, given: Any, store: Any) -> Any:
        """What is used: the given value, checked, or the default."""
        if given is None or isinstance(given, Setting):
            # settings were checked when they were read, and an analysis may ask whether it got the shop's own
            return self.of(store)
        return self.kind.check(given, self.name)


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


def options_of(function: Callable[..., Any]) -> tuple[Option, ...]:
    """The options of an analysis, from its keyword-only parameters and their annotations.

    ``Annotated[int, Whole(1, 3650)]`` names the kind; a ``Literal`` is a choice; plain ``int``, ``float`` and ``str``
    have their own. A parameter without a default must be given.
    """
    found = []
    names = vars(sys.modules[function.__module__])
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is not parameter.KEYWORD_ONLY:
            continue
        said = parameter.annotation
        if isinstance(said, str):
            said = _evaluated(said, names)
        kind, more = _kind(said)
        required = parameter.default is parameter.empty
        default = None if required else parameter.default
        flag = next((one.word for one in more if isinstance(one, Flag)), "")
        when = tuple(one for one in more if isinstance(one, When))
        found.append(Option(parameter.name, kind, default, required, flag, when))
    return tuple(found)


def _evaluated(text: str, names: Mapping[str, Any]) -> Any:
    """An annotation by itself: others of the same function may stand for types that are not imported here."""
    tree = ast.parse(text, mode="eval")
    return eval(compile(tree, "<annotation>", "eval"), dict(names))


def _kind(said: Any) -> tuple[Kind, tuple[Any, ...]]:
    """The kind that an annotation names, and what else it says (:class:`Flag`, :class:`When`)."""
    if get_origin(said) is Annotated:
        plain, *more = get_args(said)
        named = next((one for one in more if isinstance(one, Kind)), None)
        kind, inner = (named, ()) if named is not None else _kind(plain)
        return kind, (*inner, *more)
    if get_origin(said) is Literal:
        return Choice(get_args(said)), ()
    if get_args(said) and type(None) in get_args(said):  # an optional one is of its other kind
        return _kind(next(one for one in get_args(said) if one is not type(None)))
    if said is int:
        return Whole(), ()
    if said is float:
        return Number(), ()
    if said is dt.date:
        return Day(), ()
    return Anything(), ()
