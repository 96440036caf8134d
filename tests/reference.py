"""The same figures once more, in plain Python and pandas from the raw rows; no code is shared with memberlib.

Money is counted exactly (as fractions), intervals row by row, months by pandas' own calendar. ``shops`` draws
small random shops that have every trap in them: orders on the as-of day and after it, leap days, amounts on
an edge, guests, refunds, brushed orders, every status, no counted trade at all.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

import pandas as pd
from hypothesis import settings as profile
from hypothesis import strategies as st

COUNTED = ("paid", "shipped", "completed")
EXAMPLES = profile.default.max_examples  # 100, and 3,000 in the fuzz profile


class Trade(NamedTuple):
    """One counted trade."""

    order_id: str
    member_id: str
    at: dt.datetime
    net: Fraction


@dataclasses.dataclass
class Shop:
    """Raw rows of a random shop and the day it is looked at."""

    orders: pd.DataFrame
    brushed: pd.DataFrame
    items: pd.DataFrame
    as_of: dt.date

    def trades(self, as_of: dt.date | None = None, *, guests: bool = False) -> list[Trade]:
        """Counted trades by ``as_of``: of members, or those of guests by the same rules."""
        brushed = set(self.brushed["order_id"])
        return counted(self.orders, as_of or self.as_of, brushed=brushed, guests=guests)

    @property
    def begun(self) -> dt.date | None:
        """Day of the first order of any kind."""
        moments = [at for name in ("paid_at", "created_at") for at in self.orders[name] if not pd.isna(at)]
        return min(moments).date() if moments else None


@cache
def connection() -> Any:
    """One DuckDB for every shop of a test run."""
    from memberlib.store import connection as fresh

    return fresh()


def shop_of(rows: list[tuple[str | None, str, float]], **options: Any) -> Any:
    """A shop of (member, day, amount) rows, all completed."""
    from memberlib.store import store_from

    frame = pd.DataFrame(rows, columns=["member_id", "paid_at", "paid_amount"])
    frame["paid_at"] = pd.to_datetime(frame["paid_at"])
    frame = frame.assign(order_id=[str(n) for n in range(len(frame))], status="completed")
    return store_from(frame, con=connection(), **options)


def store_of(shop: Shop, **options: Any) -> Any:
    """The shop as memberlib sees it."""
    from memberlib.store import store_from

    return store_from(
        shop.orders, brushed=shop.brushed, items=shop.items, as_of=shop.as_of, con=connection(), **options
    )


# ---- random shops ---------------------------------------------------------------------------------

_FIRST = dt.datetime(2023, 12, 30)  # two days before a leap year
_CENTS = st.sampled_from([1, 4999, 5000, 5001, 9999, 10000, 10001, 20000, 20001, 3333, 123456]) | st.integers(
    1, 30000
)
_DAYS = st.sampled_from(
    [0, 1, 2, 31, 59, 60, 61, 62, 91, 92, 180, 181, 184, 366, 425, 427, 790]
) | st.integers(0, 800)
_ORDER = st.tuples(
    st.sampled_from([None, "a", "a", "b", "b", "c", "d", "e"]),
    _DAYS,
    st.sampled_from([0, 0, 1, 60 * 9 + 30, 60 * 24 - 1]),  # minute of the day
    _CENTS,
    st.sampled_from(["none", "none", "none", "none", "part", "full", "more"]),
    st.sampled_from(["completed", "completed", "completed", "paid", "shipped", "pending", "cancelled"]),
    st.booleans(),  # paid at all, where the status leaves it open
    st.sampled_from([False] * 9 + [True]),  # brushed
    st.lists(st.tuples(st.sampled_from(["tea", "cup", "pot", None]), _CENTS, st.integers(1, 3)), max_size=2),
)


@st.composite
def shops(draw: Any, *, max_orders: int = 30) -> Shop:
    """A small shop with its as-of day, which is never before the first order."""
    drawn = draw(st.lists(_ORDER, max_size=max_orders))
    like = draw(st.sampled_from(["any", "any", "any", "one member", "ties", "once each", "guests"]))
    rows, lines, brushed = [], [], []
    for place, (member, day, minute, cents, refund, status, paid, is_brushed, goods) in enumerate(drawn):
        order_id = f"o{place}"
        if like == "one member":
            member = "a"
        elif like == "once each":
            member = f"m{place}"
        elif like == "guests":
            member = None
        elif like == "ties":
            cents, refund, day = 10000, "none", 31
        at = _FIRST + dt.timedelta(days=day, minutes=minute)
        back = {"none": 0, "part": cents // 3, "full": cents, "more": cents + 1}[refund]
        is_paid = status in COUNTED or (paid and status == "cancelled")
        rows.append(
            (
                order_id,
                member,
                at - dt.timedelta(hours=1),
                at if is_paid else None,
                cents / 100,
                back / 100,
                status,
            )
        )
        lines += [
            (order_id, f"{n}", good, good, float(n_pieces), amount / 100)
            for n, (good, amount, n_pieces) in enumerate(goods)
        ]
        if is_brushed:
            brushed.append(order_id)
    names = ["order_id", "member_id", "created_at", "paid_at", "paid_amount", "refund_amount", "status"]
    orders = pd.DataFrame(rows, columns=names)
    orders["created_at"] = pd.to_datetime(orders["created_at"])
    orders["paid_at"] = pd.to_datetime(orders["paid_at"])
    items = pd.DataFrame(
        lines, columns=["order_id", "line_id", "category", "product_name", "quantity", "amount"]
    )
    shop = Shop(orders, pd.DataFrame({"order_id": pd.Series(brushed, dtype=object)}), items, _FIRST.date())
    # Mostly the day of some order, so that orders lie on the day itself and behind it.
    days = sorted({row[2].date() for row in rows} | {row[3].date() for row in rows if row[3]})
    choice = st.sampled_from(days) if days else st.just(_FIRST.date())
    later = st.integers(0, 900).map(lambda n: (shop.begun or _FIRST.date()) + dt.timedelta(days=n))
    month_end = choice.map(lambda day: (pd.Timestamp(day) + pd.offsets.MonthEnd(0)).date())
    shop.as_of = draw(choice | choice | month_end | later)
    return shop


EDGES = st.lists(st.integers(1, 12), min_size=1, max_size=4, unique=True).map(sorted)
MONEY_EDGES = st.lists(
    st.sampled_from([0.01, 33.33, 50, 50.005, 100, 100.01, 200, 1000]), min_size=1, max_size=4, unique=True
).map(sorted)


# ---- trades and members ---------------------------------------------------------------------------


def counted(
    orders: pd.DataFrame, as_of: dt.date, *, statuses: Iterable[str] = COUNTED, brushed: Iterable[str] = (),
    guests: bool = False,
) -> list[Trade]:  # fmt: skip
    """Paid by ``as_of``, in a counted status, worth more than its refund, by a member (or by a guest), not brushed."""
    found = []
    for row in orders.to_dict("records"):
        if row["status"] not in set(statuses) or pd.isna(row["paid_at"]) or row["order_id"] in set(brushed):
            continue
        if row["paid_at"].date() > as_of or (pd.isna(row["member_id"]) or row["member_id"] == "") != guests:
            continue
        refund = row.get("refund_amount", 0)
        net = exact(row["paid_amount"]) - exact(0 if pd.isna(refund) else refund)
        if net > 0:
            found.append(Trade(str(row["order_id"]), str(row["member_id"]), row["paid_at"], net))
    return found


def exact(amount: Any) -> Fraction:
    """An amount as it is written, not as a double holds it."""
    return Fraction(str(amount))


def by_member(trades: Iterable[Trade]) -> dict[str, list[Trade]]:
    """Trades of each member."""
    found: dict[str, list[Trade]] = defaultdict(list)
    for trade in trades:
        found[trade.member_id].append(trade)
    return dict(found)


def total(trades: Iterable[Trade]) -> Fraction:
    """Net amount of some trades."""
    return sum((trade.net for trade in trades), Fraction(0))


def recency(trades: Iterable[Trade], as_of: dt.date) -> int:
    """Whole days since the last trade."""
    return (as_of - max(trade.at.date() for trade in trades)).days


def share(part: Any, whole: Any) -> float | None:
    """A share as a double; None of nothing."""
    return float(Fraction(part) / Fraction(whole)) if whole else None


# ---- tables ---------------------------------------------------------------------------------------


def intervals(edges: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Pairs of lower and upper edge, open at both ends."""
    return list(zip([None, *edges], [*edges, None], strict=True))


