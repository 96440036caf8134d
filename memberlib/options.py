"""The options that an analysis takes, as the annotations of its keyword-only parameters declare them.

``Annotated[int, Whole(1, 3650, slider=(7, 730))]`` is a whole number that a control offers from 7 to 730; a ``Literal``
is a choice. From the one declaration come the word at a prompt with its help, the control, and the check of a value.
"""

from __future__ import annotations

import ast
import datetime as dt
import difflib
import inspect
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, get_args, get_origin

from memberlib.errors import InputError


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


class Kind:
    """What values an option takes."""

    @property
    def form(self) -> str:
        """How a value is written at a prompt."""
        return "text"

    def read(self, text: Any) -> Any:
        """A value from what was typed at a prompt."""
        return text

    def check(self, value: Any, name: str) -> Any:
        """The value as the analysis is given it; a wrong one is refused in a line that names the option."""
        return value


@dataclass(frozen=True)
class Whole(Kind):
    """A whole number from ``low`` to ``high``; a control offers the range that it is sensible to aim at."""

    low: int = 1
    high: int = 999_999_999
    slider: tuple[int, int] | None = None

    @property
    def form(self) -> str:
        """How a value is written at a prompt."""
        return "a whole number"

    def check(self, value: Any, name: str) -> int:
        """The value as a whole number within the bounds."""
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
class Number(Kind):
    """A number from ``low`` to ``high``."""

    low: float = 0.0
    high: float = math.inf
    slider: tuple[float, float] | None = None

    @property
    def form(self) -> str:
        """How a value is written at a prompt."""
        return "a number"

    def check(self, value: Any, name: str) -> float:
        """The value as a number within the bounds."""
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
class Edges(Kind):
    """Rising upper edges of intervals that are closed on the right: months, orders, money."""

    unit: str = "plain"
    whole: bool = True
    what: str = "edges"

    @property
    def form(self) -> str:
        """How a value is written at a prompt."""
        return (
            "rising numbers such as 50,100,200" if not self.whole else "rising whole numbers such as 2,5,10"
        )

    def check(self, value: Any, name: str) -> tuple[Any, ...]:
        """The edges as a rising tuple; they may come as one text with commas."""
        if isinstance(value, str):
            value = [part.strip() for part in value.replace("，", ",").split(",") if part.strip()]
        elif not hasattr(value, "__iter__"):
            value = [value]
        return rising(list(value), whole=self.whole, what=self.what)


@dataclass(frozen=True)
class Choice(Kind):
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
        """How a value is written at a prompt."""
        return "|".join(map(str, self.choices))

    def check(self, value: Any, name: str) -> Any:
        """The value, where it is one of the choices."""
        if value in self.choices if isinstance(value, str | int | float) else False:
            return value
        if self.other:
            return value
        near = difflib.get_close_matches(str(value), [str(one) for one in self.choices], 1)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        known = ", ".join(map(str, self.choices))
        raise InputError(f"{name} {value!r} is not known{meant}; choose one of {known}")


@dataclass(frozen=True)
class Day(Kind):
    """A date, or a text such as 2026-06-30."""

    @property
    def form(self) -> str:
        """How a value is written at a prompt."""
        return "a day such as 2026-06-30"

    def check(self, value: Any, name: str) -> dt.date | None:
        """The value as a date."""
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
class Anything(Kind):
    """What only the analysis itself can check, with the form it has at a prompt and the control it wants."""

    written: str = "text"
    reader: Callable[[Any], Any] | None = field(default=None, compare=False)
    many: bool = False
    example: str = ""
    control: str = ""

    @property
    def form(self) -> str:
        """How a value is written at a prompt."""
        return self.written

    def read(self, text: Any) -> Any:
        """A value from what was typed at a prompt."""
        return self.reader(text) if self.reader else text

    def check(self, value: Any, name: str) -> Any:
        """The value, read where it came as a text."""
        return self.reader(value) if self.reader and isinstance(value, str) else value


def rising(edges: Sequence[Any], *, whole: bool, what: str) -> tuple[Any, ...]:
    """Edges as a strictly rising tuple of positive finite numbers.

    Parameters
    ----------
    edges : sequence of numbers or texts
    whole : bool
        Whether they must be whole.
    what : str
        What an error begins with.

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
