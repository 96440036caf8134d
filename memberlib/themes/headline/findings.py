"""Which headline figures changed, and how many orders are left out."""

from __future__ import annotations

from collections.abc import Iterator

from memberlib.results import ratio
from memberlib.sentences.finding import Finding
from memberlib.sentences.reading import Reading, Row, Title
from memberlib.themes.headline.analyses import headline, left_out, theme


@theme.finding(headline)
def from_headline(reading: Reading) -> Iterator[Finding]:
    """Figures that rose or fell against the days before, each with what it asks for."""
    about_span = (int(reading.attrs.get("days") or 365), "days")
    for row in reading.rows:
        change = _change(reading, row)
        if change is None:
            continue
        code = "figure_up" if change > 0 else "figure_down"
        unit = _unit(row)
        evidence = {
            f"now_{unit}": row["value"],
            f"before_{unit}": row["before"],
            "change_share": abs(change),
            "numerator_count": row["numerator"] if unit == "share" else None,
            "denominator_count": row["denominator"] if unit == "share" else None,
        }
        yield reading.found(
            code,
            min(abs(change), 0.5),
            evidence,
            about={"figure": row["figure"], "span": about_span},
            wording="text_points" if unit == "share" else "text",
            action=f"headline.finding.{code}.{row['figure']}",
        )


def _unit(row: Row) -> str:
    return {"money": "amount"}.get(row["unit"], str(row["unit"]))


def _change(reading: Reading, row: Row) -> float | None:
    """By how much a figure changed, where it changed enough to be spoken of: of its value, or in points."""
    value, before, limits = row["value"], row["before"], reading.limits
    if value is None or not before:
        return None
    if row["unit"] == "share":
        change, least = value - before, limits["change_points_share"]
        small = (row["denominator"] or 0) < limits["min_members"]
    else:
        change, least = value / before - 1, limits["change_share"]
        small = row["unit"] == "count" and before < limits["min_members"]
    return change if abs(change) >= least and not small else None


@theme.headline(headline)
def headline_title(reading: Reading) -> Title | None:
    """How sales and active members changed; the sales alone where nothing stands before them."""
    rows = {row["figure"]: row for row in reading.rows}
    days = (int(reading.attrs.get("days") or 365), "days")
    amount = rows.get("amount")
    if amount is None or amount["value"] is None:
        return None
    change = ratio(amount["value"], amount["before"])
    if change is None:
        return "text_alone", {"now_amount": amount["value"]}, {"span": days}
    wording = "text_same" if abs(change - 1) < 0.005 else "text_up" if change > 1 else "text_down"
    return wording, {"now_amount": amount["value"], "change_share": abs(change - 1)}, {"span": days}


@theme.headline(left_out)
def left_out_title(reading: Reading) -> Title | None:
    """How many orders no figure counts."""
    return "text", {"left_out_count": int(reading.total("order_count")), "order_count": reading.base}, {}
