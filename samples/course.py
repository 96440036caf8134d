"""Make the shop that has exactly the three tables published in the Tmall member course.

The course shows 454 members by mean amount and by number of trades, and 409 members by months since the
last trade. So the shop is built from the answer: every member gets an interval in each table, then dates and
amounts inside those intervals. Cancelled, unpaid and wholly refunded orders and guests are mixed in, and must
not change any of the tables.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from samples.behaviour import DAY, day_number, month_of, weekday_of
from samples.draws import Draws, Ints
from samples.generic import Files, cents, utf8

SEED = 20260320
START, TIME_TABLE_ON, AS_OF = "2024-10-01", "2026-01-20", "2026-03-20"
BACK = ("2025-11-20", "2025-09-20", "2025-07-20")  # 2, 4 and 6 calendar months before TIME_TABLE_ON
TIME_MEMBERS = (192, 70, 36, 111)
AMOUNT_MEMBERS = (265, 84, 40, 65)
AMOUNT_EDGES = (50, 100, 200)
LATE_MEMBERS = 45  # first trade after TIME_TABLE_ON: 409 + 45 = 454
COUNTS = (
    [1] * 336 + [2] * 72
    + [3] * 7 + [4] * 5 + [5] * 3
    + [6, 6, 6, 7, 7, 7, 8, 8, 8, 9, 9, 10, 10, 10]
    + [11, 11, 12, 12, 13, 13, 14, 14, 15, 16, 17, 18, 20, 22, 25, 29, 34]
)  # fmt: skip
LEVEL_RULES = (("advanced", 1000, 5), ("vip", 3000, 10), ("supreme", 10000, 30))
_REGIONS = {"浙江省": 26, "江苏省": 20, "广东省": 20, "山东省": 12, "四川省": 12, "河南省": 10}
_HOURS = (3, 2, 1, 0, 0, 0, 1, 3, 6, 9, 12, 12, 11, 11, 11, 10, 9, 8, 9, 12, 15, 16, 13, 8)
_WEEKDAYS = (1.05, 1.0, 1.0, 1.0, 0.95, 0.95, 1.05)
_MONTHS = (0.8, 0.6, 1.0, 1.0, 1.1, 1.2, 0.8, 0.8, 1.0, 1.1, 1.6, 1.3)
# Dearest order in fen, then what is bought in the warm and in the cold months: category, code, product.
_GOODS = (
    (5_000, ("发饰", "FS-11", "发圈发夹组合"), ("袜子", "WZ-12", "加绒中筒袜")),
    (10_000, ("帽子", "MZ-21", "遮阳渔夫帽"), ("围巾手套", "WJ-22", "针织围巾")),
    (20_000, ("包袋", "BD-31", "帆布双肩包"), ("围巾手套", "WJ-32", "羊毛围巾礼盒")),
    (10**9, ("旅行箱", "LX-41", "登机行李箱"), ("包袋", "BD-42", "头层牛皮手提包")),
)  # fmt: skip


@dataclass
class _Order:
    member: int  # −1 for a guest
    day: int
    net: int  # fen
    refund: int = 0
    status: str = "completed"
    paid: bool = True
    second: int = field(default=0)


def course() -> Files:
    """The exports of the course's shop in the generic form: orders, item lines, members."""
    draws = Draws(SEED)
    late, band, count = _places(draws)
    orders = _trades(draws, late, band, count)
    first = np.full(len(count), 10**9)
    for order in orders:
        first[order.member] = min(first[order.member], order.day)
    rank = np.empty(len(count), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(count))
    members = _members(draws, orders, first, rank)
    orders += _noise(draws, orders, len(count))
    hours = draws.pick(len(orders), _HOURS)
    seconds = draws.below(len(orders), 3600)
    for order, hour, second in zip(orders, hours, seconds, strict=True):
        order.second = int(order.day * DAY + hour * 3600 + second)
    orders.sort(key=lambda order: (order.second, order.member))
    return _files(draws, orders, rank, members)


