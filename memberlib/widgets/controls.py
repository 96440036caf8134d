"""The control that an option gets from what is declared of it: a slider, a dropdown, a date, a field."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from memberlib import i18n
from memberlib.theme import Anything, Choice, Day, Edges, Number, Option, View, Whole
from memberlib.widgets.fields import NumberField, is_number
from memberlib.widgets.intervals import IntervalEditor, MeasureEditor
from memberlib.widgets.rules import RuleSliders

if TYPE_CHECKING:
    from memberlib.store import Store

WIDE = {"description_width": "initial"}


def control_of(view: View, option: Option, value: Any, *, store: Store) -> w.Widget | None:
    """The control of an option, at a value; None where nothing can be chosen in a notebook.

    Its ``value`` is what the analysis is given; None (or an empty text) leaves the option out.
    """
    kind, label = option.kind, i18n.say(f"{view.theme}.option.{option.name}.name")
    if isinstance(kind, Edges):
        return IntervalEditor(value or (), label=label)
    if isinstance(kind, Whole | Number):
        return _number(kind, label, value)
    if isinstance(kind, Choice):
        return _choice(view, option, kind, label, value)
    if isinstance(kind, Day):
        return w.DatePicker(value=value, description=label, style=WIDE)
    if isinstance(kind, Anything) and kind.control:
        return _OWN[kind.control](label, value, store)
    if not isinstance(kind, Anything) or kind.many or kind.form != "text":
        return None
    return w.Text(value=value or "", description=label, continuous_update=False, style=WIDE)


_OWN: dict[str, Callable[[str, Any, Any], w.Widget]] = {
    "rules": lambda label, value, store: RuleSliders(
        value or store.settings.level_rules, label=label, currency=store.settings.currency
    ),
    "thresholds": lambda label, value, store: RuleSliders(
        value or store.settings.level_rules, label=label, currency=store.settings.currency, discounts=False
    ),
    "measures": lambda label, value, store: MeasureEditor(value or {}, label=label),
}


def written(view: View, option: Option, control: Any) -> str:
    """What a control is set to, in the reader's words; "" where it says nothing."""
    value = control.value
    if isinstance(option.kind, Choice):
        return str(control.label)
    if value is None or value == "" or value == ():
        return ""
    if isinstance(option.kind, Day):
        return i18n.day(value)
    if isinstance(option.kind, Edges):
        return ", ".join(i18n.number(one) for one in value)
    if hasattr(control, "written"):
        return str(control.written())
    return i18n.number(value) if is_number(value) else str(value)


def example(option: Option, store: Store) -> str:
    """A value that the option takes, as it is written in its control; "" where there is none to give."""
    value = option.of(store)
    if isinstance(option.kind, Edges) and value:
        return ", ".join(i18n.number(one) for one in value)
    if isinstance(option.kind, Whole | Number):
        aim = value if is_number(value) else (option.kind.slider or (None,))[-1]
        return "" if aim is None else i18n.number(aim)
    return ""


def _number(kind: Whole | Number, label: str, value: Any) -> w.Widget:
    if kind.slider is None:
        return w.Text(
            value="" if value is None else i18n.number(value),
            description=label,
            continuous_update=False,
            style=WIDE,
        )
    low, high = kind.slider
    step = 1 if isinstance(kind, Whole) else 10 ** math.floor(math.log10((high - low) / 50))
    return NumberField(label, low=low, high=high, step=step, value=value)


def _choice(view: View, option: Option, kind: Choice, label: str, value: Any) -> w.Widget:
    group = kind.words or f"{view.theme}.option.{option.name}"
    choices = [(i18n.say(f"{group}.{choice}"), choice) for choice in kind.choices]
    if value is not None and value not in kind.choices:
        choices.append((str(value), value))
    if option.default is None and not option.required:
        choices.insert(0, (i18n.say("widget.all"), ""))  # a dropdown knows no value None
    return w.Dropdown(options=choices, value=value if value is not None else choices[0][1],
                      description=label, style=WIDE)  # fmt: skip
