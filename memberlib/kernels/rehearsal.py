"""Does once in the fork server what a notebook would otherwise do for the first time.

The first question to Ibis, the first picture and the first table take three times as long as the second: modules
are imported and rules looked up only then. A rehearsal asks every analysis of an invented shop and draws it, theme by
theme, and leaves nothing behind but what was learnt. It takes about as long as it saves five notebooks, so that only a
run of many asks for it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import gc
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_OPTIONS: dict[str, dict[str, Any]] = {
    "flow": {"rules": [{"level": "regular"}, {"level": "vip", "orders": 3}]}
}
MEMBERS, LAST_DAY = 24, dt.datetime(2026, 6, 30, 20)


def rehearse() -> Iterator[None]:
    """Go once through every analysis, picture, table and finding; between the steps the process may fork.

    A failure here is left to the notebook.
    """
    from memberlib.themes import all_themes

    for theme in all_themes():
        yield
        _rehearse(theme)


def _rehearse(theme: Any) -> None:
    """Go through the analyses of a theme. No connection of the engine, which has threads, is left open."""
    from memberlib import i18n
    from memberlib.engine import connection

    lang = i18n.language()
    con = connection()
    with warnings.catch_warnings(), contextlib.suppress(Exception):
        warnings.simplefilter("ignore")
        _ask_and_draw(theme, con)
    gc.collect()  # Ibis drops the tables that it keeps when nobody holds them, which needs the connection
    con.disconnect()
    i18n.set_language(lang)


def _ask_and_draw(theme: Any, con: Any) -> None:
    from memberlib import charts, findings, i18n, tables
    from memberlib.store import store_from

    orders, items = _shop()
    shop = store_from(orders, items=items, con=con)
    for lang in i18n.LANGUAGES:
        i18n.words(lang)
    i18n.set_language("zh")
    tables.opening(shop)._repr_html_()
    for analysis in theme.analyses:
        with contextlib.suppress(Exception):
            result = analysis(shop, **_OPTIONS.get(analysis.analysis, {}))
            tables.show(result)._repr_html_()
            findings.read(result, settings=shop.settings)
            if analysis.chart:
                charts.picture(charts.draw(result))


def _shop() -> tuple[Any, Any]:
    """Orders and lines of an invented shop, enough for every chart to have something to draw."""
    import pandas as pd

    rows = [
        (
            f"{member}-{turn}",
            f"m{member:02}",
            LAST_DAY - dt.timedelta(days=23 * member % 400 + 31 * turn, hours=turn),
        )
        for member in range(MEMBERS)
        for turn in range(1 + member % 5)
    ]
    orders = pd.DataFrame(rows, columns=["order_id", "member_id", "paid_at"])
    orders["paid_amount"] = [20.0 + 37 * place % 900 for place in range(len(orders))]
    orders["status"] = "completed"
    items = pd.DataFrame(
        {
            "order_id": orders.order_id,
            "line_id": "1",
            "product_id": [f"A{place % 7}" for place in range(len(orders))],
            "product_name": "茶",
            "category": [f"C{place % 3}" for place in range(len(orders))],
            "quantity": 1,
            "amount": orders.paid_amount,
        }
    )
    return orders, items


def read_settings() -> None:
    """Settings are kept by the content of their file, which hundreds of shops share."""
    from memberlib.settings import all_settings

    if folder := os.environ.get("MEMBERLIB_DATA"):
        all_settings(Path(folder))
