"""Draw the members of a made-up shop and the days they come.

Each buyer has a first order on a day drawn from the shop's calendar (season × weekday × sale days × growth ×
waves of new members). Later orders are a Poisson process with a gamma-distributed rate, on the same calendar,
until the member is lost after an exponential lifetime; a few loyal members come more often and stay longer.
This is the Pareto/NBD picture of Schmittlein, Morrison and Colombo (1987) on a calendar that is not flat.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samples.draws import Draws, Floats, Ints

LISTED, UNLISTED, GUEST, BRUSHER = 0, 1, 2, 3
DAY = 86_400
Profile = dict[str, Any]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class People:
    """One entry per person; days are counted from 1970-01-01, −1 stands for none."""

    kind: Ints  # LISTED, UNLISTED, GUEST or BRUSHER
    man: Ints  # 1 for men
    gender_known: Flags
    birthday: Ints
    region: Ints
    city: Ints
    channel: Ints
    taste: Floats  # 0 buys the cheapest, 1 the dearest
    joined: Ints
    first: Ints


@dataclass(frozen=True)
class Visits:
    """One entry per order, oldest first; `created` is in seconds since 1970-01-01, wall time of the shop."""

    person: Ints
    created: Ints
    channel: Ints


def profile(name: str) -> Profile:
    """The description of one of the made-up shops: ``clothing``, ``tea-house`` or ``gift-shop``."""
    file = Path(__file__).parent / "profiles" / f"{name}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def day_number(day: str) -> int:
    """Days from 1970-01-01 to an ISO date."""
    return int(np.datetime64(day, "D").astype(np.int64))


def month_of(days: Ints) -> Ints:
    """Month of the year, 0 for January, of day numbers."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12


def weekday_of(days: Ints) -> Ints:
    """Day of the week, 0 for Monday, of day numbers."""
    return (days + 3) % 7


def spells(shop: Profile, entries: list[dict[str, Any]]) -> list[tuple[int, int, dict[str, Any]]]:
    """First and last day number of each spell; one given as month and day (``11-10``) comes every year."""
    years = range(int(shop["start"][:4]), int(shop["end"][:4]) + 1)
    found = []
    for entry in entries:
        prefixes = [f"{year}-" for year in years] if len(entry["from"]) == 5 else [""]
        found += [(day_number(p + entry["from"]), day_number(p + entry["to"]), entry) for p in prefixes]
    return found


def clocks(shop: Profile) -> tuple[Ints, Floats, Floats]:
    """Day numbers of the shop's history, and how strongly new members and old ones come on each."""
    days = np.arange(day_number(shop["start"]), day_number(shop["end"]) + 1, dtype=np.int64)
    calendar, repeat = shop["calendar"], shop["repeat"]
    pull = np.array(calendar["months"])[month_of(days)] * np.array(calendar["weekdays"])[weekday_of(days)]
    for first, last, event in spells(shop, calendar["events"]):
        pull = np.where((days >= first) & (days <= last), pull * event["factor"], pull)
    begin, finish = calendar["growth"]
    new = pull * np.linspace(begin, finish, len(days))
    for first, last, wave in spells(shop, calendar["waves"]):
        new = np.where((days >= first) & (days <= last), new * wave["factor"], new)
    back = pull / pull.mean()
    if "fade_from" in repeat:
        back = np.where(days >= day_number(repeat["fade_from"]), back * repeat["fade"], back)
    return days, new, back


