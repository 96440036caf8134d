"""What do 10,000 shops a night and a shop of 10 billion orders take, by what was measured?

    python bench/scale.py           print the figures of docs/scale.md as the last benches give them
    python bench/scale.py --write   put them into docs/scale.md, between its marks

It reads build/bench-batch.json, bench-memory.json, bench-imports.json and bench-backends.json and multiplies; every
line says from what.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import math
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "scale.md"
SHOPS, ORDERS = 10_000, 10_000_000_000
EFFICIENCY = 0.7
"""What of a core's work is left where many work on one query or one disk; assumed, not measured."""
FACT_BYTES = 90
"""Bytes of a member's facts: an id of some 13 letters and eight columns."""
FACTS_TIMES = 6
"""A report works the facts out in five notebooks and for its front page, each in a process of its own."""


def _read(name: str) -> dict[str, Any]:
    path = ROOT / "build" / f"bench-{name}.json"
    if not path.exists():
        sys.exit(f"scale: no build/bench-{name}.json; run make bench BENCH={name}")
    return json.loads(path.read_text(encoding="utf-8"))


def measured() -> list[str]:
    """What the benches found, one row each."""
    batch, memory, imports, backends = map(_read, ("batch", "memory", "imports", "backends"))
    growth, line, beside = batch["growth"], batch["growth"]["line"], batch["references"]
    last = growth["rows"][-1]
    rates = beside["reports_per_minute"]
    rows = [
        ("a batch", f"{line['start_seconds']:.1f} s + {line['seconds_per_shop']:.2f} s a shop,"
                    f" {beside['jobs']} workers"),
        ("how straight", _straight(growth)),
        ("reports a minute", f"{rates['memberlib']:.1f}; the loop of commands {rates['commands']:.1f}, "
                             f"of papermill's function {rates['api']:.1f}"),
        ("memory of the whole run", f"{last['peak_mb']:,} MB at {last['shops']} shops, "
                                    f"{growth['rows'][0]['peak_mb']:,} MB at {growth['rows'][0]['shops']}"),
        ("disk of a report", f"{last['report_bytes'] / last['shops'] / 1e6:.2f} MB; of a shop's data "
                             f"{last['data_bytes'] / last['shops'] / 1e6:.2f} MB"),
        (f"{memory['orders']:,} orders", f"{_report_seconds(memory) / 60:.0f} min for all analyses, "
         f"{memory['peak_gb']:.1f} GB of memory at most, {memory['spilled_gb']:.1f} GB put aside, "
         f"{sum(memory['parquet_bytes'].values()) / 1e9:.1f} GB of Parquet"),
        ("import", f"{imports['ways']['memberlib']['rows_per_second'] / 1000:.0f} thousand Taobao orders a second, "
                   f"{imports['ways']['memberlib']['peak_gb']:.1f} GB"),
        ("Spark beside DuckDB", f"{_spark_ratio(backends):.1f} times the time on {backends['orders']:,} orders"),
    ]  # fmt: skip
    day = f"{dt.date.today():%-d %B %Y}"
    return [f"Measured on {day}, 2 cores.", "", "| What | Measured |", "|---|---|",
            *(f"| {name} | {text} |" for name, text in rows)]  # fmt: skip


def _straight(growth: dict[str, Any]) -> str:
    rows, line = growth["rows"], growth["line"]
    sizes = " and ".join(str(row["shops"]) for row in rows)
    if len(rows) < 3:
        return f"not told: only {sizes} shops were made, and two points always lie on a line"
    return f"{sizes} shops, off the line by at most {max(map(abs, line['residual_shares'])):.0%}"


def shops() -> list[str]:
    """10,000 shops a night."""
    batch = _read("batch")
    each, cores = batch["growth"]["line"]["seconds_per_shop"], batch["cores"]
    last = batch["growth"]["rows"][-1]
    hours = SHOPS * each * cores / 3600
    worker = last["peak_mb"] / 1000 / batch["references"]["jobs"]
    report, data = last["report_bytes"] / last["shops"] / 1e6, last["data_bytes"] / last["shops"] / 1e6
    nights = [
        f"- Within {night} h: {hours:,.1f} ÷ {night} ÷ {EFFICIENCY:g} = **{_cores(hours / night)}**, and "
        f"{_count(hours / night) * worker:,.0f} GB of memory ({worker:.2f} GB a worker, a worker a core)."
        for night in (1, 4, 8)
    ]
    return [
        f"- Work: {SHOPS:,} shops × {each:.2f} s × {cores} cores = **{hours:,.1f} core-hours**.",
        *nights,
        f"- Disk: {report:.2f} MB × {SHOPS:,} = **{report * SHOPS / 1000:,.0f} GB** of reports a night, "
        f"{data:.2f} MB × {SHOPS:,} = {data * SHOPS / 1000:,.1f} GB of data.",
    ]


