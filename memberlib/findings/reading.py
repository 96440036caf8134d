"""What does a finder see of a result: its rows, its base, the thresholds that hold?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from memberlib import i18n
from memberlib.findings.finding import Finding

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
        Thresholds, see :func:`memberlib.findings.thresholds`.
    settings : Settings or None
        The shop's own, for what a result does not carry.
    """

    def __init__(
        self, result: pd.DataFrame, theme: str, limits: Mapping[str, Any], settings: Any = None
    ) -> None:
        self.result, self.theme, self.limits, self.settings = result, theme, limits, settings
        self.attrs: dict[str, Any] = {str(name): value for name, value in result.attrs.items()}
        self.analysis = str(self.attrs.get("analysis", ""))
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
        """Whether the base is too small for anything to be said (a lack of goods is no small base)."""
        if self.analysis == "season_goods" and not len(self.result):
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
            Name under the finding's own words, or a whole key starting with ``finding.``.
        theme : str, optional
            Another theme than the result's own.
        """
        weight = self.limits["weights"].get(code, 1.0)
        theme = theme or self.theme
        if action is not None and not action.startswith("finding."):
            action = f"finding.{theme}.{code}.{action}"
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
    if isinstance(value, bool) or value is None:
        return value
    if i18n.is_empty(value):
        return None
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dt.datetime):
        return value.date()
    return value.item() if hasattr(value, "item") else value


def ratio(part: float | None, whole: float | None) -> float | None:
    """A quotient; no value where the denominator is 0 or missing."""
    if part is None or not whole:
        return None
    return part / whole


def times(share: float | None, of: float | None) -> float:
    """How many times one share is another; 0 where either is missing."""
    return ratio(share, of) or 0.0
