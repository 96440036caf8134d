"""A result opened for reading: its rows, its base, the limits that hold, and how a finding is made of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cached_property
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from memberlib import i18n
from memberlib.sentences.finding import Finding
from memberlib.sentences.limits import limits

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
Title = tuple[str, Mapping[str, Any], Mapping[str, Any]]
"""Which of a title's sentences is said, with which figures, about what."""


class Reading:
    """A result opened for reading.

    Attributes
    ----------
    result : DataFrame
        As an analysis returned it.
    analysis, theme, currency : str
        From its attributes.
    limits : mapping
        Thresholds, see :func:`memberlib.sentences.limits.limits`.
    settings : Settings or None
        Given instead of what the result carries.
    code : str
        Name of the function that looks for a finding.
    """

    def __init__(self, result: pd.DataFrame, settings: Any = None, *, empty_speaks: bool = False) -> None:
        self.result, self.settings = result, settings
        self.code, self._empty_speaks = "", empty_speaks
        self.attrs: dict[str, Any] = {str(name): value for name, value in result.attrs.items()}
        self.theme, self.analysis = (str(self.attrs.get(name, "")) for name in ("theme", "analysis"))
        own = self.attrs.get("limits") if settings is None else getattr(settings, "findings", None)
        self.limits = limits(own)
        self.currency = str(self.attrs.get("currency", "CNY"))
        self.counts = str(self.attrs.get("counts", "members"))
        self.params: Mapping[str, Any] = self.attrs.get("params") or {}

    @cached_property
    def rows(self) -> list[Row]:
        """The rows with plain Python values, None where there is no value."""
        names = [str(name) for name in self.result.columns]
        return [
            dict(zip(names, map(plain_value, row), strict=True))
            for row in self.result.itertuples(index=False, name=None)
        ]

    @property
    def base(self) -> int:
        """How many members or orders the result rests on."""
        return int(self.attrs.get("base") or 0)

    @property
    def too_few(self) -> bool:
        """Whether the base is too small for anything to be said (a view may say why it has no rows at all)."""
        if self._empty_speaks and not len(self.result):
            return False
        least = self.limits["min_orders"] if self.counts == "orders" else self.limits["min_members"]
        return self.base < least

    @property
    def churn_days(self) -> int:
        """Days without a trade after which a member is asleep."""
        given = self.params.get("days") if self.analysis == "sleeping" else self.attrs.get("churn_days")
        return int(given or getattr(self.settings, "churn_days", None) or 180)

    def total(self, column: str, rows: Iterable[Row] | None = None) -> float:
        """Sum of a column over some rows or all, no value counting nothing."""
        return sum(row.get(column) or 0 for row in (self.rows if rows is None else rows))

    def speakable(self, count: float | None) -> bool:
        """Whether a group is large enough to be spoken of."""
        return count is not None and count >= max(1, self.limits["min_cell"])

    def deviations(self, tried: int = 1) -> float:
        """Standard deviations that tell a figure from chance, where it is the best of so many that were compared.

        The chance that ``sure_deviations`` leaves is divided by the number of comparisons (Bonferroni): who looks
        at forty cells finds one that stands out by itself.
        """
        alone = float(self.limits["sure_deviations"])
        chance = NormalDist().cdf(-alone) / max(1, tried)
        return -NormalDist().inv_cdf(chance) if chance > 0 else alone

    def say(self, concerned_share: float, evidence: Mapping[str, Any], **words: Any) -> Finding:
        """A finding whose code is the name of the function that is at work; see :meth:`found`."""
        return self.found(self.code, concerned_share, evidence, **words)

    def found(
        self,
        code: str,
        concerned_share: float,
        evidence: Mapping[str, Any],
        *,
        about: Mapping[str, Any] | None = None,
        wording: str = "text",
        action: str | None = "action",
        theme: str | None = None,
    ) -> Finding:
        """A finding of this reading.

        Parameters
        ----------
        code : str
        concerned_share : float
            Share of the shop's members or sales that it concerns (0–1); times the code's weight this is its
            strength.
        evidence, about, wording
            As in :class:`Finding`; figures without a value are left out.
        action : str or None
            Name under the finding's own words, or a whole key.
        theme : str, optional
            Another theme than the result's own.
        """
        weight = self.limits["weights"].get(code, 1.0)
        theme = theme or self.theme
        if action is not None and "." not in action:
            action = f"{theme}.finding.{code}.{action}"
        return Finding(
            code=code,
            theme=theme,
            strength=round(min(1.0, max(0.0, concerned_share * weight)), 6),
            evidence={name: value for name, value in evidence.items() if value is not None},
            action=action or "",
            about=dict(about or {}),
            currency=self.currency,
            wording=wording,
            tolerance=self.limits["fraction_tolerance"],
        )


def plain_value(value: Any) -> Any:
    """A cell as a plain Python value: None for no value, a date for a time stamp, a float for a decimal."""
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    if isinstance(value, Decimal):
        return float(value) if value.is_finite() else None
    if i18n.is_empty(value):
        return None
    if isinstance(value, dt.datetime):
        return value.date()
    return value.item() if hasattr(value, "item") else value


def times(share: float | None, of: float | None) -> float:
    """How many times one share is another; 0 where either is missing."""
    return share / of if share is not None and of else 0.0
