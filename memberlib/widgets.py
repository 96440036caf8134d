"""Which control calls which analysis?

A control computes nothing and draws nothing itself: a move calls the analysis, then the chart, then the table. What
cannot be done is said above the picture, and the last good picture stays. Where no browser runs (papermill, nbval, a
code host), the same cell shows the static picture and table.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets as w
import traitlets

from memberlib import charts, i18n, tables, themes
from memberlib.errors import InputError
from memberlib.settings import LevelRule
from memberlib.theme import View
from memberlib.themes.level import rules_to_try

if TYPE_CHECKING:
    from memberlib.store import Store

_WIDE = {"description_width": "initial"}


class IntervalEditor(w.VBox):
    """Upper edges of intervals, one field each; − beside a field takes its interval away, + adds one at the end.

    Attributes
    ----------
    value : tuple of float
        The edges as they stand in the fields, right or wrong; the analysis says what is wrong with them.
    """

    value = traitlets.Tuple()

    def __init__(self, edges: Sequence[float], **options: Any) -> None:
        self._fields: list[w.FloatText] = []
        self.add = w.Button(description="+", tooltip=i18n.say("widget.add"), layout=w.Layout(width="3em"))
        self.add.on_click(lambda _: self.append())
        super().__init__(**options)
        for edge in edges:
            self._put(edge)
        self._arrange()

    def append(self) -> None:
        """Add an interval: the last edge and the last step more (or twice the only edge)."""
        edges = [field.value for field in self._fields]
        step = edges[-1] - edges[-2] if len(edges) > 1 else (edges[-1] if edges else 1)
        self._put((edges[-1] if edges else 0) + (step if step > 0 else 1))
        self._arrange()

    def remove(self, place: int) -> None:
        """Take the interval at ``place`` away; the last one left stays."""
        if len(self._fields) > 1:
            del self._fields[place]
            self._arrange()

    def _put(self, edge: float) -> None:
        field = w.FloatText(value=edge, layout=w.Layout(width="7em"), continuous_update=False)
        field.observe(lambda _: self._tell(), "value")
        self._fields.append(field)

    def _arrange(self) -> None:
        rows = []
        for place, field in enumerate(self._fields):
            minus = w.Button(description="−", tooltip=i18n.say("widget.remove"), layout=w.Layout(width="3em"))
            minus.on_click(lambda _, place=place: self.remove(place))
            minus.disabled = len(self._fields) == 1
            rows.append(w.HBox([field, minus]))
        self.children = (
            w.Label(i18n.say("widget.edges")),
            w.HBox([*rows, self.add], layout=w.Layout(flex_flow="row wrap")),
        )
        self._tell()

    def _tell(self) -> None:
        self.value = tuple(
            int(field.value) if field.value == int(field.value) else field.value for field in self._fields
        )


class RuleSliders(w.VBox):
    """Thresholds and discount of every level above the lowest.

    Attributes
    ----------
    value : tuple of LevelRule
    """

    value = traitlets.Tuple()

    def __init__(self, rules: Sequence[LevelRule], **options: Any) -> None:
        self._lowest, self._rows = rules[0], []
        rows = []
        for rule in rules[1:]:
            name = i18n.say(f"level.{rule.level}")
            top = 3 * (rule.amount or 1000)
            amount = w.FloatSlider(rule.amount or 0, min=0, max=top, step=_step(top), readout_format=",.0f",
                                   description=i18n.say("widget.rule_amount", level=name))  # fmt: skip
            orders = w.IntSlider(
                rule.orders or 0,
                min=0,
                max=3 * (rule.orders or 10),
                description=i18n.say("widget.rule_orders"),
            )
            discount = w.FloatSlider(rule.discount, min=0.5, max=1, step=0.01, readout_format=".0%",
                                     description=i18n.say("widget.rule_discount"))  # fmt: skip
            for slider in (amount, orders, discount):
                slider.continuous_update, slider.style = False, _WIDE
                slider.observe(lambda _: self._tell(), "value")
            self._rows.append((rule.level, amount, orders, discount))
            rows.append(w.HBox([amount, orders, discount], layout=w.Layout(flex_flow="row wrap")))
        super().__init__(rows, **options)
        self._tell()

    def _tell(self) -> None:
        rules = [LevelRule(level, amount.value or None, orders.value or None, discount.value)
                 for level, amount, orders, discount in self._rows]  # fmt: skip
        self.value = (self._lowest, *rules)


class Explorer(w.VBox):
    """One analysis with its controls: a move draws its picture and table anew.

    Attributes
    ----------
    result : DataFrame
        The last good result, to go on with in the next cell.
    controls : dict
        Name of the analysis's parameter → control; ``as_of`` picks the day.
    """

    def __init__(self, store: Store, analysis: View, controls: dict[str, Any]) -> None:
        self._store, self._analysis, self._stores = store, analysis, {store.as_of: store}
        self._lang = i18n.language()
        self.controls = {
            **controls,
            "as_of": w.DatePicker(value=store.as_of, description=i18n.say("widget.as_of"), style=_WIDE),
        }
        self.message, self.table = w.HTML(), w.HTML()
        self.picture = w.Image(format="png", layout=w.Layout(width="100%", max_width="46em"))
        super().__init__([*self.controls.values(), self.message, self.picture, self.table])
        self.result: Any = None
        self.update()
        for control in self.controls.values():
            control.observe(lambda _: self.update(), "value")

    def update(self) -> None:
        """Ask the analysis again with what the controls say; say why where it refuses, and keep the last picture."""
        try:
            result = self._analysis(self._at(self.controls["as_of"].value), **self._values())
        except InputError as error:
            why = str(error)
            self.message.value = tables.notice(
                i18n.say("widget.refused", self._lang, why=why if why.endswith(".") else why + ".")
            )
            return
        with i18n.speaking(self._lang):
            self.picture.value = charts.picture(charts.draw(result))
            self.table.value = tables.show(result)._repr_html_()
        self.result, self.message.value = result, ""

    def _values(self) -> dict[str, Any]:
        return {name: control.value for name, control in self.controls.items() if name != "as_of"}

    def _at(self, day: dt.date | None) -> Store:
        if day is None:
            raise InputError(i18n.say("widget.no_date", self._lang))
        if day not in self._stores:
            self._stores[day] = self._store.at(day)
        return self._stores[day]

    def __repr__(self) -> str:
        return f"<{self._analysis.analysis} of {self._store.id}, to explore>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The live control where a browser shows widgets; else the picture and the table as they stand."""
        bundle = super()._repr_mimebundle_(**options)
        data, rest = bundle if isinstance(bundle, tuple) else (bundle, None)
        if data is None:
            return bundle
        picture = base64.b64encode(self.picture.value).decode()
        data = {
            **data,
            "text/plain": repr(self),
            "text/html": f'<img src="data:image/png;base64,{picture}"/>\n{self.table.value}',
        }
        return data if rest is None else (data, rest)


