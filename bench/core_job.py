"""How long does the core job take, beside the same queries written by hand for DuckDB and for Polars?

    python bench/core_job.py                    20 million orders, three rounds, and once in pandas
    python bench/core_job.py --orders 1000000   a quick look

Each way runs in a process of its own, in turn (sql, polars, memberlib, sql, …), so that a slow minute of the
machine hits all. The medians, memberlib's ratio to the faster of the other two and the peaks of memory go into
build/bench.json, with the time of the first import and of a control's move.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import redraw
import ways

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build"
TARGET_RATIO, TARGET_GB = 1.0, 1.5
BY_HAND = ("sql", "polars")


def make_orders(path: Path, order_count: int) -> None:
    """Write a Parquet file of orders: 6 a member, 2 % cancelled, 1 in 20 partly refunded; seeded."""
    import duckdb

    path.parent.mkdir(parents=True, exist_ok=True)
    drafted = path.with_suffix(".part")
    con = duckdb.connect()
    # one thread and the order of the numbers, so that two machines write the same rows in the same places
    con.execute("SET threads = 1")
    con.execute(f"""
        COPY (
            SELECT 'o' || i AS order_id,
                   'm' || hash(i) % greatest(1, {order_count * 33 // 200}) AS member_id,
                   TIMESTAMP '2024-01-01' + to_seconds((hash(i * 7 + 1) % (730 * 86400))::BIGINT) AS paid_at,
                   ((hash(i * 3 + 5) % 50000) / 100)::DECIMAL(18, 2) AS paid_amount,
                   (CASE WHEN hash(i * 11) % 20 = 0 THEN 5 ELSE 0 END)::DECIMAL(18, 2) AS refund_amount,
                   CASE WHEN hash(i * 13) % 50 = 0 THEN 'cancelled' ELSE 'completed' END AS status
            FROM range({order_count}) AS numbers(i)
        ) TO '{drafted}' (FORMAT parquet)
    """)
    drafted.rename(path)


def run_one(way: str, path: str) -> None:
    """Do the job once, in this process, and tell what it took (the last line of what is printed)."""
    seconds, answer = ways.WAYS[way](path)
    print(json.dumps({"seconds": seconds, "peak_gb": _peak_gb(), "answer": answer}), flush=True)


def _peak_gb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e9 if sys.platform == "darwin" else peak * 1024 / 1e9


def measure(way: str, path: Path) -> dict[str, Any]:
    """Run one way in a process of its own: seconds of the work, those with its start, peak of memory."""
    started = time.perf_counter()
    ran = subprocess.run([sys.executable, __file__, "--way", way, str(path)], capture_output=True, text=True)
    if ran.returncode:
        sys.exit(f"bench: {way} failed\n{ran.stderr}")
    return json.loads(ran.stdout.splitlines()[-1]) | {"wall_seconds": time.perf_counter() - started}


def differences(one: ways.Answer, other: ways.Answer) -> list[str]:
    """Where two answers differ by more than floating point does."""
    found = []
    for name, rows in one.items():
        if len(rows) != len(other[name]):
            found.append(f"{name}: {len(rows)} rows and {len(other[name])}")
        for row, beside in zip(rows, other[name], strict=False):
            for a, b in zip(row, beside, strict=True):
                same = a == b if isinstance(a, str) else math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-6)
                if not same:
                    found.append(f"{name}: {a} and {b} in {row} and {beside}")
    return found


def start_seconds(*arguments: str, times: int = 9) -> float:
    """Median time of a fresh process."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def main() -> None:
    """Measure and write build/bench.json; status 1 where the ways differ or a target is missed."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--orders", type=int, default=20_000_000, help="how many orders (default: 20 million)")
    asked.add_argument("--rounds", type=int, default=3, help="how many rounds (default: 3)")
    asked.add_argument("--no-pandas", action="store_true", help="leave pandas out")
    asked.add_argument("--way", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.way:
        return run_one(*given.way)

    path = BUILD / f"orders-{given.orders}.parquet"
    if not path.exists():
        print(f"writing {given.orders:,} orders to {path.relative_to(ROOT)} …", flush=True)
        make_orders(path, given.orders)

    runs: dict[str, list[dict[str, Any]]] = {way: [] for way in (*BY_HAND, "memberlib")}
    for _ in range(given.rounds):
        for way in runs:
            runs[way].append(measure(way, path))
    if not given.no_pandas:
        runs["pandas"] = [measure("pandas", path)]

    answer = runs["sql"][0]["answer"]
    wrong = [
        f"{way}: {text}" for way in runs for run in runs[way] for text in differences(answer, run["answer"])
    ]
    rows = {
        way: {
            "seconds": statistics.median(run["seconds"] for run in done),
            "wall_seconds": statistics.median(run["wall_seconds"] for run in done),
            "peak_gb": max(run["peak_gb"] for run in done),
            "runs_seconds": [round(run["seconds"], 3) for run in done],
        }
        for way, done in runs.items()
    }
    faster = min(BY_HAND, key=lambda way: rows[way]["seconds"])
    ratio = rows["memberlib"]["seconds"] / rows[faster]["seconds"]
    bare = start_seconds("-c", "pass")
    starts = {
        "python -c pass": bare,
        "import memberlib": start_seconds("-c", "import memberlib"),
        "memberlib --help": start_seconds("-c", "import sys; sys.argv = ['memberlib', '--help']\n"
                                                "from memberlib.cli import main; main()"),
    }  # fmt: skip
    moves = redraw.moves()

    print(f"\n{given.orders:,} orders: five tables     seconds   with start   peak GB")
    for way, row in rows.items():
        print(f"  {way:<34}{row['seconds']:>9.2f}{row['wall_seconds']:>13.2f}{row['peak_gb']:>10.2f}")
    print(
        f"  memberlib ÷ {faster}: {ratio:.2f} (at most {TARGET_RATIO});"
        f" figures {'DIFFER' if wrong else 'are equal'}"
    )
    print("\nstart (median of fresh processes)  seconds")
    for name, seconds in starts.items():
        print(f"  {name:<34}{seconds:>7.3f}")
    if moves:
        print(f"\na control's move on {redraw.MEMBERS:,} members   ms")
        for name, milliseconds in moves.items():
            print(f"  {name:<34}{milliseconds:>6.0f}")

    BUILD.mkdir(exist_ok=True)
    kept = {
        "orders": given.orders, "rounds": given.rounds, "ratio": round(ratio, 3), "faster": faster, "equal": not wrong,
        "ways": rows, "start_seconds": starts, "move_milliseconds": moves,
        "python": platform.python_version(), "machine": platform.machine(),
    }  # fmt: skip
    (BUILD / "bench.json").write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    print("\nwritten: build/bench.json")
    if wrong:
        print("\n".join(wrong[:10]), file=sys.stderr)
    if wrong or ratio > TARGET_RATIO or rows["memberlib"]["peak_gb"] > TARGET_GB:
        sys.exit(1)


if __name__ == "__main__":
    main()
