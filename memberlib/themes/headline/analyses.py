"""The headline figures: what a shop sold and to whom lately, how that changed, and which orders are left out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from memberlib.intervals import months_back
from memberlib.lazy import Lazy
from memberlib.results import answer, exact_sum, money, ratio
from memberlib.theme import Theme, Whole

if TYPE_CHECKING:
    import ibis
    import pandas as pd
    from ibis.expr.types import Table

    from memberlib.store import Store
else:
    ibis = Lazy("ibis")

Days = Annotated[int, Whole(1, 36_500, slider=(30, 730))]
Period = tuple[dt.date, dt.date]
"""First and last day."""
YEAR_DAYS = 365
SHORT_DAYS = 90
"""Window where the shop's orders do not go back two years."""
OPENING_DAYS = 90
"""In its first days of trading a shop grows whatever it does: nothing shorter than a year is compared with them."""

# figure → unit, formula, numerator, denominator, base; the last three are keys of _sums
_FIGURES = {
    "active_members": ("count", "members_with_order", "members", None, "buyers"),
    "new_members": ("count", "members_with_first_order", "new", None, "buyers"),
    "amount": ("money", "net_amount", "amount", None, "orders"),
    "all_amount": ("money", "net_amount_with_guests", "all_amount", None, "all_orders"),
    "amount_share": ("share", "net_amount_per_net_amount_with_guests", "amount", "all_amount", "all_orders"),
    "mean_order_amount": ("money", "net_amount_per_order", "amount", "orders", "orders"),
    "mean_member_amount": ("money", "net_amount_per_member", "amount", "members", "members"),
    "repeat_share": ("share", "members_with_two_orders_per_member", "repeaters", "members", "members"),
}
UNIT_COLUMNS = {
    "value": "unit", "before": "unit", "numerator": "numerator_unit", "denominator": "denominator_unit",
}  # fmt: skip
"""Which column says the unit of each cell of a column."""

theme = Theme("headline", "00-start-here")


@theme.view("figures")
def headline(store: Store, *, days: Days | None = None) -> pd.DataFrame:
    """Sales and buyers of the last days, against the same days a year earlier where the orders go back so far.

    active_members: members with a counted trade in the window. new_members: members whose first counted trade
    of all lies in it. amount: net amount of the counted trades, which are those of members. all_amount: the same
    with the trades of guests. amount_share: amount ÷ all_amount. mean_order_amount: amount ÷ trades (Taobao's 笔单价).
    mean_member_amount: amount ÷ active_members (Taobao's 客单价). repeat_share: members with two or more counted
    trades in the window ÷ members with one or more.

    Parameters
    ----------
    days : int, optional
        Length of the window, which ends on ``as_of``; 365 where the shop's orders go back at least 730 days,
        else 90.

    Returns
    -------
    DataFrame
        figure, value (of new_members None where the orders do not go back a window before it: every member would
        look new), before (the value of the days compared with; None where nothing is, for new_members where
        no further window lies before them), change_share (value ÷ before − 1), unit ("count", "money", "share"),
        numerator, numerator_unit, denominator, denominator_unit (None for what is not a ratio), formula (a code), base
        (members with a trade by ``as_of``; trades or members in the window).
        ``attrs``: days; from_on, first day of the window; comparison, what before is of: "year_before" (the same
        days a year earlier; the 365 before, of a window of 365), "days_before" (as many days right before, where the
        orders do not reach a year further back), "none" (too few days of orders); before_from_on and before_to_on,
        first and last day of these (None for "none"); first_year, whether they are the first year of orders;
        units, which column says the unit of which. base = members with a counted trade.

    Raises
    ------
    InputError
        For days that are not a whole number from 1 to 36,500.

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.store import store_from
    >>> orders = pd.DataFrame({"order_id": ["1", "2", "3"], "member_id": ["a", "a", None], "status": "completed",
    ...                        "paid_amount": [40, 80, 30], "paid_at": pd.Timestamp("2026-01-05")})
    >>> headline(store_from(orders)).set_index("figure")["value"].drop("new_members").tolist()
    [1.0, 120.0, 150.0, 0.8, 60.0, 120.0, 1.0]
    """
    begun, as_of = store.first_order_on, store.as_of
    if days is None:
        known = 0 if begun is None else (as_of - begun).days + 1
        days = YEAR_DAYS if known >= 2 * YEAR_DAYS else SHORT_DAYS
    window = (as_of - dt.timedelta(days=days - 1), as_of)
    comparison, against = _compared_with(begun, as_of, days)
    now, before = [*_sums(store, [window, against] if against else [window]), {}][:2]
    told_new = [one is not None and _goes_back(begun, one[0], days) for one in (window, against)]
    rows = []
    for figure, (unit, formula, over, under, base) in _FIGURES.items():
        value, earlier = (_value(sums, over, under) for sums in (now, before))
        if figure == "new_members":
            value, earlier = (
                one if told else None for one, told in zip((value, earlier), told_new, strict=True)
            )
        row = {
            "figure": figure,
            "value": value,
            "before": earlier,
            "change_share": value / earlier - 1 if value is not None and earlier else None,
            "unit": unit,
            "numerator": now[over] if value is not None or under else None,
            "numerator_unit": _unit(over),
            "denominator": None if under is None else now[under],
            "denominator_unit": None if under is None else _unit(under),
            "formula": formula,
            "base": now[base],
        }
        rows.append(row)
    return answer(
        {name: [row[name] for row in rows] for name in rows[0]},
        base=store.buyer_count,
        params={"days": days},
        days=days,
        from_on=window[0],
        comparison=comparison,
        before_from_on=against and against[0],
        before_to_on=against and against[1],
        first_year=against is not None
        and days >= YEAR_DAYS
        and not _goes_back(begun, against[0], OPENING_DAYS),
        units=UNIT_COLUMNS,
    )