def lies_in(value: Any, lower: Any, upper: Any) -> bool:
    """Above the lower edge, at or below the upper."""
    return (lower is None or value > exact(lower)) and (upper is None or value <= exact(upper))


def member_bands(
    trades: list[Trade], edges: Sequence[Any], value: Callable[[list[Trade]], Any]
) -> list[tuple[Any, ...]]:
    """lower, upper, members, their share, orders, their share, amount, its share."""
    members = by_member(trades)
    rows = []
    for lower, upper in intervals(edges):
        chosen = [own for own in members.values() if lies_in(value(own), lower, upper)]
        count, money = sum(map(len, chosen)), total(trade for own in chosen for trade in own)
        rows.append(
            (
                lower,
                upper,
                len(chosen),
                share(len(chosen), len(members)),
                count,
                share(count, len(trades)),
                float(money),
                share(money, total(trades)),
            )
        )
    return rows


def order_bands(trades: list[Trade], edges: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The same columns, where the intervals hold orders."""
    rows = []
    for lower, upper in intervals(edges):
        chosen = [trade for trade in trades if lies_in(trade.net, lower, upper)]
        members = len({trade.member_id for trade in chosen})
        rows.append(
            (
                lower,
                upper,
                members,
                share(members, len(by_member(trades))),
                len(chosen),
                share(len(chosen), len(trades)),
                float(total(chosen)),
                share(total(chosen), total(trades)),
            )
        )
    return rows


def month_bands(trades: list[Trade], edges: Sequence[int], as_of: dt.date) -> list[tuple[Any, ...]]:
    """Members by calendar months since their last trade, whose day is compared with the cut days."""
    cuts = [(pd.Timestamp(as_of) - pd.DateOffset(months=edge)).date() for edge in edges]

    def place(own: list[Trade]) -> int:
        last = max(trade.at.date() for trade in own)
        return next((edge for edge, cut in zip(edges, cuts, strict=True) if last >= cut), edges[-1] + 1)

    return member_bands(trades, edges, place)


def sleepers(trades: list[Trade], edges: Sequence[int], days: int, as_of: dt.date) -> list[tuple[Any, ...]]:
    """lower, upper, members, sleeping, share, their amount, median recency of all."""
    rows = []
    for lower, upper in intervals(edges):
        chosen = [own for own in by_member(trades).values() if lies_in(len(own), lower, upper)]
        asleep = [own for own in chosen if recency(own, as_of) > days]
        median = float(statistics.median([recency(own, as_of) for own in chosen])) if chosen else None
        rows.append(
            (
                lower,
                upper,
                len(chosen),
                len(asleep),
                share(len(asleep), len(chosen)),
                float(sum(map(total, asleep))),
                median,
            )
        )
    return rows


def spenders(trades: list[Trade], as_of: dt.date) -> list[tuple[Any, ...]]:
    """rank, member, total, orders, last day, recency, share; best first."""
    members = by_member(trades)
    order = sorted(members, key=lambda name: (-total(members[name]), name))
    rows = []
    for name in order:
        own = members[name]
        better = sum(total(other) > total(own) for other in members.values())
        rows.append(
            (
                better + 1,
                name,
                float(total(own)),
                len(own),
                max(t.at for t in own).date(),
                recency(own, as_of),
                share(total(own), total(trades)),
            )
        )
    return rows


def tops(trades: list[Trade]) -> list[tuple[Any, ...]]:
    """top share, members, amount, share, least of them."""
    totals = sorted((total(own) for own in by_member(trades).values()), reverse=True)
    rows = []
    for top in (1, 5, 10, 20, 50, 100):
        best = totals[: math.ceil(Fraction(top, 100) * len(totals))]
        rows.append(
            (
                top / 100,
                len(best),
                float(sum(best)),
                share(sum(best), sum(totals)),
                float(best[-1]) if best else None,
            )
        )
    return rows


def months(trades: list[Trade], as_of: dt.date, begun: dt.date | None) -> list[dict[str, Any]]:
    """One row per month from the first trade to ``as_of``."""
    if not trades:
        return []
    firsts = Counter(min(trade.at for trade in own).strftime("%Y-%m") for own in by_member(trades).values())
    rows = []
    for month in pd.period_range(min(trade.at for trade in trades), pd.Timestamp(as_of), freq="M"):
        own = [trade for trade in trades if trade.at.strftime("%Y-%m") == str(month)]
        rows.append(
            {
                "month": month.start_time.date(),
                "order_count": len(own),
                "member_count": len({trade.member_id for trade in own}),
                "new_member_count": firsts[str(month)],
                "amount": float(total(own)),
                "mean_order_amount": share(total(own), len(own)),
                "whole": begun <= month.start_time.date() and month.end_time.date() <= as_of,
            }
        )
    whole = [row for row in rows if row["whole"]]
    levels = usual([row["order_count"] for row in whole])
    for row in rows:
        row["usual_order_count"] = row["usual_ratio"] = row["season"] = None
    for row, level in zip(whole, levels, strict=True):
        row["usual_order_count"], row["usual_ratio"] = level, share(row["order_count"], Fraction(level))
        sure = level > 0 and abs(row["order_count"] - level) >= 3 * math.sqrt(level)
        row["season"] = (
            "normal" if not sure else "peak" if row["usual_ratio"] >= 1.25
            else "slack" if row["usual_ratio"] <= 0.75 else "normal"
        )  # fmt: skip
    seen = {row["month"]: row["season"] for row in whole}

    def a_year(month: dt.date, years: int) -> str | None:
        return seen.get(month.replace(year=month.year + years))

    silenced = []
    for row in whole:  # the opening: weak at once, and not so a year later
        if row["season"] != "slack" or a_year(row["month"], 1) == "slack":
            break
        silenced.append(row)
    lasting = []
    for row in reversed(whole):
        same = row["season"] == whole[-1]["season"] != "normal"
        if not same or a_year(row["month"], -1) == row["season"]:
            break
        lasting.append(row)
    for row in silenced + (lasting if len(lasting) >= 3 else []) + (whole if len(whole) < 12 else []):
        row["season"] = None
    return rows


def usual(counts: list[int]) -> list[float]:
    """Orders of a usual month at the time of each: median of the nearest twelve, moved along the growth there."""
    logs = pd.Series([math.log(count + 0.5) for count in counts], dtype=float)
    yearly = (logs.diff(12) / 12).dropna()
    yearly.index = yearly.index - 6  # the middle of the two months compared
    slopes = [
        (logs[later] - logs[early]) / (later - early)
        for early in range(len(logs))
        for later in range(early + 1, len(logs))
    ]
    found = []
    for at in range(len(logs)):

        def nearest(values: pd.Series, at: int = at) -> pd.Series:
            return values.loc[sorted(values.index, key=lambda place: abs(place - at + 0.5))[:12]]

        growth = (
            nearest(yearly).median()
            if len(yearly) >= 6
            else statistics.median(slopes)
            if len(logs) > 2
            else 0.0
        )
        near = nearest(logs)
        level = (near + growth * (at - near.index.to_numpy())).median()
        found.append(max(0.0, round(math.exp(level) - 0.5, 4)))
    return found


def goods(shop: Shop, trades: list[Trade], table: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """season, good, kind, quantity, orders, members, orders over all, amount, its share, share over all, lift, rank."""
    seasons = {row["month"]: row["season"] for row in table}
    season_of = {trade.order_id: seasons[trade.at.date().replace(day=1)] for trade in trades}
    lines = shop.items.assign(season=shop.items["order_id"].map(season_of).astype(object))
    lines = lines[lines["season"].notna() & lines["category"].notna()]
    buyer = {trade.order_id: trade.member_id for trade in trades}
    rows: list[tuple[Any, ...]] = []
    if not set(lines["season"]) & {"peak", "slack"}:
        return rows
    for season in ("peak", "slack"):
        chosen = lines[lines["season"] == season]
        best = []
        for good, own in chosen.groupby("category"):
            amount = sum(map(exact, own["amount"]))
            part = amount / sum(map(exact, chosen["amount"]))
            usual = sum(map(exact, lines.loc[lines["category"] == good, "amount"])) / sum(
                map(exact, lines["amount"])
            )
            best.append(
                (
                    season,
                    good,
                    "category",
                    own["quantity"].sum(),
                    own["order_id"].nunique(),
                    own["order_id"].map(buyer).nunique(),
                    lines.loc[lines["category"] == good, "order_id"].nunique(),
                    float(amount),
                    float(part),
                    float(usual),
                    float(part / usual),
                )
            )
        best.sort(key=lambda row: (-row[7], row[1]))
        rows += [(*row, rank) for rank, row in enumerate(best, start=1)]
    return rows


def week(trades: list[Trade]) -> list[tuple[Any, ...]]:
    """weekday, hour, orders, amount, share of orders, orders of ordinary days."""
    timed = any((trade.at.hour, trade.at.minute) != (0, 0) for trade in trades)
    by_day = Counter(trade.at.date() for trade in trades)
    busy = set()
    for day, count in by_day.items():
        around = [
            by_day[day + dt.timedelta(days=7 * n)]
            for n in range(-6, 7)
            if min(by_day) <= day + dt.timedelta(days=7 * n) <= max(by_day)
        ]
        usual_day = statistics.median(around)
        if count > 3 * usual_day and count > usual_day + 5 * math.sqrt(max(1, usual_day)):
            busy.add(day)
    rows = []
    for day in range(7):
        for hour in range(24) if timed else (None,):
            own = [t for t in trades if t.at.weekday() == day and (hour is None or t.at.hour == hour)]
            ordinary = sum(t.at.date() not in busy for t in own)
            rows.append((day, hour, len(own), float(total(own)), share(len(own), len(trades)), ordinary))
    return rows


def headline(shop: Shop, days: int) -> dict[str, tuple[Any, Any]]:
    """figure → value, value before."""
    trades, guests, begun = shop.trades(), shop.trades(guests=True), shop.begun
    firsts = [min(trade.at.date() for trade in own) for own in by_member(trades).values()]

    def figures(last: dt.date) -> dict[str, Any]:
        def inside(day: dt.date) -> bool:
            return 0 <= (last - day).days < days

        own = [trade for trade in trades if inside(trade.at.date())]
        everybody = total(own) + total(trade for trade in guests if inside(trade.at.date()))
        members = by_member(own)
        return {
            "active_members": len(members),
            "new_members": sum(map(inside, firsts)),
            "amount": float(total(own)),
            "all_amount": float(everybody),
            "amount_share": share(total(own), everybody),
            "mean_order_amount": share(total(own), len(own)),
            "mean_member_amount": share(total(own), len(members)),
            "repeat_share": share(sum(len(one) >= 2 for one in members.values()), len(members)),
        }

    def history(last: dt.date) -> int:
        """Days of orders before the window that ends on that day."""
        return -1 if begun is None else (last - begun).days + 1 - days

    now, before = figures(shop.as_of), None
    a_year_ago = (pd.Timestamp(shop.as_of) - pd.DateOffset(years=1)).date()
    right_before = shop.as_of - dt.timedelta(days=days)
    for last in ([a_year_ago] if days < 365 else []) + [right_before]:
        if before is None and history(last) >= (0 if days >= 365 else min(days, 90)):
            before = figures(last) | ({} if history(last) >= days else {"new_members": None})
    if history(shop.as_of) < days:
        now["new_members"] = None
    return {name: (now[name], before[name] if before else None) for name in now}


def same(found: Iterable[Sequence[Any]], expected: Iterable[Sequence[Any]]) -> None:
    """Fail where two tables differ: numbers by more than a double's rounding, anything else at all."""
    found, expected = [tuple(row) for row in found], [tuple(row) for row in expected]
    assert len(found) == len(expected), (found, expected)
    for row, other in zip(found, expected, strict=True):
        assert len(row) == len(other), (row, other)
        for value, wanted in zip(row, other, strict=True):
            if wanted is None or wanted != wanted:
                assert value is None or pd.isna(value), (row, other)
            elif isinstance(wanted, float):
                assert math.isclose(value, wanted, rel_tol=1e-9, abs_tol=1e-9), (row, other)
            else:
                assert value == wanted, (row, other)
