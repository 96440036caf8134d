"""Put together what happened in a made-up shop, as the tables of `memberlib.model`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from samples import baskets, behaviour
from samples.behaviour import BRUSHER, GUEST, LISTED, Flags, People, Profile, Visits
from samples.draws import Draws, Ints

if TYPE_CHECKING:
    import pandas as pd

LEVELS = ("regular", "advanced", "vip", "supreme")
COUNTED = ("paid", "shipped", "completed")
Texts = np.ndarray


@dataclass(frozen=True)
class History:
    """All that happened in a shop: its profile, people, orders, item lines and what became of the orders."""

    shop: Profile
    crowd: People
    trips: Visits
    bought: baskets.Lines
    fate: baskets.Fates


@dataclass(frozen=True)
class Frames:
    """A shop's canonical tables as pandas frames, see `memberlib.model`."""

    orders: pd.DataFrame
    items: pd.DataFrame
    members: pd.DataFrame
    brushed: pd.DataFrame


def history(name: str, *, members: int | None = None, seed: int | None = None) -> History:
    """Simulate the shop `name` from a seed; the same seed gives the same history on every machine.

    Parameters
    ----------
    name : str
        ``clothing``, ``tea-house`` or ``gift-shop``.
    members : int, optional
        Size of the member list; the profile's by default.
    seed : int, optional
        The profile's by default.
    """
    shop = behaviour.profile(name)
    root = shop["seed"] if seed is None else seed
    crowd = behaviour.people(shop, shop["members"] if members is None else members, Draws(root, 1))
    trips = behaviour.visits(shop, crowd, Draws(root, 2))
    bought = baskets.lines(shop, crowd, trips, draws=Draws(root, 3))
    fate = baskets.fates(shop, crowd, trips, bought=bought, draws=Draws(root, 4))
    return History(shop, crowd, trips, bought, fate)


def frames(name: str = "clothing", *, members: int | None = None, seed: int | None = None) -> Frames:
    """A simulated shop as canonical frames, as of the end of its history; fast enough for large shops.

    Parameters
    ----------
    name : str
        ``clothing``, ``tea-house`` or ``gift-shop``.
    members : int, optional
        Size of the member list; the profile's (a few thousand) by default.
    seed : int, optional
        The profile's by default.

    Returns
    -------
    Frames
        ``orders``, ``items``, ``members`` and ``brushed`` with the columns of `memberlib.model`; money as
        floats with at most two decimals, times as naive wall time.

    Examples
    --------
    >>> len(frames("tea-house", members=50, seed=1).members)
    50
    """
    import pandas as pd

    past = history(name, members=members, seed=seed)
    shop, crowd, trips, bought = past.shop, past.crowd, past.trips, past.bought
    view = baskets.seen(trips, past.fate, shop["end"])
    ids, names, unit = order_ids(past), member_ids(past), shop["money_unit"]
    regions = _words([r["name"] for r in shop["regions"]])
    channels = _words([c["name"] for c in shop["channels"]])
    cities = city_names(past)
    person = trips.person
    guest = crowd.kind[person] == GUEST
    paid_at = np.where(view.paid >= 0, view.paid, 0).astype("datetime64[s]")
    orders = pd.DataFrame(
        {
            "order_id": ids,
            "member_id": _unless(guest, names[person]),
            "created_at": trips.created.astype("datetime64[s]"),
            "paid_at": np.where(view.paid >= 0, paid_at, np.datetime64("NaT")),
            "status": view.status.astype(object),
            "paid_amount": view.gross / unit,
            "refund_amount": view.refund / unit,
            "shipping_amount": past.fate.shipping / unit,
            "item_count": item_counts(past),
            "region": _unless(guest, regions[crowd.region[person]]),
            "city": _unless(guest, cities[person]),
            "channel": channels[trips.channel],
        }
    )
    items = pd.DataFrame(
        {
            "order_id": ids[bought.order],
            "line_id": bought.line.astype(str).astype(object),
            "product_id": product_ids(past)[bought.category, bought.product],
            "product_name": product_names(past)[bought.category, bought.product],
            "category": _words([c["name"] for c in shop["categories"]])[bought.category],
            "quantity": bought.quantity,
            "amount": bought.amount / unit,
        }
    )
    level, manual, points = levels(past, view)
    listed = member_order(past)
    birthday = crowd.birthday[listed]
    members_frame = pd.DataFrame(
        {
            "member_id": names[listed],
            "joined_on": crowd.joined[listed].astype("datetime64[D]").astype("datetime64[s]"),
            "level": _words(list(LEVELS))[level[listed]],
            "level_manual": manual[listed],
            "birthday": np.where(
                birthday != -1, birthday.astype("datetime64[D]").astype("datetime64[s]"), np.datetime64("NaT")
            ),
            "gender": _unless(~crowd.gender_known, _words(["female", "male"])[crowd.man])[listed],
            "region": regions[crowd.region[listed]],
            "city": cities[listed],
            "channel": channels[crowd.channel[listed]],
            "points": points[listed],
        }
    )
    return Frames(orders, items, members_frame, pd.DataFrame({"order_id": ids[brushed(past)]}, dtype=object))