def orders() -> list[str]:
    """A shop of 10 billion orders."""
    memory, backends = _read("memory"), _read("backends")
    times, cores, spark = ORDERS / memory["orders"], 2, _spark_ratio(backends)
    steps = {step["step"]: step for step in memory["steps"]}
    facts, people = steps["facts"]["seconds"], steps["facts"]["rows"]
    hours = _report_seconds(memory) * cores * times / 3600
    parquet, aside = sum(memory["parquet_bytes"].values()) / 1e9, memory["spilled_gb"]
    slowest = sorted(steps.values(), key=lambda step: -step["seconds"])[:4]
    named = ", ".join(f"{step['step']} {step['seconds']:.0f} s" for step in slowest)
    million, each = people * times / 1e6, _bytes_of_members(memory)
    return [
        f"- Work: ({memory['seconds']:,.0f} s for everything once + {FACTS_TIMES - 1} × {facts:.0f} s for the facts of"
        f" the other notebooks) × {cores} cores × {times:g} = **{hours:,.0f} core-hours** a report. Longest: {named}.",
        f"- Within 8 h on one machine: {hours:,.0f} ÷ 8 ÷ {EFFICIENCY:g} = **{_cores(hours / 8)}**.",
        f"- Disk: {parquet:.1f} GB × {times:g} = **{parquet * times / 1000:.1f} TB** of Parquet, and {aside:.1f} GB × "
        f"{times:g} = **{aside * times / 1000:.1f} TB** put aside, with {times:g} times the memory.",
        f"- Members: {people:,} × {times:g} = {million:,.0f} million; their facts, {FACT_BYTES} bytes each, are "
        f"{million * FACT_BYTES / 1000:,.0f} GB, put aside where memory is smaller, and read for every table.",
        f"- Python, outside of the engine's bound: natural breaks 24 bytes a member, {million * 24 / 1000:,.0f} GB; "
        f"the audit 16 bytes a different total, up to {million * 16 / 1000:,.0f} GB; "
        f"the list of members {each:.0f} bytes each, {million * each / 1000:,.0f} GB.",
        f"- On Spark: {spark:.1f} × {hours:,.0f} = **{hours * spark:,.0f} core-hours**, within 8 h "
        f"{_cores(hours * spark / 8)} of a cluster, if the ratio on {backends['orders']:,} orders held.",
    ]


def _report_seconds(memory: dict[str, Any]) -> float:
    facts = next(step["seconds"] for step in memory["steps"] if step["step"] == "facts")
    return memory["seconds"] + (FACTS_TIMES - 1) * facts


def _bytes_of_members(memory: dict[str, Any]) -> float:
    steps = memory["steps"]
    place = next(n for n, step in enumerate(steps) if step["step"] == "rfm members")
    return (steps[place]["peak_gb"] - steps[place - 1]["after_gb"]) * 1e9 / steps[place]["rows"]


def _spark_ratio(backends: dict[str, Any]) -> float:
    spark, duckdb = (sum(backends["runs"][name]["seconds"].values()) for name in ("pyspark", "duckdb"))
    return spark / duckdb


def _count(hours_per_hour: float) -> int:
    return max(1, math.ceil(hours_per_hour / EFFICIENCY))


def _cores(hours_per_hour: float) -> str:
    number = _count(hours_per_hour)
    return f"{number:,} core{'s' if number > 1 else ''}"


BLOCKS: dict[str, Callable[[], list[str]]] = {"measured": measured, "shops": shops, "orders": orders}


def main() -> None:
    """Print the figures, or write them into the page."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--write", action="store_true", help="write them into docs/scale.md")
    given = asked.parse_args()
    made = {name: "\n".join(block()) for name, block in BLOCKS.items()}
    if not given.write:
        print("\n\n".join(made.values()))
        return
    page = PAGE.read_text(encoding="utf-8")
    for name, text in made.items():
        mark = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        page, found = mark.subn(lambda part, text=text: f"{part[1]}{text}\n{part[2]}", page)
        if found != 1:
            sys.exit(f"scale: docs/scale.md has no block <!-- {name} -->")
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