def people(shop: Profile, members: int, draws: Draws) -> People:
    """Draw the shop's people: listed members first, then buyers not on the list, guests and brushers."""
    days, new, _ = clocks(shop)
    never = int(members * shop["never_bought_share"])
    buyers = members - never
    brushed = shop.get("brushed", {"count": 0, "spells": []})
    unlisted, guests = int(buyers * shop["unlisted_share"]), int(buyers * shop["guest_share"])
    sizes = [members, unlisted, guests, brushed["count"]]
    kind = np.repeat(np.arange(4), sizes)
    size = len(kind)

    first = days[draws.pick(size, new)]
    spread = [
        np.arange(begin, end + 1, dtype=np.int64) for begin, end, _ in spells(shop, brushed["spells"])
    ] or [days]
    first = np.where(kind == BRUSHER, np.concatenate(spread)[draws.below(size, sum(map(len, spread)))], first)
    early = draws.happens(size, 0.22) * draws.below(size, 31)
    late = draws.happens(size, 0.06) * draws.below(size, 60)
    joined = np.clip(first - early + late, days[0], days[-1])
    first = np.where((kind == LISTED) & (np.arange(size) >= buyers), -1, first)

    man = (~draws.happens(size, shop["female_share"])).astype(np.int64)
    young, old = shop["birth_years"][1], shop["birth_years"][0]
    middle = old + (young - old) * (draws.uniform(size) + draws.uniform(size)) / 2  # most are in the middle
    birthday = np.floor((middle - 1970) * 365.2425).astype(np.int64)
    birthday = np.where(draws.happens(size, shop["birthday_known_share"]), birthday, -1)

    regions = shop["regions"]
    region = draws.pick(size, [r["weight"] for r in regions])
    city_count = np.array([len(r["cities"]) for r in regions])[region]
    city = np.floor(draws.uniform(size) ** 1.5 * city_count).astype(np.int64)
    dear = np.array([r.get("price", 1.0) for r in regions])[region]
    return People(
        kind=kind,
        man=man,
        gender_known=draws.happens(size, shop["gender_known_share"]),
        birthday=birthday,
        region=region,
        city=city,
        channel=draws.pick(size, [c["weight"] for c in shop["channels"]]),
        taste=np.clip(draws.uniform(size) + (dear - 1.0) * 0.7, 0.0, 1.0),
        joined=joined,
        first=first,
    )


def visits(shop: Profile, crowd: People, draws: Draws) -> Visits:
    """Draw when each person orders, and over which channel."""
    days, _, back = clocks(shop)
    repeat = shop["repeat"]
    size = len(crowd.kind)
    loyal = draws.happens(size, repeat["loyal_share"])
    often = np.array([r.get("rate", 1.0) for r in shop["regions"]])[crowd.region]
    yearly = np.where(
        loyal,
        repeat["loyal_per_year"] * (0.4 + 0.6 * draws.gamma(size, 3.0)),
        repeat["per_year"] * often * draws.gamma(size, repeat["shape"]),
    )
    stay = np.where(loyal, repeat["loyal_lifetime_days"], repeat["lifetime_days"])
    lifetime = draws.exponential(size) * stay
    last = np.minimum(crowd.first + lifetime, days[-1]).astype(np.int64)

    ticks = np.concatenate([[0.0], np.cumsum(back)])  # the calendar's own time, in days
    bought = crowd.first >= 0
    begin = ticks[np.clip(crowd.first + 1 - days[0], 0, len(days))]
    end = np.maximum(ticks[np.clip(last + 1 - days[0], 0, len(days))], begin)
    returns = bought & (crowd.kind != GUEST) & (crowd.kind != BRUSHER)
    count = draws.poisson(np.where(returns, yearly / 365.25 * (end - begin), 0.0))
    again = np.repeat(np.arange(size), count)
    when = begin[again] + draws.uniform(len(again)) * (end - begin)[again]
    later = days[np.clip(np.searchsorted(ticks, when, side="right") - 1, 0, len(days) - 1)]

    person = np.concatenate([np.flatnonzero(bought), again])
    day = np.concatenate([crowd.first[bought], later])
    channel = _channel(shop, crowd, person, day, draws)
    hours = [table for c in shop["channels"] for table in (c["hours"], c.get("weekend_hours", c["hours"]))]
    hour = draws.pick_rows(2 * channel + (weekday_of(day) >= 5), np.array(hours, dtype=np.float64))
    created = day * DAY + hour * 3600 + draws.below(len(day), 3600)
    order = np.lexsort((person, created))
    return Visits(person=person[order], created=created[order], channel=channel[order])


def _channel(shop: Profile, crowd: People, person: Ints, day: Ints, draws: Draws) -> Ints:
    """The channel of each order: mostly the person's own, never a till on its closed day."""
    channels = shop["channels"]
    other = draws.pick(len(person), [c["weight"] for c in channels])
    channel = np.where(draws.happens(len(person), 0.85), crowd.channel[person], other)
    web = next(i for i, c in enumerate(channels) if not c.get("till"))
    closed = np.array([c.get("closed_weekday", -1) for c in channels])[channel]
    return np.where(closed == weekday_of(day), web, channel).astype(np.int64)