@theme.view("left_out", counts="orders", front=False)
def left_out(store: Store) -> pd.DataFrame:
    """Orders that the members' figures leave out, each under the first reason that holds.

    Those of guests count in ``all_amount`` of :func:`headline` alone.

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


def _goes_back(begun: dt.date | None, day: dt.date, days: int) -> bool:
    """Whether the shop's orders began at least so many days before a day."""
    return begun is not None and (day - begun).days >= days


def _compared_with(begun: dt.date | None, as_of: dt.date, days: int) -> tuple[str, Period | None]:
    """What a window that ends on ``as_of`` is compared with: a code, and the days."""
    length = dt.timedelta(days=days - 1)
    right_before = as_of - dt.timedelta(days=days)
    choices = [("days_before", right_before)]
    if days < YEAR_DAYS:
        choices.insert(0, ("year_before", months_back(as_of, 12)))
    elif days <= YEAR_DAYS + 1:
        # the days right before a year are the year before: a leap day does not fall between the two
        choices = [("year_before", right_before)]
    opening = 0 if days >= YEAR_DAYS else min(days, OPENING_DAYS)
    for code, to_on in choices:
        if _goes_back(begun, to_on - length, opening):
            return code, (to_on - length, to_on)
    return "none", None


def _value(sums: dict[str, Any], over: str, under: str | None) -> float | None:
    return sums.get(over) if under is None else ratio(sums.get(over), sums.get(under))


def _unit(name: str) -> str:
    return "money" if name.endswith("amount") else "count"


def _sums(store: Store, periods: Sequence[Period]) -> list[dict[str, Any]]:
    """Per period members, repeaters, orders, amount; with guests all_orders, all_amount; new, and buyers by its end."""
    trades, guests = (_of_periods(rows, periods) for rows in (store.trades, store.guest_trades))
    per_member = trades.group_by("period", "member_id").aggregate(
        orders=trades.count(), amount=trades.net_amount.sum()
    )
    of_members = per_member.group_by("period").aggregate(
        members=per_member.count(),
        repeaters=(per_member.orders > 1).sum(),
        orders=per_member.orders.sum(),
        amount=exact_sum(per_member.amount),
    )
    of_guests = guests.group_by("period").aggregate(
        guest_orders=guests.count(), guest_amount=exact_sum(guests.net_amount)
    )
    first_on = store.facts.first_on
    firsts: dict[str, Any] = {}
    for place, (first, last) in enumerate(periods):
        firsts[f"new_{place}"] = ((first_on >= ibis.date(first)) & (first_on <= ibis.date(last))).sum()
        firsts[f"buyers_{place}"] = (first_on <= ibis.date(last)).sum()
    of_first = store.facts.aggregate(**firsts).to_pyarrow().to_pylist()[0]
    names = ("members", "repeaters", "orders", "amount", "guest_orders", "guest_amount")
    found = [dict.fromkeys(names, 0) | {"amount": 0.0, "guest_amount": 0.0} for _ in periods]
    for row in [*of_members.to_pyarrow().to_pylist(), *of_guests.to_pyarrow().to_pylist()]:
        found[row.pop("period")] |= row
    for place, sums in enumerate(found):
        sums |= {name: of_first[f"{name}_{place}"] or 0 for name in ("new", "buyers")}
        sums["all_orders"] = sums["orders"] + sums["guest_orders"]
        sums["amount"], sums["all_amount"] = (
            money(sums["amount"]),
            money(sums["amount"] + sums["guest_amount"]),
        )
    return found


def _of_periods(trades: Table, periods: Sequence[Period]) -> Table:
    """Trades that lie in one of the periods, each with the period's place."""
    days = [(ibis.date(first), ibis.date(last)) for first, last in periods]
    cases = [((trades.paid_on >= a) & (trades.paid_on <= b), place) for place, (a, b) in enumerate(days)]
    placed = trades.mutate(period=ibis.cases(*cases, else_=-1))
    return placed.filter(placed.period >= 0)
