"""One view under its controls: a move draws its picture and table anew, the last move last."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import html
import os
from typing import TYPE_CHECKING, Any

import ipywidgets as w
from IPython.display import publish_display_data

from memberlib import charts, i18n, tables
from memberlib.errors import InputError
from memberlib.jupyter import LAST_SHOWN
from memberlib.theme import Choice, Day, Edges, View
from memberlib.widgets import controls as made
from memberlib.widgets.calls import call_of, name_of

if TYPE_CHECKING:
    import pandas as pd

    from memberlib.store import Store

PAUSE = 0.04
"""So many seconds after the last move a picture is drawn: long enough for moves that wait to be seen first."""
_DAYS_KEPT = 4
_SMALL = "opacity:.75;font-size:.86em;margin:.3em 0"
_CODE = (
    "user-select:all;background:rgba(128,122,112,.12);padding:.5em .8em;margin:.4em 0;white-space:pre-wrap;"
    "font-size:.86em;max-width:54em"
)


class Explorer(w.VBox):
    """A view's picture and table under a control for each of its options.

    Attributes
    ----------
    result : DataFrame
        What is shown, to go on with in the next cell.
    call : str
        The call that answers the same, ready to be copied.
    controls : dict
        Name of the option → its control; ``as_of`` picks the day.
    """

    def __init__(self, store: Store, view: View) -> None:
        self._store, self._view, self._stores = store, view, {store.as_of: store}
        self._lang, self._name = i18n.language(), name_of(store)
        self._result: pd.DataFrame | None = None
        self._settings, self._title, self.call = "", "", ""
        self._waiting, self._drawing, self._showing = True, False, False
        self._displayed = False
        self._timer: asyncio.TimerHandle | None = None
        self._needed: tuple[str, ...] = ()
        self._options = {one.name: one for one in view.options}
        self.controls: dict[str, Any] = self._controls()
        self._starts = {name: control.value for name, control in self.controls.items()}
        self.message, self.busy, self._code, self.table = w.HTML(), w.HTML(), w.HTML(), w.HTML()
        self.picture = w.Image(format="png", layout=w.Layout(width="100%", max_width="46em"))
        self._mark = f"memberlib-{self.picture.model_id}"
        for part in (self.picture, self._code, self.table):
            part.add_class(self._mark)
        if view.chart is None:
            self.picture.layout.display = "none"
        super().__init__(
            [*self.controls.values(), self.busy, self.message, self.picture, self._code, self.table]
        )
        self.update()
        for name, control in self.controls.items():
            control.observe(lambda _, name=name: self._moved(name), "value")

    # ------------------------------------------------------------ what it shows

    @property
    def result(self) -> pd.DataFrame | None:
        """What is shown; a picture that waits is drawn first."""
        self._catch_up()
        return self._result

    def update(self) -> None:
        """Draw what the controls say; say why where that cannot be, and keep the last picture."""
        self._waiting = True
        self._catch_up()

    def __repr__(self) -> str:
        return f"<{self._view.analysis} of {self._store.id}, to explore>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The live control where a browser shows widgets; else the picture, the settings, the call and the table."""
        self._catch_up()
        bundle = super()._repr_mimebundle_(**options)
        data, rest = bundle if isinstance(bundle, tuple) else (bundle, None)
        if data is None:
            return bundle
        data = {**data, "text/plain": repr(self), "text/html": self._static()}
        self._keep(update=False)
        return data if rest is None else (data, rest)

    def _static(self) -> str:
        """What stays where no kernel runs; every look stands in its tag, as a fresh clone's are taken out elsewhere."""
        parts = []
        if self.picture.value:
            picture = base64.b64encode(self.picture.value).decode()
            alt = html.escape(self._title)
            look = "width:100%;max-width:46em"
            parts.append(f'<img src="data:image/png;base64,{picture}" alt="{alt}" style="{look}"/>')
        parts += [self._settings, self._code.value, self.message.value, self.table.value]
        return "\n".join(part for part in parts if part)

    def _keep(self, *, update: bool) -> None:
        """Tell a notebook in a browser what is shown now, for when it is saved (see :mod:`memberlib.jupyter`)."""
        self._displayed = self._displayed or not update
        if self._displayed and "JPY_SESSION_NAME" in os.environ:
            shown = {LAST_SHOWN: {"model_id": self.model_id, "html": self._static()}}
            publish_display_data(shown, transient={"display_id": self._mark}, update=update)

    # ------------------------------------------------------------ moves

    def _moved(self, name: str) -> None:
        if self._showing:
            return
        self._bring(name)
        self._arrange()
        self._waiting = True
        if self._drawing:  # the drawing in flight looks what waits when it is done
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no browser waits for an answer
            self._catch_up()
            return
        self._say_busy()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(PAUSE, self._catch_up)

    def _catch_up(self) -> None:
        """Draw until nothing waits: one picture for all moves that came before it."""
        if self._drawing or not self._waiting:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._drawing = True
        try:
            while self._waiting:
                self._waiting = False
                with i18n.speaking(self._lang):
                    self._draw()
            self._keep(update=True)
        finally:
            self._drawing = False

    def _bring(self, name: str) -> None:
        """Set the other options to what a choice cannot do without."""
        option = self._options.get(name)
        if option is None or not isinstance(option.kind, Choice):
            return
        for other, allowed in option.kind.needs.get(self.controls[name].value, {}).items():
            control = self.controls.get(other)
            if control is None or not self._view.matters(other, self._values()):
                continue
            if control.value not in allowed:
                self._put(other, allowed[0])

    def _put(self, name: str, value: Any) -> None:
        """Set a control as if nobody had moved it."""
        self._showing, before = True, self._showing
        try:
            self.controls[name].value = value
        finally:
            self._showing = before

    # ------------------------------------------------------------ drawing

    def _draw(self) -> None:
        try:
            store, given = self._at(self.controls["as_of"].value), self._given()
            result, given = self._answer(store, given)
            if self._view.chart is not None:
                self.picture.value = charts.picture(charts.draw(result))
            self.table.value = tables.show(result)._repr_html_()
        except InputError as error:
            self._refuse(error)
            return
        except BaseException:
            self.busy.value = ""
            raise
        self._result = result
        self._take_up(result, given)
        self._arrange()
        self._title, self._settings = i18n.title(dict(result.attrs)), self._written()  # type: ignore[arg-type]
        self.call = call_of(store, self._view, given, own_day=self._store.as_of, name=self._name)
        said = html.escape(i18n.say("widget.call"))
        code = f'<code style="background:none">{html.escape(self.call)}</code>'
        self._code.value = f'<p style="{_SMALL}">{said}</p><pre style="{_CODE}">{code}</pre>'
        self.message.value, self.busy.value = self._after_last(store), ""

    def _answer(self, store: Store, given: dict[str, Any]) -> tuple[pd.DataFrame, dict[str, Any]]:
        try:
            return self._view(store, **given), given
        except InputError:
            if self._needed or self._result is not None:
                raise
        # an analysis that cannot answer without its options is given them from the start
        self._needed = tuple(name for name, one in self._options.items() if one.default is None)
        given = self._given()
        return self._view(store, **given), given

    def _take_up(self, result: pd.DataFrame, given: dict[str, Any]) -> None:
        """Let controls that nobody has moved show what the analysis used in their place."""
        used = {**{k: v for k, v in result.attrs.items() if v is not None},
                **{k: v for k, v in result.attrs["params"].items() if v is not None}}  # fmt: skip
        for name in self._options:
            if name in self.controls and name in used and name not in given and self._chosen(name) is None:
                day = isinstance(self._options[name].kind, Day)
                self._put(name, dt.date.fromisoformat(used[name]) if day else _as_shown(used[name]))
                self._starts[name] = self.controls[name].value

    def _refuse(self, error: InputError) -> None:
        why = self._in_words(error)
        if not why.endswith((".", "。")):
            why += i18n.say("widget.stop")
        said = i18n.say("widget.refused", why=why)
        if self._result is not None:
            said += i18n.say("widget.stands", day=i18n.day(self._result.attrs["as_of"]))
        self.message.value = tables.notice(said)
        # What stands is not what the controls say: it is dimmed, and the message names its day.
        self.busy.value = self._dimmed("")

    def _in_words(self, error: InputError) -> str:
        if not error.key:
            return str(error)
        values = {
            name: i18n.day(value) if isinstance(value, dt.date)
            else i18n.word("level", value) if name == "level"
            else i18n.number(value) if made.is_number(value) and name != "year" else value
            for name, value in error.values.items()
        }  # fmt: skip
        said = i18n.say(error.key, **values)
        option = next((one for one in self._options.values() if str(error).startswith(f"{one.name}:")), None)
        if error.key.startswith("refused.edge"):
            option = next((one for one in self._options.values() if isinstance(one.kind, Edges)), None)
        example = made.example(option, self._store) if option is not None else ""
        return said + (i18n.say("widget.such_as", example=example) if example else "")

    def _after_last(self, store: Store) -> str:
        last = store.last_order_on
        if last is None or store.as_of <= last or store.as_of == self._store.as_of:
            return ""
        days = i18n.counted((store.as_of - last).days, "days")
        return tables.notice(i18n.say("widget.after_last", last=i18n.day(last), days=days))

    def _say_busy(self) -> None:
        said = html.escape(i18n.say("widget.working", self._lang))
        self.busy.value = self._dimmed(f'<span role="status" style="{_SMALL}">⏳ {said}</span>')

    def _dimmed(self, said: str) -> str:
        return f"<style>.{self._mark} {{opacity:.3}}</style>{said}"

    def _written(self) -> str:
        """The settings of what is shown, for where the controls are gone."""
        said = [(i18n.say("widget.as_of"), i18n.day(self.controls["as_of"].value))]
        for name, option in self._options.items():
            if name in self.controls and self._matters(name):
                label = i18n.say(f"{self._view.theme}.option.{name}.name")
                said.append((label, made.written(self._view, option, self.controls[name])))
        lines = " · ".join(
            f"{html.escape(label)}: <strong>{html.escape(value)}</strong>" for label, value in said if value
        )
        return f'<p style="{_SMALL}">{lines}</p>'

    # ------------------------------------------------------------ options

    def _controls(self) -> dict[str, Any]:
        """A control for each option, at what the analysis uses where nothing is chosen."""
        found: dict[str, Any] = {}
        for name, option in self._options.items():
            control = made.control_of(self._view, option, option.of(self._store), store=self._store)
            if control is not None:
                found[name] = control
        found["as_of"] = w.DatePicker(
            value=self._store.as_of, description=i18n.say("widget.as_of"), style=made.WIDE
        )
        return found

    def _chosen(self, name: str) -> Any:
        """What the reader has chosen; None where the option is left as it was."""
        value = self.controls[name].value
        if value == "" or value == () or (value == self._starts[name] and name not in self._needed):
            return None
        return value

    def _values(self) -> dict[str, Any]:
        """What the options are, for those that depend on them; None for those left out that have no default."""
        return {
            name: self.controls[name].value if option.default is not None else self._chosen(name)
            for name, option in self._options.items()
            if name in self.controls
        }

    def _matters(self, name: str) -> bool:
        return self._view.matters(name, self._values())

    def _given(self) -> dict[str, Any]:
        chosen = {name: self._chosen(name) for name in self._options if name in self.controls}
        return {name: value for name, value in chosen.items() if value is not None and self._matters(name)}

    def _arrange(self) -> None:
        """Show the controls that do something as the others are set, and no other."""
        for name in self._options:
            if name in self.controls:
                self.controls[name].layout.display = None if self._matters(name) else "none"

    def _at(self, day: dt.date | None) -> Store:
        if day is None:
            raise InputError("choose a date", key="refused.no_date")
        if day not in self._stores:
            while len(self._stores) >= _DAYS_KEPT:
                self._stores.pop(next(one for one in self._stores if one != self._store.as_of))
            self._stores[day] = self._store.at(day)
        return self._stores[day]


def _as_shown(value: Any) -> Any:
    """A value out of a result's attributes as controls have it: lists as tuples."""
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        return {name: _as_shown(one) for name, one in value.items()}
    return value