def orders_frame(*, members: int = 100_000, seed: int = 1, name: str = "clothing") -> pd.DataFrame:
    """The canonical orders of a simulated shop with a member list of the given size, see `frames`."""
    return frames(name, members=members, seed=seed).orders


def levels(past: History, view: baskets.Seen) -> tuple[Ints, Flags, Ints]:
    """Per person at the end of the history: level (0 is the lowest), whether set by hand, points."""
    shop, crowd, person = past.shop, past.crowd, past.trips.person
    size = len(crowd.kind)
    net = view.gross - view.refund
    counted = np.isin(view.status, COUNTED) & (net > 0) & ~brushed(past)
    total = np.bincount(person[counted], weights=net[counted], minlength=size).astype(np.int64)
    count = np.bincount(person[counted], minlength=size)
    level = np.zeros(size, dtype=np.int64)
    for position, rule in enumerate(shop["level_rules"]):
        if position:
            enough = (total >= rule["amount"] * shop["money_unit"]) | (count >= rule["orders"])
            level = np.where(enough, position, level)
    draws = Draws(shop["seed"], 5)
    manual = draws.happens(size, shop["manual_level_share"])
    step = np.array([-1, 1, 1, 2])[draws.below(size, 4)]
    by_hand = np.clip(level + step, 0, len(LEVELS) - 1)
    return np.where(manual, by_hand, level), manual, total // shop["money_unit"]


def brushed(past: History) -> Flags:
    """Which orders are fake."""
    return past.crowd.kind[past.trips.person] == BRUSHER


def member_order(past: History) -> Ints:
    """The people on the member list, in the order they joined."""
    listed = np.flatnonzero(past.crowd.kind == LISTED)
    return listed[np.argsort(past.crowd.joined[listed], kind="stable")]


def member_ids(past: History) -> Texts:
    """An id per person, numbered in the order of joining."""
    rank = member_ranks(past)
    width = max(5, len(str(len(rank))))
    return np.char.mod(f"{past.shop.get('member_prefix', 'M')}%0{width}d", rank + 1).astype(object)


def member_ranks(past: History) -> Ints:
    """Place of each person in the order of joining, from 0."""
    rank = np.empty(len(past.crowd.joined), dtype=np.int64)
    rank[np.argsort(past.crowd.joined, kind="stable")] = np.arange(len(rank))
    return rank


def order_ids(past: History) -> Texts:
    """An id per order, numbered in the order of creation."""
    count = len(past.trips.person)
    width = max(5, len(str(count)))
    prefix = past.shop.get("order_prefix", "O")
    return np.char.mod(f"{prefix}%0{width}d", np.arange(1, count + 1)).astype(object)


def product_ids(past: History) -> Texts:
    """Product code by category and product."""
    return _product_table(past, lambda category, place: f"{category['code']}-{101 + 7 * place:04d}")


def product_names(past: History) -> Texts:
    """Product name by category and product."""
    return _product_table(past, lambda category, place: category["products"][place][0])


def city_names(past: History) -> Texts:
    """City of each person."""
    regions = past.shop["regions"]
    table = np.full((len(regions), max(len(r["cities"]) for r in regions)), None, dtype=object)
    for row, region in enumerate(regions):
        table[row, : len(region["cities"])] = region["cities"]
    return table[past.crowd.region, past.crowd.city]


def item_counts(past: History) -> Ints:
    """Pieces per order."""
    pieces = np.bincount(past.bought.order, weights=past.bought.quantity, minlength=len(past.trips.person))
    return pieces.astype(np.int64)


def _product_table(past: History, label: Callable[[dict[str, Any], int], str]) -> Texts:
    categories = past.shop["categories"]
    table = np.full((len(categories), max(len(c["products"]) for c in categories)), None, dtype=object)
    for row, category in enumerate(categories):
        for place in range(len(category["products"])):
            table[row, place] = label(category, place)
    return table


def _words(words: list[str]) -> Texts:
    return np.array(words, dtype=object)


def _unless(flags: Flags, words: Texts) -> Texts:
    """The words, but nothing where a flag is set."""
    kept = words.copy()
    kept[flags] = None
    return kept
