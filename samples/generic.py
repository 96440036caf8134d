"""Write a made-up shop's files in the generic form, with the columns of `memberlib.model`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

import numpy as np

from samples import baskets
from samples.behaviour import GUEST
from samples.history import (
    LEVELS,
    History,
    city_names,
    item_counts,
    levels,
    member_ids,
    member_order,
    order_ids,
    product_ids,
    product_names,
)

Files = dict[str, bytes]
ORDER_COLUMNS = (
    "order_id,member_id,created_at,paid_at,status,paid_amount,refund_amount,shipping_amount,item_count,region,"
    "channel"
)
ITEM_COLUMNS = "order_id,line_id,product_id,product_name,category,quantity,amount"
MEMBER_COLUMNS = "member_id,joined_on,level,level_manual,birthday,gender,region,city,channel,points"


def generic(past: History) -> Files:
    """The exports of a shop in the generic form, whose columns are those of `memberlib.model`."""
    shop, crowd, trips, bought = past.shop, past.crowd, past.trips, past.bought
    view = baskets.seen(trips, past.fate, shop["end"])
    ids, names, pieces, cities = order_ids(past), member_ids(past), item_counts(past), city_names(past)
    regions = [r["name"] for r in shop["regions"]]
    channels = shop["channels"]
    money = cents if shop["money_unit"] == 100 else str

    def time_text(seconds: int, channel: int) -> str:
        return _with_offset(seconds, channels[channel]) if "offsets" in shop else moment(seconds)

    orders = []
    for i in range(len(trips.person)):
        person, channel = trips.person[i], trips.channel[i]
        guest = crowd.kind[person] == GUEST
        till = bool(channels[channel].get("till"))
        orders.append(
            [
                ids[i],
                "" if guest else names[person],
                "" if till else time_text(trips.created[i], channel),  # a till knows one time only
                time_text(view.paid[i], channel) if view.paid[i] >= 0 else "",
                view.status[i],
                money(view.gross[i]),
                money(view.refund[i]),
                money(past.fate.shipping[i]),
                str(pieces[i]),
                "" if guest and till else regions[crowd.region[person]],
                channels[channel]["name"],
            ]
        )
    codes, titles = product_ids(past), product_names(past)
    items = (
        [
            ids[bought.order[k]],
            str(bought.line[k]),
            codes[bought.category[k], bought.product[k]],
            titles[bought.category[k], bought.product[k]],
            shop["categories"][bought.category[k]]["name"],
            str(bought.quantity[k]),
            money(bought.amount[k]),
        ]
        for k in range(len(bought.order))
    )
    level, manual, points = levels(past, view)
    members = (
        [
            names[i],
            day_text(crowd.joined[i]),
            LEVELS[level[i]],
            "true" if manual[i] else "false",
            day_text(crowd.birthday[i]),
            ("male" if crowd.man[i] else "female") if crowd.gender_known[i] else "",
            regions[crowd.region[i]],
            cities[i],
            channels[crowd.channel[i]]["name"],
            str(points[i]),
        ]
        for i in member_order(past)
    )
    mark = bool(shop.get("byte_order_mark"))
    return {
        "orders.csv": utf8(ORDER_COLUMNS, orders, mark=mark),
        "items.csv": utf8(ITEM_COLUMNS, items, mark=mark),
        "members.csv": utf8(MEMBER_COLUMNS, members, mark=mark),
    }


def utf8(header: str, rows: Iterable[Sequence[str]], *, mark: bool = False) -> bytes:
    """A CSV file in UTF-8, with a byte-order mark if asked for."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header.split(","))
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig" if mark else "utf-8")


def cents(amount: int) -> str:
    """Coins as an amount with two decimals."""
    return f"{amount // 100}.{amount % 100:02d}"


def moment(seconds: int) -> str:
    """Seconds since 1970-01-01 as ``2026-06-30 21:54:30``."""
    return str(np.datetime64(int(seconds), "s")).replace("T", " ")


def day_text(number: int) -> str:
    """A day number as an ISO date, nothing for −1."""
    return "" if number == -1 else str(np.datetime64(int(number), "D"))


def _with_offset(seconds: int, channel: dict[str, object]) -> str:
    """An English wall time as ISO 8601 with its offset; a channel that keeps UTC gets UTC."""
    wall = datetime(1970, 1, 1) + timedelta(seconds=int(seconds))
    summer = _last_sunday(wall.year, 3, 2) <= wall < _last_sunday(wall.year, 10, 2)
    if channel.get("utc"):
        return (wall - timedelta(hours=int(summer))).isoformat() + "Z"
    return wall.isoformat() + ("+01:00" if summer else "+00:00")


def _last_sunday(year: int, month: int, hour: int) -> datetime:
    """The last Sunday of a month of 31 days, when British clocks change, at the given hour of wall time."""
    end = date(year, month, 31)
    day = end - timedelta(days=(end.weekday() + 1) % 7)
    return datetime(day.year, day.month, day.day, hour)
