"""A number that is aimed at with a slider or typed in the field beside it."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from typing import Any

import ipywidgets as w
import traitlets

from memberlib import i18n

TRACK = "320px"
"""Width of a slider: a track of less than 240 px is hard to aim at."""


def read_number(text: str) -> Any:
    """A number as people type it; None for an empty field, the text itself where it is no number.

    Examples
    --------
    >>> read_number("1,250"), read_number("¥ 1 250.5"), read_number("0"), read_number(""), read_number("1,5")
    (1250, 1250.5, 0, None, '1,5')
    """
    typed = re.sub(r"[\s¥£$€]", "", unicodedata.normalize("NFKC", text)).replace("−", "-")
    if not typed:
        return None
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", typed):
        typed = typed.replace(",", "")
    try:
        number = float(typed)
    except ValueError:
        return text.strip()
    if not math.isfinite(number):
        return text.strip()
    return int(number) if number == int(number) else number


def is_number(value: Any) -> bool:
    """Whether a field's value is a number, not empty and not a text that is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


class NumberField(w.HBox):
    """A number that is aimed at with a slider or typed in the field beside it.

    Parameters
    ----------
    label : str
    low, high : number
        Ends of the slider; what is typed may lie outside.
    step : number
    value : number or None
        None leaves the field empty.
    written, read : callable
        How a number is written in the field, and read from what is typed.

    Attributes
    ----------
    value : number, None or str
        As it was aimed at or typed: None for an empty field, the text where it is no number.
    """

    value = traitlets.Any(None, allow_none=True)

    def __init__(
        self,
        label: str,
        *,
        low: float,
        high: float,
        step: float = 1,
        value: Any = None,
        empty: str = "",
        written: Callable[[Any], str] = i18n.number,
        read: Callable[[str], Any] = read_number,
    ) -> None:
        self._written, self._read, self._showing = written, read, False
        whole = all(isinstance(one, int) for one in (low, high, step))
        self.slider = (w.IntSlider if whole else w.FloatSlider)(
            min=low, max=high, step=step, value=low, readout=False, continuous_update=False,
            layout=w.Layout(width=TRACK),
        )  # fmt: skip
        self.field = w.Text(continuous_update=False, placeholder=empty, layout=w.Layout(width="6.5em"))
        super().__init__(
            [w.Label(label, layout=w.Layout(min_width="8em")), self.slider, self.field],
            layout=w.Layout(flex_flow="row wrap", align_items="center"),
        )
        self.slider.observe(lambda _: self._aimed(), "value")
        self.field.observe(lambda _: self._typed(), "value")
        self.observe(lambda _: self._show(), "value")
        self.value = value
        self._show()

    def _aimed(self) -> None:
        if not self._showing:
            self.value = self.slider.value

    def _typed(self) -> None:
        if not self._showing:
            self.value = self._read(self.field.value)
            self._show()

    def _show(self) -> None:
        self._showing = True
        try:
            if is_number(self.value):
                self.slider.value = min(max(self.value, self.slider.min), self.slider.max)
                self.field.value = self._written(self.value)
            else:
                self.field.value = "" if self.value is None else str(self.value)
        finally:
            self._showing = False
