"""Draw what is in each order of a made-up shop, and what becomes of the order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samples.behaviour import (
    BRUSHER,
    DAY,
    Flags,
    People,
    Profile,
    Visits,
    day_number,
    month_of,
    spells,
)
from samples.draws import Draws, Floats, Ints

LATEST_DAYS = 25.0  # no order changes later than this after its payment, so that both exports agree on it


@dataclass(frozen=True)
class Lines:
    """One entry per item line, in the order of the orders; money in the shop's smallest coin."""

    order: Ints
    line: Ints  # 1, 2, … within the order
    category: Ints
    product: Ints
    quantity: Ints
    amount: Ints


@dataclass(frozen=True)
class Fates:
    """One entry per order; times in seconds, money in the shop's smallest coin."""

    goods: Ints
    shipping: Ints
    unpaid: Flags
    paid: Ints
    shipped: Ints
    completed: Ints
    refunded: Ints  # when
    refund: Ints  # how much; 0 for none


@dataclass(frozen=True)
class Seen:
    """The orders as an export made at a given moment shows them; money in coins."""

    exists: Flags
    status: np.ndarray
    paid: Ints  # seconds, −1 where not paid
    gross: Ints
    refund: Ints


def lines(shop: Profile, crowd: People, trips: Visits, *, draws: Draws) -> Lines:
    """Draw each order's item lines: category by season, sex and channel, product by the person's taste."""
    basket, categories, channels = shop["basket"], shop["categories"], shop["channels"]
    brusher = crowd.kind[trips.person] == BRUSHER
    more = np.floor(np.log(draws.uniform(len(brusher))) / np.log(basket["more_lines"])).astype(np.int64)
    count = np.where(brusher, 1, 1 + np.minimum(more, 5))
    order = np.repeat(np.arange(len(count)), count)
    line = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count) + 1

    season = np.array([c.get("months", [1.0] * 12) for c in categories])
    weight = np.array([c["weight"] for c in categories], dtype=np.float64)
    by_sex = np.array([[c.get(sex, 1.0) for c in categories] for sex in ("women", "men")])
    by_channel = np.array([[c.get("channels", {}).get(h["name"], 1.0) for c in categories] for h in channels])
    pull = weight * by_sex[:, None, :] * by_channel[None, :, :]
    table = (pull[:, :, None, :] * season.T[None, None, :, :]).reshape(-1, len(categories))
    person, channel = trips.person[order], trips.channel[order]
    month = month_of(trips.created // DAY)[order]
    row = (crowd.man[person] * len(channels) + channel) * 12 + month
    category = draws.pick_rows(row, table)

    flat = pull.reshape(-1, len(categories))
    favourite = draws.pick_rows(crowd.man * len(channels) + crowd.channel, flat)[person]
    fits = (season[favourite, month] >= 0.6) & (table[row, favourite] > 0)
    category = np.where(fits & draws.happens(len(order), basket["faithful"]), favourite, category)
    codes = [c["code"] for c in categories]
    if "brushed" in shop:
        category = np.where(brusher[order], codes.index(shop["brushed"]["category"]), category)

    size = np.array([len(c["products"]) for c in categories])[category]
    reach = 0.55 * draws.uniform(len(order)) + 0.45 * crowd.taste[person]
    product = np.minimum(np.floor(reach * size), size - 1).astype(np.int64)
    price = prices(shop)[category, product]
    quantity = 1 + draws.happens(len(order), basket["two_of_a_kind"]).astype(np.int64)
    quantity = np.where(brusher[order], 1, quantity)
    off = np.zeros(len(order))
    day = trips.created[order] // DAY
    for first, last, event in spells(shop, shop["calendar"]["events"]):
        off = np.where((day >= first) & (day <= last), event.get("off", 0.0), off)
    amount = quantity * np.rint(price * (1.0 - off)).astype(np.int64)
    return Lines(order=order, line=line, category=category, product=product, quantity=quantity, amount=amount)


def prices(shop: Profile) -> Floats:
    """List price in coins of each category's products (0 where a category has fewer)."""
    widest = max(len(c["products"]) for c in shop["categories"])
    table = np.zeros((len(shop["categories"]), widest))
    for position, category in enumerate(shop["categories"]):
        listed = [round(price * shop["money_unit"]) for _, price in category["products"]]
        table[position, : len(listed)] = listed
    return table


def fates(shop: Profile, crowd: People, trips: Visits, *, bought: Lines, draws: Draws) -> Fates:
    """Draw what becomes of each order: payment, shipping, receipt, refund."""
    fate, basket, unit = shop["fate"], shop["basket"], shop["money_unit"]
    size = len(trips.person)
    till = np.array([bool(c.get("till")) for c in shop["channels"]])[trips.channel]
    brusher = crowd.kind[trips.person] == BRUSHER
    goods = np.bincount(bought.order, weights=bought.amount, minlength=size).astype(np.int64)
    charged = ~till & (goods < basket["free_shipping_from"] * unit)
    shipping = np.where(charged, round(basket["shipping"] * unit), 0).astype(np.int64)

    pause = draws.exponential(size) * np.where(draws.happens(size, 0.1), 9000, 90) + 8
    paid = trips.created + np.where(till, 0, np.floor(pause)).astype(np.int64)
    ship = (0.25 + draws.exponential(size) * fate["ship_days"]) * DAY
    confirm = ship + (1.5 + draws.gamma(size, 2.0) * (fate["confirm_days"] - 1.5)) * DAY
    ship, confirm = np.minimum(ship, (LATEST_DAYS - 3) * DAY), np.minimum(confirm, LATEST_DAYS * DAY)
    fresh = trips.created >= (day_number(shop["end"]) - 2) * DAY  # some are yet to be paid
    unpaid = draws.happens(size, fate["unpaid_share"] * np.where(fresh, 4.0, 1.0)) & ~till & ~brusher

    luck = draws.uniform(size)
    full = (luck < fate["full_refund_share"]) & ~brusher
    part = ~full & (luck < fate["full_refund_share"] + fate["part_refund_share"]) & ~brusher
    dearest = np.zeros(size, dtype=np.int64)
    np.maximum.at(dearest, bought.order, bought.amount)
    share = np.floor(goods * (0.1 + 0.3 * draws.uniform(size)) / unit).astype(np.int64) * unit
    some = np.where(dearest < goods, dearest, np.minimum(np.maximum(share, unit), goods - unit))
    refund = np.where(full, goods + shipping, np.where(part, some, 0)).astype(np.int64)
    wait = np.where(till, 0.5, 2.0) + draws.exponential(size) * np.where(till, 2.0, 5.0)
    return Fates(
        goods=goods,
        shipping=shipping,
        unpaid=unpaid,
        paid=paid,
        shipped=np.where(till, paid, paid + np.floor(ship).astype(np.int64)),
        completed=np.where(till, paid, paid + np.floor(confirm).astype(np.int64)),
        refunded=paid + np.floor(np.minimum(wait, LATEST_DAYS) * DAY).astype(np.int64),
        refund=np.where(unpaid, 0, refund),
    )


def seen(trips: Visits, fate: Fates, day: str) -> Seen:
    """The orders as an export shows them that is made at the end of `day`."""
    moment = (day_number(day) + 1) * DAY - 1
    paid = ~fate.unpaid & (fate.paid <= moment)
    given_up = ~paid & (trips.created < moment - 3 * DAY)
    status = np.select(
        [given_up, ~paid, fate.completed <= moment, fate.shipped <= moment],
        ["cancelled", "pending", "completed", "shipped"],
        "paid",
    )
    refund = np.where(paid & (fate.refunded <= moment), fate.refund, 0)
    status = np.where((refund > 0) & (status != "completed"), "completed", status)
    return Seen(
        exists=trips.created <= moment,
        status=status,
        paid=np.where(paid, fate.paid, -1),
        gross=np.where(paid, fate.goods + fate.shipping, 0),
        refund=refund,
    )
