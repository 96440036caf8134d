"""How long does every analysis of one shop take on DuckDB and on Spark, and do they agree?

    python bench/backends.py                    20 million orders
    python bench/backends.py --orders 2000000   a quick look

Both read the same Parquet files, each in a process of its own, with two threads and the same bound of memory; facts are
kept between analyses, as in a notebook. The seconds of each analysis, in the order they were asked, go into
build/bench-backends.json. Status 1 where a figure differs.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from core_job import BUILD, ROOT, make_orders

MEMORY = "3GB"
RULES = [{"level": "regular"}, {"level": "vip", "amount": 500, "orders": 4}]


def make_items(path: Path, orders: Path) -> None:
    """Write a Parquet file with a line for every fourth order; seeded."""
    import duckdb

    drafted = path.with_suffix(".part")
    con = duckdb.connect()
    con.execute("SET threads = 1")
    con.execute(f"""
        COPY (
            SELECT order_id, '1' AS line_id, 'g' || hash(order_id) % 40 AS category, 1::DECIMAL(18, 4) AS quantity,
                   paid_amount AS amount
            FROM read_parquet('{orders}') WHERE hash(order_id, 1) % 4 = 0
        ) TO '{drafted}' (FORMAT parquet)
    """)
    drafted.rename(path)


def questions() -> dict[str, Any]:
    """Name → what is asked of a store: every analysis as it comes, other scores, and what a front page needs."""
    from memberlib import indicators
    from memberlib.themes import THEMES

    asked: dict[str, Any] = {
        "facts": lambda store: store.buyer_count,
        "left_out": lambda store: store.left_out,
        "headline": indicators.headline,
    }
    for theme in THEMES:
        for one in theme.analyses:
            options = {"rules": RULES} if one.name == "flow" else {}
            asked[one.name] = lambda store, one=one, options=options: one(store, **options)
    amounts = THEMES[2].analyses[0]
    asked["amount_bands, single orders"] = lambda store: amounts(store, measure="order")
    scores = next(one for one in THEMES[4].analyses if one.name == "segments")
    for method in ("quantile", "jenks"):
        asked[f"segments, {method}"] = lambda store, method=method: scores(store, method=method)
    return asked


def run_one(backend: str, folder: str) -> None:
    """Ask everything once in this process; the times as a line of JSON, the answers in a file."""
    from memberlib.store import open_store

    began = time.perf_counter()
    store = open_store(backend, data=folder)
    seconds = {"open": time.perf_counter() - began}
    answers = {}
    for name, ask in questions().items():
        began = time.perf_counter()
        answers[name] = ask(store)
        seconds[name] = time.perf_counter() - began
        print(f"  {backend:<8}{name:<32}{seconds[name]:>8.2f}", file=sys.stderr, flush=True)
    began = time.perf_counter()
    assert store.digest
    seconds["digest"] = time.perf_counter() - began
    for answer in answers.values():
        if hasattr(answer, "attrs"):
            answer.attrs.pop("store", None)
    (Path(folder) / f"{backend}.pickle").write_bytes(pickle.dumps(answers))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps({"seconds": seconds, "python_peak_gb": round(peak / 1e9, 2)}))


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Names of the answers that are not the same to the last digit."""
    import pandas as pd

    found = []
    for name, answer in one.items():
        try:
            if isinstance(answer, pd.DataFrame):
                pd.testing.assert_frame_equal(answer, other[name], check_exact=True)
                assert answer.attrs == other[name].attrs, f"{answer.attrs} and {other[name].attrs}"
            else:
                assert answer == other[name], f"{answer} and {other[name]}"
        except AssertionError as error:
            found.append(f"{name}: {error}")
    return found


def declare(folder: Path, orders: Path, items: Path) -> None:
    """The same tables as a shop on DuckDB and as one on Spark."""
    tables = f'tables = {{ orders = "{orders}", items = "{items}" }}'
    spark = '{ "spark.master" = "local[2]", "spark.driver.memory" = "3g" }'
    (folder / "stores.toml").write_text(
        f'[duckdb.source]\nbackend = "duckdb"\n{tables}\n\n[pyspark.source]\nbackend = "pyspark"\n{tables}\n'
        f"options = {spark}\n",
        encoding="utf-8",
    )


def main() -> None:
    """Measure both and write build/bench-backends.json; status 1 where they differ."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--orders", type=int, default=20_000_000, help="how many orders (default: 20 million)")
    asked.add_argument("--backend", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.backend:
        return run_one(*given.backend)

    orders, items = (BUILD / f"{name}-{given.orders}.parquet" for name in ("orders", "items"))
    if not orders.exists():
        print(f"writing {given.orders:,} orders to {orders.relative_to(ROOT)} …", flush=True)
        make_orders(orders, given.orders)
    if not items.exists():
        make_items(items, orders)
    runs, answers = {}, {}
    with tempfile.TemporaryDirectory() as scratch:
        declare(Path(scratch), orders, items)
        for backend in ("duckdb", "pyspark"):
            command = [sys.executable, __file__, "--backend", backend, scratch]
            ran = subprocess.run(
                command, stdout=subprocess.PIPE, text=True, env={**os.environ, "MEMBERLIB_MEMORY": MEMORY}
            )
            if ran.returncode:
                sys.exit(f"bench: {backend} failed")
            runs[backend] = json.loads(ran.stdout.splitlines()[-1])
            answers[backend] = pickle.loads((Path(scratch) / f"{backend}.pickle").read_bytes())
    wrong = differences(answers["duckdb"], answers["pyspark"])
    print(f"\n{given.orders:,} orders{'':<24}DuckDB     Spark   seconds")
    near, far = (runs[backend]["seconds"] for backend in ("duckdb", "pyspark"))
    for name, seconds in near.items():
        print(f"  {name:<32}{seconds:>8.2f}{far[name]:>10.2f}")
    print(f"  {'all':<32}{sum(near.values()):>8.2f}{sum(far.values()):>10.2f}")
    print(f"  figures {'DIFFER' if wrong else 'are equal to the last digit'}")
    kept = {
        "orders": given.orders, "memory": MEMORY, "equal": not wrong, "runs": runs,
        "all_seconds": {backend: round(sum(run["seconds"].values()), 2) for backend, run in runs.items()},
        "python": platform.python_version(), "machine": platform.machine(),
    }  # fmt: skip
    (BUILD / "bench-backends.json").write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    print("\nwritten: build/bench-backends.json")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