def explore(store: Store, theme: str, *, view: str | None = None) -> Explorer:
    """Controls for one analysis of a theme, over its picture and table.

    Parameters
    ----------
    store : Store
    theme : str
        level, time, amount, count or rfm.
    view : str, optional
        Another analysis of the theme; level explores ``flow``, the others their main analysis.

    Raises
    ------
    InputError
        For an unknown theme or view, or a view that has no controls.

    Examples
    --------
    >>> explore(store, "amount")  # doctest: +SKIP
    """
    found = themes.theme(theme)
    analysis = found.analysis(view) if view else found.explored
    made = _CONTROLS.get(analysis.analysis)
    if made is None:
        raise InputError(f"view '{analysis.name}' of '{theme}' has no controls; leave view out")
    return Explorer(store, analysis, made(store))


def _choice(option: str, choices: Sequence[str], value: str) -> w.Dropdown:
    options = [(i18n.say(f"{option}.{choice}"), choice) for choice in choices]
    return w.Dropdown(options=options, value=value, description=i18n.say(f"{option}.name"), style=_WIDE)


def _step(top: float) -> float:
    return max(1.0, round(top / 300, -1) or 1.0)


def _time(store: Store) -> dict[str, Any]:
    return {
        "edges": IntervalEditor(store.settings.time_edges_months),
        "unit": _choice("time.option.unit", ("months", "days"), "months"),
    }


def _amount(store: Store) -> dict[str, Any]:
    return {
        "edges": IntervalEditor(store.settings.amount_edges),
        "measure": _choice(
            "amount.option.measure", ("mean", "total", "order"), store.settings.amount_measure
        ),
    }


def _count(store: Store) -> dict[str, Any]:
    return {"edges": IntervalEditor(store.settings.count_edges)}


def _sleeping(store: Store) -> dict[str, Any]:
    days = w.IntSlider(
        store.settings.churn_days, min=7, max=730, description=i18n.say("count.option.days.name"), style=_WIDE
    )
    days.continuous_update = False
    return {**_count(store), "days": days}


def _rules(store: Store) -> dict[str, Any]:
    return {"rules": RuleSliders(rules_to_try(store))}


def _rfm(store: Store) -> dict[str, Any]:
    scores = w.IntSlider(5, min=2, max=6, description=i18n.say("rfm.option.scores.name"), style=_WIDE)
    scores.continuous_update = False
    method = _choice("rfm.option.method", ("active", "median", "mean", "quantile", "jenks"), "active")
    segment_map = _choice("rfm.option.segment_map", ("eight", "eleven"), "eight")

    def finer(_: Any) -> None:
        """The eleven segments are made of five scores, which two-sided methods do not give."""
        if segment_map.value == "eleven":
            scores.value = 5
            if method.value in ("active", "median", "mean"):
                method.value = "quantile"

    segment_map.observe(finer, "value")
    return {"method": method, "scores": scores, "segment_map": segment_map}


_CONTROLS: dict[str, Callable[[Store], dict[str, Any]]] = {
    "time_bands": _time,
    "amount_bands": _amount,
    "count_bands": _count,
    "sleeping": _sleeping,
    "structure": _rules,
    "flow": _rules,
    "discount_cost": _rules,
    "segments": _rfm,
}
