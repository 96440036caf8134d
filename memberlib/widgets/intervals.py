"""Editors of intervals: a field for each upper edge, − to take one away, + to add one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets as w
import traitlets

from memberlib import i18n

_WRAP = {"flex_flow": "row wrap", "align_items": "center"}


class IntervalEditor(w.VBox):
    """Upper edges of intervals, one field each; − beside a field takes its interval away, + adds one at the end.

    Attributes
    ----------
    value : tuple of float
        The edges as they stand in the fields, right or wrong; the analysis says what is wrong with them.
    """

    value = traitlets.Tuple()

    def __init__(self, edges: Sequence[float], *, label: str | None = None, **options: Any) -> None:
        self._rows: list[w.HBox] = []
        self._showing = False
        self.add = w.Button(description="+", tooltip=i18n.say("widget.add"), layout=w.Layout(width="3em"))
        self.add.on_click(lambda _: self.append())
        self._line = w.HBox([self.add], layout=w.Layout(**_WRAP))
        # Words of the moment of making: a click comes when another language may be in use.
        self._remove = i18n.say("widget.remove")
        title = i18n.say("widget.edges") if label is None else label
        super().__init__([w.Label(title), self._line], **options)
        self.observe(lambda _: self._show(), "value")
        self.value = tuple(edges)
        self._show()

    @property
    def fields(self) -> tuple[w.FloatText, ...]:
        """The field of each edge."""
        return tuple(row.children[0] for row in self._rows)

    def append(self) -> None:
        """Add an interval: the last edge and the last step more (or twice the only edge)."""
        edges = self.value
        step = edges[-1] - edges[-2] if len(edges) > 1 else (edges[-1] if edges else 1)
        self.value = (*edges, (edges[-1] if edges else 0) + (step if step > 0 else 1))

    def remove(self, place: int) -> None:
        """Take the interval at ``place`` away; the last one left stays."""
        if len(self.value) > 1:
            self.value = (*self.value[:place], *self.value[place + 1 :])

    def _show(self) -> None:
        """Put the value into the fields, with as many fields as it has edges."""
        self._showing = True
        try:
            while len(self._rows) < len(self.value):
                self._rows.append(self._row())
            while len(self._rows) > len(self.value):
                row = self._rows.pop()
                for child in (*row.children, row):
                    child.close()
            for field, edge in zip(self.fields, self.value, strict=True):
                field.value = edge
            for row in self._rows:
                row.children[1].disabled = len(self._rows) == 1
            if len(self._line.children) != len(self._rows) + 1:
                self._line.children = (*self._rows, self.add)
        finally:
            self._showing = False

    def _row(self) -> w.HBox:
        field = w.FloatText(layout=w.Layout(width="7em"), continuous_update=False)
        field.observe(lambda _: self._typed(), "value")
        minus = w.Button(description="−", tooltip=self._remove, layout=w.Layout(width="3em"))
        row = w.HBox([field, minus])
        minus.on_click(lambda _: self.remove(self._rows.index(row)))
        return row

    def _typed(self) -> None:
        if not self._showing:
            values = [field.value for field in self.fields]
            self.value = tuple(int(value) if value == int(value) else value for value in values)


class MeasureEditor(w.VBox):
    """Intervals of several measures, one editor each.

    Attributes
    ----------
    value : dict
        Measure → its upper edges.
    """

    value = traitlets.Dict()

    def __init__(self, edges: Mapping[str, Sequence[float]], *, label: str, **options: Any) -> None:
        self._showing = False
        self._lang = i18n.language()
        self.editors: dict[str, IntervalEditor] = {}
        self._title = w.Label(label)
        super().__init__([self._title], **options)
        self.observe(lambda _: self._show(), "value")
        self.value = {measure: tuple(one) for measure, one in edges.items()}
        self._show()

    def written(self) -> str:
        """The edges of each measure, in words."""
        said = (
            f"{i18n.word('measure', measure)}: {', '.join(i18n.number(one) for one in edges)}"
            for measure, edges in self.value.items()
        )
        return "; ".join(said)

    def _show(self) -> None:
        self._showing = True
        try:
            for measure, edges in self.value.items():
                if measure not in self.editors:
                    with i18n.speaking(self._lang):
                        made = IntervalEditor(edges, label=i18n.word("measure", measure))
                    made.observe(lambda _: self._typed(), "value")
                    self.editors[measure] = made
                self.editors[measure].value = tuple(edges)
            self.children = (self._title, *(self.editors[one] for one in self.value))
        finally:
            self._showing = False

    def _typed(self) -> None:
        if not self._showing:
            self.value = {measure: editor.value for measure, editor in self.editors.items()}
