"""What does an analysis hand back?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from memberlib.errors import InputError

if TYPE_CHECKING:
    from ibis.expr.types import FloatingScalar, NumericColumn

    from memberlib.store import Store


def result(
    store: Store,
    columns: Mapping[str, Sequence[Any] | pd.Series],
    kinds: Mapping[str, str],
    *,
    analysis: str,
    theme: str,
    counts: str,
    base: int,
    params: Mapping[str, Any],
    **more: Any,
) -> pd.DataFrame:
    """Columns as a frame that says what it counts, of how many, as of which day, by which choices.

    Parameters
    ----------
    columns : mapping
        Column name → values, all equally long; a pandas column is taken as it is, without a list of its values.
    kinds : mapping
        Column name → dtype. It gives the order of the columns, and an empty result keeps its types.
    analysis, theme, counts : str
        Name of the function, its theme, what one unit of ``base`` is.
    base : int
        How many units the analysis rests on.
    params : mapping
        Every choice that was used, defaults included.
    **more
        Further attributes.

    Returns
    -------
    DataFrame
        The columns of ``kinds``. ``attrs``: analysis, theme, store, as_of, base, counts, currency, params,
        ``more``.
    """
    frame = pd.DataFrame({name: _typed(columns[name], kind) for name, kind in kinds.items()}, copy=False)
    about: dict[Any, Any] = {
        "analysis": analysis,
        "theme": theme,
        "store": store.id,
        "as_of": store.as_of,
        "base": int(base),
        "counts": counts,
        "currency": store.settings.currency,
        "churn_days": store.settings.churn_days,
        "params": dict(params),
    }
    frame.attrs = about | more
    return frame


def _typed(values: Sequence[Any] | pd.Series, kind: Any) -> pd.Series:
    if isinstance(values, pd.Series):
        return values.reset_index(drop=True).astype(kind)
    return pd.Series(list(values), dtype=kind)


def ratio(part: float | None, whole: float | None) -> float | None:
    """``part ÷ whole``; no value where either is missing or the whole is 0.

    Examples
    --------
    >>> ratio(1, 4), ratio(0, 0)
    (0.25, None)
    """
    return None if part is None or whole is None or not whole else part / whole


def money(amount: float | None) -> float:
    """An amount to the four decimals that money has here; 0 where there is none.

    Doubles added up in parallel differ behind those from run to run, and a report must come out the same.

    Examples
    --------
    >>> money(0.1 + 0.2), money(None)
    (0.3, 0.0)
    """
    return round(float(amount or 0), 4)


def exact_sum(amounts: NumericColumn) -> FloatingScalar:
    """The sum of amounts, in exact decimals until it is complete.

    Doubles that are added up one by one give another sum when they come in another order: with two threads, or when
    part of them was put aside on disk, or on another engine. Over millions of members that reaches the cents.
    """
    return amounts.cast("decimal(18, 4)").sum().cast("float64")


def whole_number(value: Any, what: str) -> int:
    """A whole number of at least 1.

    Raises
    ------
    InputError
        For anything else, naming it.

    Examples
    --------
    >>> whole_number("30", "days")
    30
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if isinstance(value, bool) or not 1 <= number < 1e9 or number != int(number):
        raise InputError(f"{what}: {value!r} must be a whole number of at least 1")
    return int(number)
