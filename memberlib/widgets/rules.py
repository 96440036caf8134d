"""Sliders for the rules of the levels: from which amount, from how many orders, at which discount."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import ipywidgets as w
import traitlets

from memberlib import i18n
from memberlib.settings import EXAMPLE_RULES, LevelRule
from memberlib.widgets.fields import NumberField

_CHEAPEST = 0.5


class RuleSliders(w.VBox):
    """Thresholds and discount of every level above the lowest; an empty field is no threshold.

    Attributes
    ----------
    value : tuple of LevelRule
        As they stand, right or wrong; the analysis says what is wrong with them.
    """

    value = traitlets.Tuple()

    def __init__(
        self,
        rules: Sequence[Any],
        *,
        label: str = "",
        currency: str = "",
        discounts: bool = True,
        **options: Any,
    ) -> None:
        self._currency, self._lang, self._showing = currency, i18n.language(), False
        self._shown = 3 if discounts else 2  # fields of a level
        self._head = (w.Label(label),) if label else ()
        self.rows: dict[str, tuple[NumberField, NumberField, NumberField]] = {}
        super().__init__(self._head, **options)
        self.observe(lambda _: self._show(), "value")
        # A shop that has set none is shown an example to try.
        self.value = tuple(rules) or EXAMPLE_RULES
        self._show()

    @traitlets.validate("value")
    def _as_rules(self, proposal: Any) -> tuple[LevelRule, ...]:
        return tuple(map(_rule, proposal["value"]))

    def written(self) -> str:
        """The rules in words, a level after the other."""
        parts = []
        for rule in self.value[1:]:
            said = [i18n.word("level", rule.level)]
            if rule.amount is not None:
                amount = _amount(rule.amount, self._currency)
                said.append(i18n.say("widget.from_amount", amount=amount))
            if rule.orders is not None:
                said.append(i18n.say("widget.from_orders", orders=i18n.counted(rule.orders, "orders")))
            if self._shown == 3:
                said.append(i18n.say("widget.at_discount", discount=_discount(rule.discount)))
            parts.append(" ".join(said))
        return "; ".join(parts)

    def _show(self) -> None:
        self._showing = True
        try:
            if [rule.level for rule in self.value[1:]] != list(self.rows):
                with i18n.speaking(self._lang):
                    self.rows = {rule.level: self._row(rule) for rule in self.value[1:]}
                lines = [
                    w.VBox(
                        [w.HTML(f"<b>{i18n.word('level', level, self._lang)}</b>"), *fields[: self._shown]]
                    )
                    for level, fields in self.rows.items()
                ]
                self.children = (*self._head, *lines)
            for rule in self.value[1:]:
                for field, value in zip(
                    self.rows[rule.level], (rule.amount, rule.orders, rule.discount), strict=True
                ):
                    field.value = value
        finally:
            self._showing = False

    def _row(self, rule: LevelRule) -> tuple[NumberField, NumberField, NumberField]:
        step = _step(3 * (rule.amount or 1000))
        none = i18n.say("widget.no_rule")
        # The sliders begin above 0: a threshold of 0 is everybody's, and none at all is an empty field.
        amount = NumberField(
            i18n.say("widget.rule_amount"),
            low=step,
            high=_up(3 * (rule.amount or 1000), step),
            step=step,
            empty=none,
        )
        orders = NumberField(
            i18n.say("widget.rule_orders"), low=1, high=max(3 * (rule.orders or 10), 3), empty=none
        )
        discount = NumberField(
            i18n.say("widget.rule_discount"), low=_CHEAPEST, high=1.0, step=0.01,
            written=partial(_discount, lang=self._lang), read=_read_discount,
        )  # fmt: skip
        for field in (amount, orders, discount):
            field.observe(lambda _: self._moved(), "value")
        return amount, orders, discount

    def _moved(self) -> None:
        if not self._showing:
            made = [
                LevelRule(level, amount.value, orders.value, discount.value)
                for level, (amount, orders, discount) in self.rows.items()
            ]
            self.value = (self.value[0], *made)


def _rule(rule: Any) -> LevelRule:
    return rule if isinstance(rule, LevelRule) else LevelRule(**rule)


def _step(top: float) -> int:
    """A round step of about a hundredth of the slider."""
    step = 1
    while step * 100 < top:
        step *= 5 if str(step)[0] == "1" else 2
    return step


def _up(value: float, step: int) -> int:
    return int(-(-value // step) * step)


def _amount(value: Any, currency: str) -> str:
    return i18n.money(value, currency) if currency else i18n.number(value)


def _discount(rate: Any, lang: str | None = None) -> str:
    """What is paid of the price: 90% where English is read, 9折 where Chinese is."""
    if i18n.language(lang) == "en" or rate == 1:
        return i18n.percent(rate, lang, digits=0 if round(rate, 2) == rate else 1)
    return i18n.discount(rate, lang)


def _read_discount(text: str) -> Any:
    """A price rate as people type it: 90%, 90, 0.9, 9折.

    Examples
    --------
    >>> _read_discount("85%"), _read_discount("0.85"), _read_discount("8.5折"), _read_discount("free")
    (0.85, 0.85, 0.85, 'free')
    """
    typed = text.strip().replace("％", "%")
    try:
        if typed.endswith("折"):
            number = float(typed[:-1]) / (10 if float(typed[:-1]) <= 10 else 100)
        elif typed.endswith("%"):
            number = float(typed[:-1]) / 100
        else:
            number = float(typed)
            number = number / 100 if number > 1 else number
    except ValueError:
        return typed
    return round(number, 4)
