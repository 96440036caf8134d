"""How long does a move of a control take on a shop of 100,000 members?"""

from __future__ import annotations

import statistics
import time
from typing import Any

MEMBERS = 100_000
TIMES = 7

# theme → control → the values that it is moved between
MOVES: dict[str, tuple[str, tuple[Any, ...]]] = {
    "level": ("rules", ()),
    "time": ("edges", ((2, 4, 6), (1, 3, 12))),
    "amount": ("edges", ((50, 100, 200), (80, 160, 320))),
    "count": ("edges", ((2, 5, 10), (1, 3, 8))),
    "rfm": ("method", ("median", "quantile")),
}


def shop() -> Any:
    """A seeded shop: as many members, a long tail of trades, two years."""
    import numpy as np
    import pandas as pd

    from memberlib.store import store_from

    draws = np.random.default_rng(20260630)
    count = draws.geometric(0.4, MEMBERS)
    member = np.repeat(np.arange(MEMBERS), count)
    total = len(member)
    second = draws.integers(0, 730 * 86_400, total)
    orders = pd.DataFrame(
        {
            "order_id": [f"o{number}" for number in range(total)],
            "member_id": [f"m{number}" for number in member],
            "paid_at": pd.Timestamp("2024-07-01") + pd.to_timedelta(second, unit="s"),
            "paid_amount": draws.lognormal(4.4, 0.8, total).round(2),
            "status": "completed",
        }
    )
    return store_from(orders)


def moves() -> dict[str, float]:
    """Median milliseconds from the move of a control to its new picture and table, per theme."""
    from memberlib.widgets import explore

    store, found = shop(), {}
    for theme, (name, values) in MOVES.items():
        explorer = explore(store, theme)
        control = explorer.controls[name]
        if not values:
            now = control.value
            first = now[1]
            values = (
                now,
                (
                    now[0],
                    type(first)(first.level, (first.amount or 0) + 100, first.orders, first.discount),
                    *now[2:],
                ),
            )
        taken = []
        for number in range(TIMES + 1):
            started = time.perf_counter()
            control.value = values[(number + 1) % len(values)]
            taken.append((time.perf_counter() - started) * 1000)
        found[theme] = statistics.median(taken[1:])
    return found
