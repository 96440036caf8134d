"""How many reports a minute, beside loops of papermill and nbconvert, and does the time grow in a straight line?

    python bench/batch.py                             99 shops; references on 3 of them; then 10, 30 and 100 shops
    python bench/batch.py --shops 2 --references 1 --sizes 2 4     a quick look
    python bench/batch.py --sizes 10 30 100 300 1000               the whole line (about an hour)
    python bench/batch.py --before ../older --references 0 --sizes     only beside another checkout, in turn

The shops are those of Complete Journey with at least 50 households (`make real` imports them). Each way makes all
notebooks of a shop into HTML:

- `memberlib`: `memberlib report` as it is called, from its start to its end, with front pages and the index;
- `commands`: the commands `papermill` and `jupyter nbconvert --to html`, one after the other, per notebook;
- `commands, two at once`: two such loops side by side, so that both cores have work;
- `api`: one process that calls papermill's `execute_notebook` with its own engine and one `HTMLExporter`.

`--before` names another checkout with a `.venv` of its own, such as a worktree of an earlier commit: its reports of the
same shops are made in turn with those of this one, each from nothing, and the start of both is measured too: the time
until the first notebook has run.

The references run on a few shops, small and large, in turn with memberlib on the same ones, so that a slow minute of
the machine hits all. The straight line is looked for on copies of ten shops. All goes into build/bench-batch.json.
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
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "bench"
BIN = Path(sys.executable).parent
REAL = ROOT / "build" / "real" / "data"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]-*.ipynb"))
GOALS = {"commands": 10.0, "api": 4.0}
TIMES_BEFORE, START_SECONDS = 2.0, 5.0
MIX = 10


# ---------------------------------------------------------------- the ways


def memberlib(shops: Sequence[str] | None, data: Path, jobs: int, root: Path = ROOT) -> dict[str, Any]:
    """Make the reports of these shops (None: of all) as at a prompt: seconds, memory, bytes of what was made.

    Parameters
    ----------
    root : path
        The checkout whose ``memberlib`` is called.
    """
    shutil.rmtree(data / "derived", ignore_errors=True)
    command = BIN / "memberlib" if root == ROOT else root / ".venv" / "bin" / "memberlib"
    with tempfile.TemporaryDirectory(prefix="reports-", dir=BUILD) as out:
        named = ["--all"] if shops is None else [word for shop in shops for word in ("--store", shop)]
        places = ["--data", str(data), "--out", out, "--jobs", str(jobs)]
        started, before = time.perf_counter(), os.times()
        process = subprocess.Popen(
            [str(command), "report", *named, *places],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=root,
        )  # fmt: skip
        watch = Watch(process.pid, Path(out))
        watch.start()
        said = process.communicate()[1]
        seconds, after = time.perf_counter() - started, os.times()
        watch.ended.set()
        watch.join()
        if process.returncode:
            sys.exit(f"bench: memberlib report failed\n{said[-2000:]}")
        pages = [file for file in Path(out).rglob("*") if file.is_file()]
        size = sum(file.stat().st_size for file in pages)
    return {
        "seconds": seconds, "start_seconds": watch.first_notebook, "report_bytes": size,
        "processor_seconds": sum(after[2:4]) - sum(before[2:4]),
        **watch.found(),
    }  # fmt: skip


def commands(shops: Sequence[str], data: Path, out: Path) -> None:
    """The commands papermill and nbconvert, one after the other."""
    for shop in shops:
        for source in NOTEBOOKS:
            made = out / f"{shop}-{source.name}"
            given = ["-r", "store", shop, "-r", "data", str(data), "-r", "lang", "en"]
            _run([str(BIN / "papermill"), str(source), str(made), *given])
            _run([str(BIN / "jupyter"), "nbconvert", "--to", "html", str(made)])


def api(shops: Sequence[str], data: Path, out: Path) -> None:
    """papermill's function with its own engine, and one exporter for all; says how long that took."""
    import nbformat
    import papermill
    from nbconvert import HTMLExporter

    exporter = HTMLExporter()
    started = time.perf_counter()
    for shop in shops:
        for source in NOTEBOOKS:
            made = out / f"{shop}-{source.name}"
            given = {"store": shop, "data": str(data), "lang": "en"}
            papermill.execute_notebook(str(source), str(made), given, progress_bar=False)
            page, _ = exporter.from_notebook_node(nbformat.read(made, as_version=4))
            made.with_suffix(".html").write_text(page, encoding="utf-8")
    print(json.dumps({"seconds": time.perf_counter() - started}))


