"""List a shop's brushed orders (刷单) and take orders off that list."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from memberlib.engine import workspace
from memberlib.errors import InputError
from memberlib.lake.by_hand import account
from memberlib.lake.replay import lay_out
from memberlib.lake.versions import LakeVersion
from memberlib.lake.writer import Writer
from memberlib.model import BRUSHED, ORDERS

if TYPE_CHECKING:
    import pandas as pd


def brushed_orders(version: LakeVersion) -> pd.DataFrame:
    """The brushed orders: order_id, and paid_at, paid_amount and status where the order is known; by id."""
    with workspace() as con:
        for spec in (BRUSHED, ORDERS):
            lay_out(con, spec, version.files.get(spec.name, []))
        return con.execute(
            "SELECT b.order_id, o.paid_at, o.paid_amount, o.status FROM brushed AS b "
            "LEFT JOIN orders AS o ON o.order_id = b.order_id ORDER BY b.order_id"
        ).df()


def take_off(writer: Writer, order_ids: Sequence[str]) -> LakeVersion:
    """Take orders off the list, in a version of its own.

    Raises
    ------
    InputError
        Where none is given, or one is not on the list; nothing is changed then.
    """
    wanted = sorted(set(order_ids))
    shop = writer.current.store_id
    if not wanted:
        raise InputError("say which orders come off the list of brushed ones")
    with workspace() as con:
        lay_out(con, BRUSHED, writer.present(BRUSHED.name))
        on_it = {row[0] for row in con.execute("SELECT order_id FROM brushed").fetchall()}
        absent = [order_id for order_id in wanted if order_id not in on_it]
        if absent:
            raise InputError(f"not on the list of brushed orders of '{shop}': {', '.join(absent[:5])}")
        con.execute("CREATE TEMP TABLE off (order_id VARCHAR)")
        con.executemany("INSERT INTO off VALUES (?)", [(order_id,) for order_id in wanted])
        writer.put(con, BRUSHED.name, "SELECT order_id FROM off WHERE false", replaced="SELECT * FROM off")
    digest = hashlib.sha256("\n".join(wanted).encode()).hexdigest()
    return writer.commit(account(BRUSHED, digest, replaced=len(wanted)), digest_of={"off_brushed": wanted})
