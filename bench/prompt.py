"""How long does a short table take at a prompt, beside what it has to import?

    python bench/prompt.py                 15 turns on a sample shop
    python bench/prompt.py --turns 5       a quick look

In turn, each in a process of its own: `memberlib table count` on a sample shop (whose facts are on disk, as they are
from the second table on), `python -c "import ibis, duckdb, pandas"`, `memberlib --help` and `python -c "import
memberlib"`. What is compared is the median, and beside it the least. All goes into build/bench-prompt.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
DATA = ROOT / "build" / "bench" / "prompt-data"
BIN = Path(sys.executable).parent
SHOP = "clothing"
GOAL = 1.5
WAYS = {
    "memberlib table count": [str(BIN / "memberlib"), "table", "count", "--store", SHOP, "--data", str(DATA)],
    "import ibis, duckdb, pandas": [sys.executable, "-c", "import ibis, duckdb, pandas"],
    "memberlib --help": [str(BIN / "memberlib"), "--help"],
    "import memberlib": [sys.executable, "-c", "import memberlib"],
}


def prepare() -> None:
    """A data folder with the sample shops."""
    if not (DATA / "lake" / SHOP).is_dir():
        DATA.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "data" / "stores.toml", DATA)
        shutil.copytree(ROOT / "data" / "samples", DATA / "samples", dirs_exist_ok=True)
        subprocess.run(
            [str(BIN / "memberlib"), "samples", "--data", str(DATA)], check=True, capture_output=True
        )


def seconds(command: list[str]) -> tuple[float, float]:
    """Wall and processor seconds of a command."""
    before, started = os.times(), time.perf_counter()
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    wall, after = time.perf_counter() - started, os.times()
    if ran.returncode:
        sys.exit(f"bench: {' '.join(command[:3])} failed\n{ran.stderr[-2000:]}")
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, spent


def main() -> None:
    """Measure and write build/bench-prompt.json; status 1 where the goal is missed."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--turns", type=int, default=15, help="how often each is called (default: 15)")
    turns = asked.parse_args().turns
    prepare()
    for command in WAYS.values():
        seconds(command)  # compiled files, the disk's cache, facts on disk
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
    for _ in range(turns):
        for name, command in WAYS.items():
            taken[name].append(seconds(command))
    print(f"  {'':<30}{'seconds':>9}{'least':>8}{'of processor':>14}")
    found = {}
    for name, pairs in taken.items():
        walls, spent = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        found[name] = {
            "seconds": statistics.median(walls), "least": min(walls), "processor": statistics.median(spent),
        }  # fmt: skip
        print(
            f"  {name:<30}{found[name]['seconds']:>9.2f}{min(walls):>8.2f}{found[name]['processor']:>14.2f}"
        )
    table, parts, *_ = found.values()
    ratio, of_processor = (table[key] / parts[key] for key in ("seconds", "processor"))
    print(
        f"\n  a table takes {ratio:.2f} × its imports (at most {GOAL:g}); of the processor {of_processor:.2f} ×"
    )
    kept = {"turns": turns, "ways": found, "ratio": ratio, "ratio_of_processor": of_processor,
            "cores": os.cpu_count(), "python": platform.python_version(), "machine": platform.machine()}  # fmt: skip
    (ROOT / "build" / "bench-prompt.json").write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    print("\nwritten: build/bench-prompt.json")
    if ratio > GOAL:
        sys.exit(1)


if __name__ == "__main__":
    main()
