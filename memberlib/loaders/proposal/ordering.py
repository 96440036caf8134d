"""Decide how a file's rows make orders, and what was paid for them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from memberlib.loaders.forms import plain_word
from memberlib.loaders.proposal import naming
from memberlib.loaders.proposal.choices import Choice, Choices, fill, price_times_quantity
from memberlib.loaders.proposal.sampling import SampledColumn
from memberlib.model import ITEMS, PAID_STATUSES


def order(made: Choices) -> None:
    """Rows of orders: one or several per order, when and what was paid, and in which state they are."""
    fill(made, "paid_at", "timestamp")
    if "paid_at" not in made.columns and "created_at" in made.columns:
        only = made.columns.pop("created_at")
        made.columns["paid_at"] = Choice(
            "paid_at",
            only.says,
            "likely",
            "the only time there is; taken for the time of payment",
            only.shown,
        )
    joined_time(made, "paid_at")
    fill(made, "status", "code")
    if "status" not in made.columns:
        made.may_lack.append("status")
    fill(made, "paid_amount", "money")
    price_times_quantity(made, "paid_amount")
    _called_id(made)
    fill(made, "order_id", "id")
    order_id = made.columns.get("order_id")
    several = order_id is not None and not made.column_of(order_id.headers[0]).unique
    empty = made.column_of(order_id.headers[0]).cells.count("") if order_id else 0
    made.row_is = "line" if several else "order"
    made.row_reason = (
        f'"{order_id.headers[0]}" comes more than once: several rows make an order'
        if order_id and several
        else f'"{order_id.headers[0]}" never comes twice{f", but is empty on {empty:,} of the rows" if empty else ""}'
        if order_id
        else "no order id was found"
    )
    if several and order_id:
        _gathered(made, made.column_of(order_id.headers[0]))
        lines = naming.assigned(made.sample, ITEMS)
        if {"product_id", "product_name"} & set(lines):
            made.also = "items"
    _signs(made)
    _paid_means(made)


def _called_id(made: Choices) -> None:
    """A column called id and no more is the order's, where no other name told one."""
    used = made.used()
    looked = next(
        (c for c in made.sample.columns if naming.is_called(c, "id") and c.header not in used), None
    )
    if "order_id" not in made.columns and looked and looked.values:
        told = "called id, and no other column is called an order's"
        made.columns["order_id"] = Choice(
            "order_id", looked.header, "likely" if looked.unique else "a guess", told, looked
        )


def _gathered(made: Choices, ids: SampledColumn) -> None:
    """How an order's rows make one value: repeated on each, on one alone, or to be added up."""
    if "item_count" not in made.columns:
        count = naming.named_in(made.sample.columns, "items", "quantity")
        if count and count.whole_share == 1:
            made.columns["item_count"] = Choice(
                "item_count", count.header, "likely", "pieces of each line", count
            )
    for name, choice in list(made.columns.items()):
        kind = made.table.column(name).kind
        if kind not in ("money", "integer") or not isinstance(choice.says, str):
            continue
        once, repeated, differing = _within_orders(ids, made.column_of(choice.says))
        if name == "item_count" or differing > max(once, repeated):
            says: Any = {"from": choice.says, "gather": "sum"}
            told, certainty = "differs from row to row of an order: added up", choice.certainty
        elif once > repeated:
            says, told, certainty = choice.says, "on one row of an order alone", choice.certainty
        elif repeated:
            says, told, certainty = (
                choice.says,
                "repeated on each row of an order: taken once",
                choice.certainty,
            )
        else:
            says, told, certainty = (
                choice.says,
                "no order with several rows to tell how it is gathered",
                "a guess",
            )
        made.columns[name] = Choice(name, says, certainty, f"{choice.reason}; {told}", choice.shown)


def _within_orders(ids: SampledColumn, looked: SampledColumn) -> tuple[int, int, int]:
    """Of the orders with several rows: in how many a column is filled once, always the same, or differing."""
    rows: dict[str, list[str]] = {}
    for order, cell in zip(ids.cells, looked.cells, strict=True):
        rows.setdefault(order, []).append(cell)
    several = [cells for order, cells in rows.items() if order and len(cells) > 1 and any(cells)]
    once = sum(sum(map(bool, cells)) == 1 for cells in several)
    same = sum(all(cells) and len(set(cells)) == 1 for cells in several)
    return once, same, len(several) - once - same


def _signs(made: Choices) -> None:
    """Amounts below 0 are refunds where the file has no column for these."""
    paid = made.columns.get("paid_amount")
    if paid is None or (isinstance(paid.says, dict) and "product" in paid.says):
        return
    looked = made.column_of(paid.headers[0])
    below = sum(n for value, n in looked.counts.items() if looked.amount(value) < 0)
    if not below or "refund_amount" in made.columns:
        return
    keys = paid.says if isinstance(paid.says, dict) else {"from": paid.says}
    told = f"{below} of {len(looked.values)} amounts are below 0: taken for refunds"
    for name, sign in (("paid_amount", "plus"), ("refund_amount", "minus")):
        made.columns[name] = Choice(name, {**keys, "sign": sign}, "likely", told, looked)


def _paid_means(made: Choices) -> None:
    """Whether refunds are taken off what was paid, as far as the file's own total tells."""
    paid, refund = made.columns.get("paid_amount"), made.columns.get("refund_amount")
    if refund is None:
        made.paid_reason = "no column of refunds to take off"
        return
    made.paid_reason = "nothing in the file tells"
    if not (
        paid and isinstance(paid.says, str) and paid.shown and refund.shown and refund.shown != paid.shown
    ):
        return
    used = (paid.shown, refund.shown)
    totals = [c for c in made.sample.columns if c not in used and c.values and c.money_share == 1]
    for total in totals:
        cells = zip(paid.shown.cells, refund.shown.cells, total.cells, _states(made), strict=True)
        rows = [
            (paid.shown.amount(a), refund.shown.amount(b), total.amount(c))
            for a, b, c, counts in cells
            if a and c and counts
        ]
        refunded = [(a, b, c) for a, b, c in rows if b > 0]
        added = sum(a + b == c for a, b, c in rows)
        if refunded and added >= 0.9 * len(rows) and any(a + b == c for a, b, c in refunded):
            made.paid_is = "net_of_refund"
            made.paid_reason = (
                f'"{paid.says}" + "{refund.shown.header}" = "{total.header}" on {added} of {len(rows)} rows'
            )
            made.sums = ([paid.says, refund.shown.header], total.header)
            return


def _states(made: Choices) -> Iterable[bool]:
    """Whether each row's order is in a paid state, as far as its word is known."""
    status = made.columns.get("status")
    if status is None or status.shown is None:
        return itertools.repeat(True, made.sample.row_count)
    codes = naming.codes_of("status")
    return [codes.get(plain_word(word), "paid") in PAID_STATUSES for word in status.shown.cells]


def joined_time(made: Choices, column: str) -> None:
    """A date and a time of day in two columns make one time."""
    choice = made.columns.get(column)
    time = naming.beside(made.sample, "time")
    if choice is None or time is None or not isinstance(choice.says, str) or time.header == choice.says:
        return
    if any(":" in value for value in made.column_of(choice.says).counts):
        return
    keys: dict[str, Any] = {"join": [choice.says, time.header]}
    zone = naming.beside(made.sample, "zone")
    told = "date and time of day stand in two columns"
    if zone:
        keys["zone"], told = zone.header, f'{told}, their zone in "{zone.header}"'
    made.columns[column] = Choice(column, keys, choice.certainty, told, choice.shown)