def _run(command: Sequence[str]) -> str:
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if ran.returncode:
        sys.exit(f"bench: {' '.join(command[:3])} failed\n{ran.stderr[-2000:]}")
    return ran.stdout


def reference(way: str, shop: str, data: Path) -> float:
    """Seconds of one reference on one shop."""
    with tempfile.TemporaryDirectory(prefix="reference-", dir=BUILD) as out:
        started = time.perf_counter()
        if way == "commands":
            commands([shop], data, Path(out))
        elif way == "api":
            # without its start, which a long loop has once
            return json.loads(
                _run([sys.executable, __file__, "--api", shop, str(data), out]).splitlines()[-1]
            )["seconds"]
        else:
            places = [Path(out) / side for side in "ab"]
            sides = []
            for place in places:
                place.mkdir()
                sides.append(threading.Thread(target=commands, args=([shop], data, place)))
            for side in sides:
                side.start()
            for side in sides:
                side.join()
            made = [len(list(place.glob("*.html"))) for place in places]
            if made != [len(NOTEBOOKS)] * 2:
                sys.exit("bench: two loops at once failed")
            return (time.perf_counter() - started) / 2
        return time.perf_counter() - started


# ---------------------------------------------------------------- memory of what runs


KINDS = {"memberlib-forks": "fork server", "memberlib-job": "worker", "memberlib-cells": "notebook"}
"""Name of a process → what it is for."""


class Watch(threading.Thread):
    """Looks every half second at how much memory a run and each of its processes take."""

    def __init__(self, pid: int, out: Path) -> None:
        super().__init__(daemon=True)
        self.pid, self.out, self.ended = pid, out, threading.Event()
        self.seen: dict[str, dict[int, list[float]]] = {kind: {} for kind in ("main", *KINDS.values())}
        self.whole: list[float] = []
        self.first_notebook: float | None = None

    def _wait_for_a_notebook(self) -> None:
        started = time.perf_counter()
        while not self.ended.wait(0.02):
            if next(self.out.glob("*/.*.new/notebooks/*.ipynb"), None):
                self.first_notebook = time.perf_counter() - started
                return

    def run(self) -> None:
        """Look until the run has ended."""
        self._wait_for_a_notebook()
        while not self.ended.wait(0.5):
            parents, family = _parents(), {self.pid}
            for _ in range(4):
                family |= {pid for pid, parent in parents.items() if parent in family}
            whole = 0.0
            for pid in family:
                kind = self._kind(pid, parents.get(pid, 0))
                if (megabytes := _memory(pid, "status", "VmRSS")) is not None:
                    self.seen[kind].setdefault(pid, []).append(megabytes)
                whole += _memory(pid, "smaps_rollup", "Pss") or 0.0
            self.whole.append(whole)

    def _kind(self, pid: int, parent: int) -> str:
        """What a process of a run is for, by its name; of earlier versions, by how it was called."""
        if pid == self.pid:
            return "main"
        if kind := KINDS.get(_text_of(pid, "comm").strip()):
            return kind
        called = _text_of(pid, "cmdline")
        if "memberlib.kernels" in called:
            return "notebook" if "memberlib.kernels" in _text_of(parent, "cmdline") else "fork server"
        return "worker" if "memberlib.reports" in called else "notebook"

    def found(self) -> dict[str, Any]:
        """Per kind of process: the most that one had; of those that stay, also early and late in the run."""
        kinds: dict[str, Any] = {}
        for kind, processes in self.seen.items():
            if not processes:
                continue
            kinds[kind] = {"most_mb": round(max(max(seen) for seen in processes.values()))}
            lasting = [seen for seen in processes.values() if len(seen) >= len(self.whole) / 2]
            if kind != "notebook" and lasting:
                kinds[kind] |= {
                    name: round(statistics.median(value for seen in lasting for value in part(seen)))
                    for name, part in (("early_mb", _early), ("late_mb", _late))
                }
        return {"memory": kinds, "peak_mb": round(max(self.whole, default=0.0))}


