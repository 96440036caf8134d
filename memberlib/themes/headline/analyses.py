"""The headline figures: what a shop sold and to whom lately, and how that changed; which orders are left out."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

from memberlib.errors import InputError
from memberlib.lazy import Lazy
from memberlib.results import answer, money, ratio
from memberlib.theme import Theme, Whole

if TYPE_CHECKING:
    import ibis
    import pandas as pd

    from memberlib.store import Store
else:
    ibis = Lazy("ibis")

Days = Annotated[int, Whole(1, 36_500, slider=(30, 730))]
LONG_DAYS = 365
SHORT_DAYS = 90
"""Window where the shop's orders do not go back two long ones."""

# figure → what it is: unit, formula, numerator, denominator, base; the last three are keys of _windows
_FIGURES = {
    "active_members": ("count", "members_with_order", "members", None, "buyers"),
    "new_members": ("count", "members_with_first_order", "new", None, "buyers"),
    "amount": ("money", "net_amount", "amount", None, "orders"),
    "mean_order_amount": ("money", "net_amount_per_order", "amount", "orders", "orders"),
    "repeat_share": ("share", "members_with_two_orders_per_member", "repeaters", "members", "members"),
}

theme = Theme("headline", "00-start-here")


@theme.view("figures")
def headline(store: Store, *, days: Days | None = None) -> pd.DataFrame:
    """Five figures of the last days against the same number of days before.

    active_members: members with a counted trade in the window. new_members: members whose first counted trade
    of all lies in it. amount: net amount of the counted trades. mean_order_amount: amount ÷ trades.
    repeat_share: members with two or more counted trades in the window ÷ members with one or more.

    Parameters
    ----------
    days : int, optional
        Length of the window, which ends on ``as_of``; 365 where the shop's orders go back at least twice as
        far, else 90.

    Returns
    -------
    DataFrame
        figure, value, before (None where the shop's first order lies after the first day of the window
        before; for new_members a further window must lie before that, else every member would look new),
        change_share (value ÷ before − 1), unit ("count", "money", "share"), numerator, denominator
        (None for what is not a ratio), formula (a code), base (members with a trade by ``as_of``; trades or
        members in the window). ``attrs``: days, from_on (first day of the window), before_from_on, covered.
        base = members with a counted trade.

    Raises
    ------
    InputError
        For days below 1, or so many that the window begins before the calendar.

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.store import store_from
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "member_id": ["a", "a"], "status": "completed",
    ...                        "paid_amount": [40, 80], "paid_at": pd.Timestamp("2026-01-05")})
    >>> headline(store_from(orders))["value"].tolist()
    [1.0, 1.0, 120.0, 60.0, 1.0]
    """
    begun = store.first_order_on
    if days is None:
        known = 0 if begun is None else (store.as_of - begun).days + 1
        days = LONG_DAYS if known >= 2 * LONG_DAYS else SHORT_DAYS
    if 3 * days >= store.as_of.toordinal():
        raise InputError(
            f"days: three times {days} days before {store.as_of} lie before the calendar; give fewer"
        )
    from_on = store.as_of - dt.timedelta(days=days - 1)
    before_on = from_on - dt.timedelta(days=days)
    covered = begun is not None and begun <= before_on
    # Who is new can be told only with a history before: the first trade in a window is not a first trade.
    told = {"new": begun is not None and begun <= before_on - dt.timedelta(days=days)}
    now, before = _windows(store, from_on, before_on)
    rows: list[dict[str, Any]] = []
    for figure, (unit, formula, over, under, base) in _FIGURES.items():
        value = now[over] if under is None else ratio(now[over], now[under])
        earlier = before[over] if under is None else ratio(before[over], before[under])
        if not told.get(over, covered):
            earlier = None
        row = {
            "figure": figure,
            "value": value,
            "before": earlier,
            "change_share": value / earlier - 1 if value is not None and earlier else None,
            "unit": unit,
            "numerator": now[over],
            "denominator": None if under is None else now[under],
            "formula": formula,
            "base": now[base],
        }
        rows.append(row)
    return answer(
        {name: [row[name] for row in rows] for name in rows[0]},
        base=store.buyer_count,
        params={"days": days},
        days=days,
        from_on=from_on,
        before_from_on=before_on,
        covered=covered,
    )


@theme.view("left_out", counts="orders", front=False)
def left_out(store: Store) -> pd.DataFrame:
    """Orders that no figure counts, each under the first reason that holds.

    Returns
    -------
    DataFrame
        reason, order_count, amount (paid, before refunds; of guests: net); every reason has its row. base = orders
        known on ``as_of``.

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.store import store_from
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "member_id": ["a", None], "status": "completed",
    ...                        "paid_amount": [40, 80], "paid_at": pd.Timestamp("2026-01-05")})
    >>> left_out(store_from(orders)).query("order_count > 0")["reason"].tolist()
    ['guest']
    """
    found = store.left_out
    return answer(found, base=found.attrs["base"])


def _windows(store: Store, from_on: dt.date, before_on: dt.date) -> list[dict[str, Any]]:
    """Sums of the window and of the one before: members, repeaters, orders, amount, new, buyers."""
    trades = store.trades.filter(store.trades.paid_on >= ibis.date(before_on))
    late = trades.paid_on >= ibis.date(from_on)
    per_member = trades.group_by("member_id").aggregate(
        orders_0=trades.count(where=late),
        orders_1=trades.count(where=~late),
        amount_0=trades.net_amount.sum(where=late),
        amount_1=trades.net_amount.sum(where=~late),
    )
    sums = {}
    for place in (0, 1):
        orders = per_member[f"orders_{place}"]
        sums[f"members_{place}"] = (orders > 0).sum()
        sums[f"repeaters_{place}"] = (orders > 1).sum()
        sums[f"orders_{place}"] = orders.sum()
        sums[f"amount_{place}"] = per_member[f"amount_{place}"].sum()
    found = per_member.aggregate(**sums).to_pyarrow().to_pylist()[0]
    first_on = store.facts.first_on
    found |= store.facts.aggregate(
        new_0=(first_on >= ibis.date(from_on)).sum(),
        new_1=((first_on >= ibis.date(before_on)) & (first_on < ibis.date(from_on))).sum(),
        buyers_0=store.facts.count(),
        buyers_1=(first_on < ibis.date(from_on)).sum(),
    ).to_pyarrow().to_pylist()[0]  # fmt: skip
    windows: list[dict[str, Any]] = []
    for place in (0, 1):
        window = {name[:-2]: value for name, value in found.items() if name.endswith(f"_{place}")}
        windows.append({name: money(v) if name == "amount" else int(v or 0) for name, v in window.items()})
    return windows
