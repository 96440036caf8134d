"""Shops made by hand that have every trap in them, for the tests that ask every view."""

import datetime as dt

import pandas as pd

STAYS = {
    "level_rules": [{"level": "regular"}, {"level": "vip", "amount": 300, "orders": 4, "discount": 0.8}],
    "category_prefixes": {"DR": "dress"},
    "amount_edges": [50, 100, 200],
}


def _orders():
    """Trades of 18 months with two peaks, and beside them one order for each thing that can go wrong."""
    cents = [5000, 5000, 10000, 9999, 3333, 1, 123456, 20000, 20001]
    members = ["a", "b", "b", "c", "d", "会员", "Ä'x", "e\\f", "a", "g"]
    rows = []
    for month in range(18):
        start = dt.datetime(2023 + (6 + month) // 12, (6 + month) % 12 + 1, 1)
        for n in range(14 if month in (4, 16) else 1 if month == 7 else 3 + month % 2):
            at = start + dt.timedelta(days=3 * n % 28, hours=(7 * n + month) % 24, minutes=59, seconds=n)
            who, amount = members[(3 * n + month) % 10], cents[(n + month) % 9] / 100
            region = (None, "north", "south", "Île")[(n + 2 * month) % 4]
            rows.append((who, at, amount, 0.0 if n else round(amount / 3, 2), "completed", region))
    rows += [
        ("a", dt.datetime(2024, 2, 29, 23, 59, 59, 999999), 50.0, 0, "shipped", "north"),
        ("b", dt.datetime(2024, 3, 1), 50.0, 0, "paid", "south"),
        ("h", dt.datetime(2024, 1, 31), 0.0001, 0, "completed", "north"),
        ("h", dt.datetime(2024, 1, 31), 33.3333, 0.0001, "completed", "south"),  # the same moment
        ("refunded", dt.datetime(2024, 5, 1, 9), 30.0, 30.0, "completed", None),
        ("refunded", dt.datetime(2024, 5, 1, 9), 30.0, 31.0, "completed", None),
        ("", dt.datetime(2024, 5, 2, 9), 40.0, 0, "shipped", None),
        ("c", None, 50.0, 0, "pending", None),
        ("d", dt.datetime(2024, 5, 3, 9), 60.0, 0, "cancelled", None),
        ("fake", dt.datetime(2024, 5, 4, 9), 999.0, 0, "completed", None),
        ("once", dt.datetime(2024, 12, 31, 23, 59, 59), 100.0, 0, "completed", "south"),
    ]
    frame = pd.DataFrame(
        rows, columns=["member_id", "paid_at", "paid_amount", "refund_amount", "status", "region"]
    )
    frame.insert(0, "order_id", [f"o{place}" for place in range(len(frame))])
    made = frame["paid_at"] - pd.Timedelta(hours=1)
    return frame.assign(created_at=made.fillna(pd.Timestamp("2024-05-02 08:00")))


def _items(orders):
    goods = [("DR-1", None, "dress 1"), ("XX-2", None, None), ("DR-3", "own", "coat"), (None, None, "bag")]
    rows = [
        (order_id, str(line), *goods[(place + line) % 4], 1.0 + line, 10.01 * (place % 7))
        for place, order_id in enumerate(orders["order_id"])
        for line in range(place % 3)
    ]
    names = ["order_id", "line_id", "product_id", "category", "product_name", "quantity", "amount"]
    return pd.DataFrame(rows, columns=names)


MEMBERS = pd.DataFrame(
    {
        "member_id": ["a", "b", "c", "never", "later", "会员"],
        "joined_on": [dt.date(2023, 1, 1), None, dt.date(2024, 2, 29), None, dt.date(2025, 6, 1), None],
        "level": ["vip", None, "supreme", "regular", "vip", "advanced"],
        "level_manual": [False, True, True, False, False, None],
        "region": ["west", None, "", None, None, "north"],
    }
)
BRUSHED = pd.DataFrame({"order_id": ["never", "o" + str(len(_orders()) - 2)]})
EVENTS = pd.DataFrame(
    {
        "member_id": ["a", "b", "a"],
        "kind": "visit",
        "happened_at": pd.to_datetime(["2024-02-29 23:59", "2024-03-01 00:00", "2025-01-01 00:00"]),
    }
)
CONTACTS = pd.DataFrame(
    {
        "member_id": ["a", "b", "d", "a", "g", "c"],
        "phone": ["13800001234", "138-0000-1234", None, None, "+86 139 0000 9999", "13900009999"],
        "email": [None, "x@example.com", "X@example.com", None, None, None],
    }
)
DECISIONS = pd.DataFrame({"member_id": ["c"], "other_id": ["g"], "decision": ["apart"]})
GIVEN = {
    "orders": _orders(),
    "items": _items(_orders()),
    "members": MEMBERS,
    "brushed": BRUSHED,
    "events": EVENTS,
}
JOINED = {**GIVEN, "contacts": CONTACTS, "decisions": DECISIONS}


def many_orders():
    """Orders and lines of 90 members over two years, with regions, seasons and ties."""
    rows = [
        (
            f"{member}-{turn}",
            f"m{member:02}",
            dt.datetime(2026, 6, 30, 20) - dt.timedelta(days=(23 * member + 31 * turn) % 720, hours=turn),
        )
        for member in range(90)
        for turn in range(1 + member % 6)
    ]
    orders = pd.DataFrame(rows, columns=["order_id", "member_id", "paid_at"])
    orders["paid_amount"] = [20.0 + 37 * place % 900 for place in range(len(orders))]
    orders["status"] = "completed"
    orders["region"] = [("浙江省", "Kent", None, "臺北市")[place % 4] for place in range(len(orders))]
    goods = ("茶", "Hand-embroidered winter scarves", "cup")
    items = pd.DataFrame(
        {
            "order_id": orders.order_id,
            "line_id": "1",
            "product_id": [f"A{place % 7}" for place in range(len(orders))],
            "product_name": "$ tea",
            "category": [goods[place % 3] for place in range(len(orders))],
            "quantity": 1,
            "amount": orders.paid_amount,
        }
    )
    return orders, items