def _early(seen: list[float]) -> list[float]:
    """The second tenth of what was seen, when everything has started."""
    size = max(1, len(seen) // 10)
    return seen[size : 2 * size] or seen


def _late(seen: list[float]) -> list[float]:
    return seen[-max(1, len(seen) // 10) :]


def _parents() -> dict[int, int]:
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            found[int(place.name)] = int((place / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            continue
    return found


def _text_of(pid: int, file: str) -> str:
    try:
        return Path(f"/proc/{pid}/{file}").read_text().replace("\0", " ")
    except OSError:
        return ""


def _memory(pid: int, file: str, name: str) -> float | None:
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(name + ":")), None)


# ---------------------------------------------------------------- many shops


def copies(folder: Path, shops: Sequence[str], count: int) -> Path:
    """A data folder of so many shops: these ones again and again under other ids, their files linked."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "lake").mkdir(parents=True)
    copied = []
    settings = (REAL / "stores.toml").read_text(encoding="utf-8").split("\n\n")
    own = {text.split("]")[0].strip("[\n "): text for text in settings}
    for number in range(count):
        shop = shops[number % len(shops)]
        shutil.copytree(REAL / "lake" / shop, folder / "lake" / f"copy-{number:05}", copy_function=_linked)
        copied.append(own[shop].replace(f"[{shop}]", f"[copy-{number:05}]"))
    (folder / "stores.toml").write_text("\n\n".join(copied) + "\n", encoding="utf-8")
    return folder


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def straight_line(sizes: Sequence[int], seconds: Sequence[float]) -> dict[str, Any]:
    """The line of least squares of the relative errors through seconds over shops, and how far off each point is."""
    import numpy as np

    x, y = np.array(sizes, dtype=float), np.array(seconds)
    design = np.column_stack([np.ones_like(x), x]) / y[:, None]
    start, each = np.linalg.lstsq(design, np.ones_like(y), rcond=None)[0]
    off = (y - (start + each * x)) / y
    return {
        "start_seconds": start,
        "seconds_per_shop": each,
        "residual_shares": [round(float(o), 4) for o in off],
    }


# ---------------------------------------------------------------- what is measured


def against_references(shops: Sequence[str], count: int, jobs: int) -> dict[str, Any]:
    """memberlib on all shops, and in turn with the references on a few of them."""
    places = [int((part + 0.5) * len(shops) / count) for part in range(count)]
    few = [shops[place] for place in places]
    runs: dict[str, list[float]] = {
        "commands": [],
        "commands, two at once": [],
        "api": [],
        "memberlib, same shops": [],
    }
    whole: dict[str, Any] = {}
    for number, shop in enumerate(few):
        for way in ("commands", "api", "commands, two at once"):
            runs[way].append(reference(way, shop, REAL))
            print(f"  {way:<24} shop {shop:>6}{runs[way][-1]:>9.1f} s", flush=True)
        runs["memberlib, same shops"].append(memberlib(few, REAL, jobs)["seconds"] / len(few))
        if number == len(few) // 2:
            whole = memberlib(shops, REAL, jobs)
            print(f"  {'memberlib':<24}{len(shops):>6} shops{whole['seconds']:>9.1f} s", flush=True)
    per_minute = {way: 60 / statistics.mean(taken) for way, taken in runs.items()}
    per_minute["memberlib"] = 60 * len(shops) / whole["seconds"]
    ratios = {way: per_minute["memberlib"] / rate for way, rate in per_minute.items() if way != "memberlib"}
    print(f"\n{len(shops)} shops, {len(NOTEBOOKS)} notebooks each        reports a minute    memberlib is")
    for way, rate in per_minute.items():
        beside = f"{ratios[way]:>13.1f} ×" if way in ratios else ""
        goal = f"   (at least {GOALS[way]:g})" if way in GOALS else ""
        print(f"  {way:<32}{rate:>14.1f}{beside}{goal}")
    return {
        "shops": len(shops), "notebooks": len(NOTEBOOKS), "jobs": jobs, "reference_shops": few,
        "reports_per_minute": per_minute, "ratios": ratios, "seconds_per_report": runs, "memberlib": whole,
    }  # fmt: skip


def beside(root: Path, shops: Sequence[str], jobs: int, rounds: int) -> dict[str, Any]:
    """Reports of the same shops by another checkout and by this one, in turn."""
    runs: dict[str, list[dict[str, Any]]] = {"before": [], "now": []}
    for number in range(rounds):
        for name, place in (("before", root), ("now", ROOT)):
            runs[name].append(memberlib(shops, REAL, jobs, place))
            row = runs[name][-1]
            print(f"  round {number + 1} {name:<8}{len(shops):>5} shops{row['seconds']:>9.1f} s"
                  f"   first notebook after {row['start_seconds'] or 0:.1f} s"
                  f"   {row['processor_seconds']:.0f} s of processor", flush=True)  # fmt: skip
    medians = {
        name: {key: statistics.median(row[key] for row in rows) for key in ("seconds", "start_seconds")}
        for name, rows in runs.items()
    }
    ratio = medians["before"]["seconds"] / medians["now"]["seconds"]
    print(f"\n{len(shops)} shops: {ratio:.2f} × the reports a minute of {root.name} (at least {TIMES_BEFORE:g});"
          f" start {medians['now']['start_seconds']:.1f} s (at most {START_SECONDS:g};"
          f" before {medians['before']['start_seconds']:.1f} s)")  # fmt: skip
    return {"shops": len(shops), "rounds": rounds, "runs": runs, "medians": medians, "ratio": ratio}


def growth(shops: Sequence[str], sizes: Sequence[int], jobs: int) -> dict[str, Any]:
    """Time and memory of batches of growing numbers of shops."""
    mix = [shops[int((part + 0.5) * len(shops) / MIX)] for part in range(MIX)]
    rows = []
    print(
        f"\n{'shops':>9}{'seconds':>10}{'a shop':>9}{'worker MB early/late/most':>26}{'server MB':>13}{'whole MB':>10}"
    )
    for size in sizes:
        folder = copies(BUILD / f"copies-{size}", mix, size)
        data_bytes = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        row = {"shops": size, "data_bytes": data_bytes, **memberlib(None, folder, jobs)}
        shutil.rmtree(folder)
        worker, server = (row["memory"].get(kind, {}) for kind in ("worker", "fork server"))
        both = f"{worker.get('early_mb', '–')} / {worker.get('late_mb', '–')} / {worker.get('most_mb', '–')}"
        print(f"{size:>9}{row['seconds']:>10.1f}{row['seconds'] / size:>9.2f}{both:>26}"
              f"{server.get('most_mb', '–'):>13}{row['peak_mb']:>10}", flush=True)  # fmt: skip
        rows.append(row)
    line = straight_line(sizes, [row["seconds"] for row in rows]) if len(rows) > 1 else {}
    if line:
        print(f"  line: {line['start_seconds']:.1f} s + {line['seconds_per_shop']:.2f} s a shop; off by at most "
              f"{max(map(abs, line['residual_shares'])):.0%}")  # fmt: skip
    return {"mix": mix, "rows": rows, "line": line}


def main() -> None:
    """Measure and write build/bench-batch.json; status 1 where a goal is missed."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--shops", type=int, default=99, help="how many shops (default: 99)")
    asked.add_argument(
        "--references", type=int, default=3, help="shops of the references (default: 3; 0: none)"
    )
    asked.add_argument(
        "--sizes", type=int, nargs="*", default=[10, 30, 100], help="shops of the straight line"
    )
    asked.add_argument("--jobs", type=int, default=2, help="notebooks at work at once (default: 2)")
    asked.add_argument("--before", type=Path, metavar="PATH", help="another checkout, to be measured in turn")
    asked.add_argument("--rounds", type=int, default=1, help="how often each checkout runs (default: 1)")
    asked.add_argument("--api", nargs=3, metavar=("SHOP", "DATA", "OUT"), help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.api:
        return api([given.api[0]], Path(given.api[1]), Path(given.api[2]))

    sys.path.insert(0, str(ROOT / "real"))
    from complete_journey import large_shops

    BUILD.mkdir(parents=True, exist_ok=True)
    shops = large_shops()
    if not all((REAL / "lake" / shop).is_dir() for shop in shops):
        print("importing Complete Journey …", flush=True)
        _run([sys.executable, str(ROOT / "real" / "complete_journey.py"), "--no-reports"])
    step = len(shops) / given.shops
    chosen = [shops[int((place + 0.5) * step)] for place in range(given.shops)] if step > 1 else shops
    path = ROOT / "build" / "bench-batch.json"
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if given.before:
        kept["before"] = beside(given.before.resolve(), chosen, given.jobs, given.rounds)
    if given.references:
        kept["references"] = against_references(chosen, given.references, given.jobs)
    if given.sizes:
        kept["growth"] = growth(shops, sorted(given.sizes), given.jobs)
    kept |= {"cores": os.cpu_count(), "python": platform.python_version(), "machine": platform.machine()}
    path.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    print("\nwritten: build/bench-batch.json")
    ratios = kept.get("references", {}).get("ratios", {}) if given.references else {}
    missed = [way for way, goal in GOALS.items() if way in ratios and ratios[way] < goal]
    if given.before:
        start = kept["before"]["medians"]["now"]["start_seconds"]
        missed += ["before"] if kept["before"]["ratio"] < TIMES_BEFORE or start > START_SECONDS else []
    if missed:
        sys.exit(1)


if __name__ == "__main__":
    main()