def _places(draws: Draws) -> tuple[np.ndarray, Ints, Ints]:
    """For each member: first came after TIME_TABLE_ON, the interval of time, the number of trades."""
    total = len(COUNTS)
    late = np.zeros(total, dtype=bool)
    late[-LATE_MEMBERS:] = True
    early = total - LATE_MEMBERS
    few, many = COUNTS[:408], COUNTS[408:]
    few = [few[i] for i in _shuffled(draws, len(few))]
    count = np.array(many + few, dtype=np.int64)  # the frequent ones are all early
    band = np.repeat(np.arange(4), TIME_MEMBERS)
    band = band[_shuffled(draws, early)]
    # Most frequent members came lately: they swap intervals with members of the first interval.
    recent = [i for i in range(len(many), early) if band[i] == 0]
    for i in range(len(many)):
        if band[i] != 0 and draws.uniform(1)[0] < 0.85:
            other = recent.pop()
            band[i], band[other] = band[other], band[i]
    return late, band, count


def _trades(draws: Draws, late: np.ndarray, band: Ints, count: Ints) -> list[_Order]:
    """The counted trades of all members."""
    table_on, as_of = day_number(TIME_TABLE_ON), day_number(AS_OF)
    edges = [table_on, *(day_number(day) for day in BACK), day_number(START)]
    amount_band = np.repeat(np.arange(4), AMOUNT_MEMBERS)[_shuffled(draws, len(count))]
    on_edge = {0: 2, 1: 2, 2: 2}  # so many members lie exactly on the upper edge of their interval of amount
    on_day = {edges[1]: 2, edges[2]: 1, edges[3]: 1, table_on: 1}  # … and had their last trade exactly then
    orders: list[_Order] = []
    for member in range(len(count)):
        trades = int(count[member])
        if late[member]:
            days = [_day(draws, table_on + 1, as_of) for _ in range(trades)]
        else:
            place = int(band[member])
            newest, oldest = edges[place] - (place > 0), edges[place + 1]
            exact = next((d for d, left in on_day.items() if left and oldest <= d <= newest), None)
            last = _day(draws, oldest, newest) if exact is None else exact
            if exact is not None:
                on_day[exact] -= 1
            after = int(draws.below(1, max(1, trades // 4 + 1))[0]) if trades > 2 else 0
            if trades == 2 and draws.uniform(1)[0] < 0.2:
                after = 1
            start = _day(draws, edges[4], last)
            days = [last] + [_day(draws, start, last) for _ in range(trades - after - 1)]
            days += [_day(draws, table_on + 1, as_of) for _ in range(after)]
        place = int(amount_band[member])
        if place < 3 and on_edge[place]:
            on_edge[place] -= 1
            mean = AMOUNT_EDGES[place] * 100
        else:
            mean = _mean(draws, place)
        for day, net in zip(days, _spread(draws, mean, trades), strict=True):
            refund = 10 * int(draws.below(1, max(2, net // 30))[0]) if draws.uniform(1)[0] < 0.025 else 0
            orders.append(_Order(member, day, net, refund))
    latest = max(orders, key=lambda order: order.day)
    latest.day = as_of  # the shop's last order makes the default as-of day
    return orders


def _mean(draws: Draws, place: int) -> int:
    """A member's mean order in fen, strictly inside interval `place` of the amounts."""
    u = float(draws.uniform(1)[0])
    yuan = (9 + 40 * u, 51 + 48 * u**1.2, 102 + 96 * u**1.2, 205 + 60 * u + 700 * u**4)[place]
    return round(yuan * 10) * 10


def _spread(draws: Draws, mean: int, trades: int) -> list[int]:
    """Amounts in fen whose mean is exactly `mean`: pairs that lie equally far above and below it."""
    amounts = [mean] * (trades % 2)
    for gap in draws.uniform(trades // 2):
        step = round(mean * 0.7 * float(gap) / 10) * 10
        amounts += [mean - step, mean + step]
    return [amounts[i] for i in _shuffled(draws, trades)]


def _noise(draws: Draws, orders: list[_Order], members: int) -> list[_Order]:
    """Orders that are no counted trades of a member."""
    as_of = day_number(AS_OF)
    found = []
    for kind, times in (("cancelled", 42), ("refunded", 24), ("guest", 8), ("pending", 3)):
        for like in draws.below(times, len(orders)):
            member = int(draws.below(1, members + 6)[0])  # six accounts never complete a trade
            net = orders[like].net
            day = _day(draws, day_number(START), as_of - 1)
            if kind == "cancelled":
                found.append(_Order(member, day, net, status="cancelled", paid=False))
            elif kind == "refunded":
                found.append(_Order(member, day, 0, refund=net))
            elif kind == "guest":
                found.append(_Order(-1, day, net))
            else:
                found.append(_Order(member, as_of, net, status="pending", paid=False))
    return found


def _members(draws: Draws, orders: list[_Order], first: Ints, rank: Ints) -> list[list[str]]:
    """The member list, in the order of joining; levels follow the rules, but for four set by hand."""
    size = len(first)
    total, count = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    for order in orders:
        total[order.member] += order.net
        count[order.member] += 1
    region = _region(rank)
    gender = draws.pick(size, (0.55, 0.3, 0.15))
    by_hand = set(_shuffled(draws, size)[:4])
    rows = []
    for i in np.argsort(rank):
        level = "regular"
        for name, amount, trades in LEVEL_RULES:
            if total[i] >= amount * 100 or count[i] >= trades:
                level = name
        manual = i in by_hand
        level = "vip" if manual and level != "vip" else level
        joined = str(np.datetime64(int(first[i]), "D"))
        sex = ("female", "male", "")[gender[i]]
        flag, points = str(manual).lower(), str(total[i] // 100)
        rows.append([_name(rank, int(i)), joined, level, flag, sex, region[i], points])
    return rows


def _files(draws: Draws, orders: list[_Order], rank: Ints, members: list[list[str]]) -> Files:
    region = _region(rank)
    order_rows, item_rows = [], []
    pause = draws.below(len(orders), 600)
    for number, order in enumerate(orders, start=1):
        order_id = f"K{number:05d}"
        created = str(np.datetime64(order.second, "s")).replace("T", " ")
        paid_second = min(order.second + int(pause[number - 1]), order.day * DAY + DAY - 1)
        paid_at = str(np.datetime64(paid_second, "s")).replace("T", " ") if order.paid else ""
        gross = order.net + order.refund
        place = "" if not 0 <= order.member < len(rank) else region[order.member]
        paid_amount = cents(gross) if order.paid else "0"
        member = "" if order.member < 0 else _name(rank, order.member)
        refund = cents(order.refund)
        order_rows.append([order_id, member, created, paid_at, order.status, paid_amount, refund, place])
        cold = int(month_of(np.array([order.day]))[0]) in (0, 1, 9, 10, 11)
        goods = next(row for row in _GOODS if gross <= row[0])
        category, code, name = goods[2] if cold != (number % 5 == 0) else goods[1]
        item_rows.append([order_id, "1", code, name, category, "1", cents(gross)])
    orders_header = "order_id,member_id,created_at,paid_at,status,paid_amount,refund_amount,region"
    return {
        "orders.csv": utf8(orders_header, order_rows),
        "items.csv": utf8("order_id,line_id,product_id,product_name,category,quantity,amount", item_rows),
        "members.csv": utf8("member_id,joined_on,level,level_manual,gender,region,points", members),
    }


def _day(draws: Draws, first: int, last: int) -> int:
    """A day from `first` to `last`, busy days more often."""
    days = np.arange(first, last + 1, dtype=np.int64)
    weights = np.array(_MONTHS)[month_of(days)] * np.array(_WEEKDAYS)[weekday_of(days)]
    return int(days[draws.pick(1, weights)[0]])


def _shuffled(draws: Draws, size: int) -> Ints:
    return np.argsort(draws.uniform(size), kind="stable")


def _region(rank: Ints) -> list[str]:
    places = Draws(SEED, 1).pick(len(rank), list(_REGIONS.values()))
    return [list(_REGIONS)[i] for i in places]


def _name(rank: Ints, member: int) -> str:
    """Member numbers grow with the first trade; accounts without one come after all others."""
    return f"C{(rank[member] if member < len(rank) else member) + 1:04d}"
