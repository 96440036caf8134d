"""Findings of the headline figures: which of them rose or fell, by more than chance."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from memberlib.sentences.finding import Finding
from memberlib.sentences.reading import Reading, Row, Title
from memberlib.themes.headline.analyses import headline, left_out, theme

SPOKEN = (
    "amount", "active_members", "new_members", "amount_share", "mean_order_amount", "mean_member_amount",
    "repeat_share",
)  # fmt: skip
"""Figures whose change is a finding; sales with guests stand beside members' sales."""


@theme.finding(headline)
def figure_up(reading: Reading) -> Iterator[Finding]:
    """Figures that rose."""
    for row, change in _changes(reading):
        if change > 0:
            yield _changed(reading, row, change)


@theme.finding(headline)
def figure_down(reading: Reading) -> Iterator[Finding]:
    """Figures that fell."""
    for row, change in _changes(reading):
        if change < 0:
            yield _changed(reading, row, change)


def _changed(reading: Reading, row: Row, change: float) -> Finding:
    """A changed figure; it concerns the part of sales (or members) by which then and now differ."""
    unit = {"money": "amount"}.get(row["unit"], row["unit"])
    evidence = {f"now_{unit}": row["value"], f"before_{unit}": row["before"], "change_share": abs(change)}
    wording, concerned = "text", 1 - min(row["value"], row["before"]) / max(row["value"], row["before"])
    if row["figure"] == "amount":
        guests = _with_guests(reading)
        if None not in guests.values():
            wording = "text_amount"
            evidence |= guests
    else:
        concerned *= reading.limits["side_figure_share"]
    if row["figure"] == "repeat_share":
        wording = "text_points"
        evidence |= {"numerator_count": row["numerator"], "denominator_count": row["denominator"]}
    elif row["figure"] == "amount_share":
        wording = "text_money_points"
        evidence |= {"numerator_amount": row["numerator"], "denominator_amount": row["denominator"]}
    if reading.attrs.get("comparison") == "days_before":
        concerned *= reading.limits["other_season_share"]
    about = {"figure": row["figure"], **_periods(reading)}
    return reading.say(concerned, evidence, about=about, wording=wording, action=row["figure"])


def _changes(reading: Reading) -> Iterator[tuple[Row, float]]:
    """Figures that changed enough to be spoken of, by how much: of what they were before, or in points."""
    rows = {row["figure"]: row for row in reading.rows}
    members, limits = rows.get("active_members"), reading.limits
    if members is None or min(members["value"] or 0, members["before"] or 0) < limits["min_cell"]:
        return
    if members["before"] < limits["min_members"]:
        return
    for name in SPOKEN:
        row = rows.get(name)
        if row is None or not row["value"] or not row["before"]:
            continue
        is_share = row["unit"] == "share"
        change = row["value"] - row["before"] if is_share else row["value"] / row["before"] - 1
        least = limits["change_points_share"] if is_share else limits["change_share"]
        if abs(change) >= least and _beyond_chance(row, members, limits["chance_ratio"]):
            yield row, change


def _beyond_chance(row: Row, members: Row, errors: float) -> bool:
    """Whether a change is larger than so many standard errors.

    Counts are taken as Poisson, and money, which varies from member to member about as much as it is worth, likewise
    by the number of buyers; a share as that of a binomial.
    """
    counted = row if row["unit"] == "count" else members
    if not (counted["value"] and counted["before"]):
        return False
    error = math.sqrt(1 / counted["value"] + 1 / counted["before"])
    if row["unit"] == "share":
        usual = min((row["value"] + row["before"]) / 2, 1)
        return bool(abs(row["value"] - row["before"]) > errors * error * math.sqrt(usual * (1 - usual)))
    return abs(math.log(row["value"] / row["before"])) > errors * error


def _with_guests(reading: Reading) -> dict[str, Any]:
    """All sales, and the members' share of them."""
    values = {row["figure"]: row["value"] for row in reading.rows}
    return {"all_amount": values.get("all_amount"), "member_amount_share": values.get("amount_share")}


def _periods(reading: Reading) -> dict[str, Any]:
    """The days of the window, and what they are compared with: in a sentence, in a title."""
    code = str(reading.attrs.get("comparison") or "days_before")
    if code == "year_before" and reading.attrs.get("first_year"):
        code = "first_year"
    span = (int(reading.attrs.get("days") or reading.params.get("days") or 365), "days")
    return {"span": span} if code == "none" else {"span": span, "period": code, "against": code}


@theme.headline(headline)
def headline_title(reading: Reading) -> Title | None:
    """Sales, where they changed too little to be a finding or there is nothing to compare them with."""
    rows = {row["figure"]: row for row in reading.rows}
    amount = rows.get("amount")
    if amount is None or amount["value"] is None:
        return None
    about = _periods(reading)
    if not amount["before"]:
        return "text_alone", {"now_amount": amount["value"]}, about
    change = amount["value"] / amount["before"] - 1
    return "text_near", {"now_amount": amount["value"], "amount_change_share": change}, about


@theme.headline(left_out)
def left_out_title(reading: Reading) -> Title | None:
    """How many orders no figure of members counts."""
    return "text", {"left_out_count": int(reading.total("order_count")), "order_count": reading.base}, {}
