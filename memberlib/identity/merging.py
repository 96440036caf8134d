"""Merge the rows of joined members."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from memberlib.model import LEVELS

if TYPE_CHECKING:
    from ibis.expr.types import Table

_TOGETHER = (("birthday", "birthday_calendar", "birthday_day"), ("region", "city"), ("gender",), ("channel",))
"""Columns of which the first row that fills one of them gives all."""


def renamed(rows: Table, ids: Table) -> Table:
    """The same rows with the joined id where a member has one.

    Parameters
    ----------
    rows : Table
        With member_id, which may be empty.
    ids : Table
        member_id, joined_id of the members that go by another's id.
    """
    names = ids.select(_own_id=ids.member_id, _joined_id=ids.joined_id)
    beside = rows.left_join(names, rows.member_id == names._own_id)
    joined = {name: beside[name] for name in rows.columns}
    return beside.select(**joined | {"member_id": ibis.coalesce(beside._joined_id, beside.member_id)})


def merged(members: Table, ids: Table) -> Table:
    """The member list with one row per person.

    joined_on is the earliest. The level is one set by hand where there is one (the highest of them), else the highest.
    points and stored_value are added up. consent is no where any row says no, else yes where any says yes. Of birthday
    (with its calendar and day), gender, region (with its city) and channel the first that is not empty stands, in order
    of the ids. Who is one with nobody keeps the row as it is.

    Parameters
    ----------
    members : Table
        As :data:`memberlib.model.MEMBERS`, with the channels' own ids.
    ids : Table
        member_id, joined_id of the members that go by another's id.
    """
    one_person = ids.select("joined_id").distinct()
    named = ids.select("member_id", "joined_id").union(
        one_person.select(member_id=one_person.joined_id, joined_id=one_person.joined_id)
    )
    alone = members.anti_join(named, "member_id")
    rows = members.inner_join(named, "member_id")
    rank = ibis.cases(*[(rows.level == level, place) for place, level in enumerate(LEVELS)]).cast("int64")
    rows = rows.mutate(_rank=rank, _manual=rows.level_manual & rows.level.notnull())
    first: dict[str, str] = {}
    for names in _TOGETHER:
        known = ibis.coalesce(*[rows[name].cast("string") for name in names]).notnull()
        who = ibis.cases((known, rows.member_id), else_=ibis.null("string"))
        first |= dict.fromkeys(names, f"_who_{names[0]}")
        rows = rows.mutate(**{f"_who_{names[0]}": who.min().over(group_by="joined_id")})
    people = rows.group_by("joined_id").aggregate(
        joined_on=rows.joined_on.min(),
        _by_hand=rows._rank.max(where=rows._manual),
        _highest=rows._rank.max(),
        level_manual=rows._manual.any(),
        points=rows.points.sum(),
        stored_value=rows.stored_value.sum(),
        consent=rows.consent.all(),
        # one row is that of this member; the greatest of its one value is the value, empty or not
        **{name: rows[name].max(where=rows.member_id == rows[who]) for name, who in first.items()},
    )
    level = ibis.coalesce(people._by_hand, people._highest)
    people = people.mutate(
        member_id=people.joined_id,
        level=ibis.cases(*[(level == place, name) for place, name in enumerate(LEVELS)]),
    )
    schema = members.schema()
    return alone.union(people.select(**{name: people[name].cast(schema[name]) for name in members.columns}))
