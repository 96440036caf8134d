"""Does one shop of 100 million orders pass through every analysis within 4 GB?

    python bench/memory.py                                         100 million orders (about half an hour)
    python bench/memory.py --orders 10000000 --memory 500MB --bound 1.2   a quick look

The shop has orders, a member list, lines of three orders in ten and brushed orders, all by hash and thus the same
on each machine. Every analysis, with the picture of its result, and what a report's front page says, run in one
process, one after the other, over one opened shop, so that whatever one keeps is there when the next begins. The
peak of the process's memory is read from the kernel for each step; besides, the process is ended as soon as it
takes more than the bound. Seconds and peaks go into build/bench-memory.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "bench"
TABLES = ("orders", "members", "items", "brushed")
ORDERS_PER_MEMBER, LINES_PER_ORDER = 11, 0.3
CHUNK = 10_000_000


def make_shop(folder: Path, order_count: int) -> None:
    """Write the shop's tables, in Parquet files of 10 million orders; members buy once or hundreds of times."""
    import duckdb

    drafted = folder.with_name(folder.name + ".part")
    drafted.mkdir(parents=True, exist_ok=True)
    members = max(1, order_count // ORDERS_PER_MEMBER)
    region = "['浙江', '广东', '上海', '四川', '江苏', '北京', '山东', '湖北'][1 + ({} % 8)::INT]"
    with duckdb.connect(config={"memory_limit": "1500MB", "temp_directory": str(drafted / "spill")}) as con:
        con.execute("SET enable_progress_bar = false")
        con.execute("SET preserve_insertion_order = false")
        # the cube of an evenly drawn number: some members buy hundreds of times, most of them a few times
        buyer = f"floor({members} * pow((hash(i) % 1000000007) / 1000000007.0, 3))::BIGINT"
        # one order in five falls into a November
        second = "hash(i * 7 + 1) % (3 * 365 * 86400)"
        season = "to_days((hash(i * 7 + 1) % 3 * 365 + 304)::INT) + to_seconds((hash(i * 31) % (30 * 86400))::BIGINT)"
        paid_at = (
            f"TIMESTAMP '2023-01-01' + CASE WHEN hash(i * 37) % 5 = 0 THEN {season} "
            f"ELSE to_seconds(({second})::BIGINT) END"
        )
        for number, first in enumerate(range(0, order_count, CHUNK)):
            rows = f"range({first}, {min(first + CHUNK, order_count)}) AS numbers(i)"
            con.execute(f"""
                COPY (
                    SELECT 'o' || i AS order_id,
                           CASE WHEN hash(i * 17) % 50 <> 0 THEN 'm' || {buyer} END AS member_id,
                           paid_at - INTERVAL 90 SECOND AS created_at, paid_at,
                           CASE WHEN hash(i * 13) % 50 = 0 THEN 'cancelled' ELSE 'completed' END AS status,
                           ((hash(i * 3 + 5) % 50000) / 100)::DECIMAL(18, 4) AS paid_amount,
                           (CASE WHEN hash(i * 11) % 20 = 0 THEN 5 ELSE 0 END)::DECIMAL(18, 4) AS refund_amount,
                           0::DECIMAL(18, 4) AS shipping_amount, 1::BIGINT AS item_count,
                           {region.format("hash(i * 19)")} AS region, NULL::VARCHAR AS city, 'shop' AS channel
                    FROM (SELECT i, {paid_at} AS paid_at FROM {rows})
                ) TO '{drafted / f"orders-{number:03}.parquet"}' (FORMAT parquet)
            """)
            con.execute(f"""
                COPY (
                    SELECT 'o' || i AS order_id, '1' AS line_id, 'p' || (hash(i * 23) % 5000) AS product_id,
                           'product ' || (hash(i * 23) % 5000) AS product_name,
                           'category ' || (hash(i * 23) % 5000 % 40) AS category,
                           1::DECIMAL(18, 4) AS quantity, ((hash(i * 3 + 5) % 50000) / 100)::DECIMAL(18, 4) AS amount
                    FROM {rows} WHERE hash(i * 29) % 10 < {round(LINES_PER_ORDER * 10)}
                ) TO '{drafted / f"items-{number:03}.parquet"}' (FORMAT parquet)
            """)
        con.execute(f"""
            COPY (
                SELECT 'm' || i AS member_id, DATE '2022-06-01' + (hash(i * 3) % 1000)::INT AS joined_on,
                       CASE WHEN hash(i * 5) % 3 = 0 THEN 'vip' WHEN hash(i * 5) % 3 = 1 THEN 'regular' END AS level,
                       hash(i * 7) % 100 = 0 AS level_manual,
                       CASE WHEN hash(i * 11) % 2 = 0 THEN {region.format("hash(i * 13)")} END AS region
                FROM range({members + members // 10}) AS numbers(i)
            ) TO '{drafted / "members-000.parquet"}' (FORMAT parquet)
        """)
        con.execute(f"""
            COPY (SELECT 'o' || i * 997 AS order_id FROM range({order_count // 10_000}) AS numbers(i))
            TO '{drafted / "brushed-000.parquet"}' (FORMAT parquet)
        """)
    drafted.rename(folder)


def opened(folder: Path) -> Any:
    """The shop over its files, as the store opens one of the lake."""
    from memberlib.store import connection, store_from

    con = connection()
    tables = {
        name: con.read_parquet(
            sorted(str(file) for file in folder.glob(f"{name}-*.parquet")), table_name=f"{name}_"
        )
        for name in TABLES
    }
    return store_from(**tables, con=con, store_id="large")


def steps() -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """What is asked of the shop, in the order of the notebooks: name and question."""
    from memberlib import bands, levels, rfm
    from memberlib.settings import scaled_rules
    from memberlib.themes import THEMES

    yield "left_out", lambda shop: shop.left_out
    yield "facts", lambda shop: shop.buyer_count
    yield "member_count", lambda shop: shop.member_count
    for theme in THEMES:
        for one in theme.analyses:
            if one.name == "flow":
                yield (
                    "level flow",
                    lambda shop, one=one: _drawn(
                        one, shop, rules=scaled_rules(levels.rules_to_try(shop), 0.8)
                    ),
                )
            else:
                yield f"{theme.name} {one.view}", lambda shop, one=one: _drawn(one, shop)
    yield (
        "level cost, other rules",
        lambda shop: levels.discount_cost(shop, rules=scaled_rules(levels.rules_to_try(shop), 0.8)),
    )
    yield "amount bands, single orders", lambda shop: bands.amount_bands(shop, measure="order")
    yield "amount bands, totals", lambda shop: bands.amount_bands(shop, measure="total")
    yield (
        "rfm segments, eleven",
        lambda shop: rfm.segments(shop, method="quantile", scores=5, segment_map="eleven"),
    )
    yield "rfm segments, natural breaks", lambda shop: rfm.segments(shop, method="jenks")
    yield "front page", _front


def _drawn(analysis: Any, shop: Any, **options: Any) -> Any:
    from memberlib import charts

    found = analysis(shop, **options)
    if analysis.chart:
        charts.picture(charts.draw(found))
    return found


def _front(shop: Any) -> Any:
    from memberlib.reports import front

    return [front.summary(shop), list(front.pictures(shop, "en"))]


def run_all(folder: Path, only: str | None) -> None:
    """Ask everything, in this process; a line of JSON for each step."""
    shop = None
    _forget_peak()
    started = time.perf_counter()
    shop = opened(folder)
    _say("open", started)
    for name, question in steps():
        if only and only not in name:
            continue
        _forget_peak()
        started = time.perf_counter()
        try:
            found = question(shop)
        except Exception as error:
            _say(name, started, failed=str(error).splitlines()[0])
            continue
        _say(name, started, rows=len(found) if hasattr(found, "__len__") else int(found))
        del found


def _say(name: str, started: float, **more: Any) -> None:
    seconds = time.perf_counter() - started
    said = {"step": name, "seconds": round(seconds, 2), "peak_gb": round(_of_process("VmHWM"), 3)}
    print(json.dumps({**said, "after_gb": round(_of_process("VmRSS"), 3), **more}), flush=True)


def _forget_peak() -> None:
    """Let the kernel's peak of this process begin anew."""
    Path("/proc/self/clear_refs").write_text("5")


def _of_process(name: str, pid: int | str = "self") -> float:
    """A figure of a process that the kernel keeps, in GB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / 1e9 for line in lines if line.startswith(name + ":"))


class Watch(threading.Thread):
    """Ends a process as soon as its memory is more than the bound, and measures the folder it spills to."""

    def __init__(self, process: subprocess.Popen[str], bound_gb: float, spill: Path) -> None:
        super().__init__(daemon=True)
        self.process, self.bound, self.spill = process, bound_gb, spill
        self.peak = self.spilled = 0.0
        self.over = False

    def run(self) -> None:
        while self.process.poll() is None:
            try:
                self.peak = max(self.peak, _of_process("VmRSS", self.process.pid))
            except (OSError, StopIteration):
                break
            if self.peak > self.bound:
                self.over = True
                self.process.kill()
            files = [file for file in self.spill.rglob("*") if file.is_file()]
            self.spilled = max(self.spilled, sum(_size(file) for file in files) / 1e9)
            time.sleep(0.05)


def _size(file: Path) -> int:
    try:
        return file.stat().st_blocks * 512
    except OSError:
        return 0


def measure(folder: Path, memory: str, bound_gb: float, only: str | None) -> dict[str, Any]:
    """Run everything in a process of its own, watched: the steps, the peak, what lay on disk besides."""
    steps_done: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="memory-", dir=BUILD) as spill:
        command = [sys.executable, __file__, "--folder", str(folder), *(["--only", only] if only else [])]
        bounds = {"MEMBERLIB_MEMORY": memory, "MEMBERLIB_TEMP": spill}
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **bounds})
        watch = Watch(process, bound_gb, Path(spill))
        watch.start()
        assert process.stdout
        for line in process.stdout:
            step = json.loads(line)
            steps_done.append(step)
            print(f"  {step['step']:<32}{step['seconds']:>9.1f}{step['peak_gb']:>10.2f}{step['after_gb']:>10.2f}"
                  f"  {step.get('failed', '')}", flush=True)  # fmt: skip
        status = process.wait()
        watch.join()
        left = [file for file in Path(spill).rglob("*") if file.is_file()] if not watch.over else []
    return {
        "steps": steps_done, "status": status, "over": watch.over,
        "seconds": round(time.perf_counter() - started, 1),
        "peak_gb": round(max([watch.peak, *(step["peak_gb"] for step in steps_done)]), 3),
        "spilled_gb": round(watch.spilled, 2), "left_behind": len(left),
    }  # fmt: skip


def main() -> None:
    """Measure and write build/bench-memory.json; status 1 where the bound is passed or a step fails."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument(
        "--orders", type=int, default=100_000_000, help="how many orders (default: 100 million)"
    )
    asked.add_argument("--memory", default="2.5GB", help="what the engine may use (default: 2.5GB)")
    asked.add_argument("--bound", type=float, default=4.0, help="GB the whole process may use (default: 4)")
    asked.add_argument("--only", help="only the steps with these words in their name")
    asked.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.folder:
        return run_all(given.folder, given.only)

    folder = BUILD / f"shop-{given.orders}"
    if not folder.exists():
        print(f"writing a shop of {given.orders:,} orders to {folder.relative_to(ROOT)} …", flush=True)
        make_shop(folder, given.orders)
    sizes = {name: sum(file.stat().st_size for file in folder.glob(f"{name}-*")) for name in TABLES}
    print(f"\n{given.orders:,} orders, {sum(sizes.values()) / 1e9:.2f} GB of Parquet; --memory {given.memory},"
          f" the process at most {given.bound:g} GB")  # fmt: skip
    print(f"  {'step':<32}{'seconds':>9}{'peak GB':>10}{'after GB':>10}", flush=True)
    found = measure(folder, given.memory, given.bound, given.only)
    verdict = "ENDED: the bound was passed" if found["over"] else f"status {found['status']}"
    print(f"  {'in all':<32}{found['seconds']:>9.1f}{found['peak_gb']:>10.2f}"
          f"   {found['spilled_gb']:.1f} GB put aside on disk; {verdict}")  # fmt: skip
    kept = {
        "orders": given.orders, "parquet_bytes": sizes, "memory": given.memory, "bound_gb": given.bound,
        **found, "python": platform.python_version(), "machine": platform.machine(),
    }  # fmt: skip
    if not given.only:
        (ROOT / "build" / "bench-memory.json").write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
        print("\nwritten: build/bench-memory.json")
    if (
        found["status"]
        or found["over"]
        or found["left_behind"]
        or any("failed" in step for step in found["steps"])
    ):
        sys.exit(1)


if __name__ == "__main__":
    main()
