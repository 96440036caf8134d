"""Whatever moment an import or an undoing is killed at, the shop is as before it or as after it.

This file is also the program that starts what is killed: it has the libraries loaded and forks, so that fifty kills
take seconds. It is a process of its own because a process that has used these libraries cannot be forked.
"""

from __future__ import annotations

import csv
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas  # noqa: F401  (loaded before the fork)
import pytest

import memberlib.lake.undoing
import memberlib.loaders.comparison
import memberlib.loaders.staging  # noqa: F401
from memberlib.imports import import_files
from memberlib.lake import Lake

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork and no SIGKILL there")
LAKE = str(Path("memberlib") / "lake") + os.sep


# --- the program that forks -----------------------------------------------------------------------------------------


def serve() -> None:
    """Do each task that comes in as a line of JSON in a process of its own; answer when it has ended."""
    for line in sys.stdin:
        task = json.loads(line)
        there, here = os.pipe()
        began = time.monotonic()
        child = os.fork()
        if not child:
            os.close(there)
            _work(task, here)
        os.close(here)
        if "seconds" in task:
            ended = select.select([there], [], [], task["seconds"])[0]
            if not ended:
                os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        with os.fdopen(there) as pipe:
            calls = int(pipe.read() or 0)
        print(json.dumps({"seconds": time.monotonic() - began, "calls": calls, "status": status}), flush=True)


def _work(task: dict[str, Any], pipe: int) -> None:
    """One task; killed as it makes or ends the call with a given number in the lake's own code."""
    calls = 0

    def count(frame: Any, *_: Any) -> None:
        nonlocal calls
        if LAKE in frame.f_code.co_filename:
            calls += 1
            if calls == task.get("call"):
                os.kill(os.getpid(), signal.SIGKILL)

    status = 1
    try:
        if "seconds" not in task:
            sys.setprofile(count)
        for path in task.get("import", []):
            import_files([path], "tea", data=task["data"], max_rejected_share=1)
        if "undo" in task:
            Lake(Path(task["data"]) / "lake").undo("tea", task["undo"])
        status = 0
    finally:
        sys.setprofile(None)
        os.write(pipe, str(calls).encode())
        os._exit(status)


class ForkServer:
    """The program at work."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, **task: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(task, default=str) + "\n")
        self.process.stdin.flush()

    def ended(self) -> dict[str, Any]:
        assert self.process.stdout
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def do(self, **task: Any) -> dict[str, Any]:
        self.start(**task)
        return self.ended()

    def close(self) -> None:
        self.process.communicate(timeout=30)


@pytest.fixture(scope="module")
def fork_server() -> Iterator[ForkServer]:
    made = ForkServer()
    yield made
    made.close()


# --- the shop -------------------------------------------------------------------------------------------------------


def orders(path: Path, numbers: range, amount: int = 10) -> Path:
    """An order list; every 500th order has no readable amount."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["order_id", "member_id", "paid_at", "paid_amount", "status"])
        for n in numbers:
            out.writerow([n, "a", "2026-01-05 09:00:00", "much" if n % 500 == 7 else amount, "completed"])
    return path


def state(data: Path) -> tuple[Any, ...]:
    """All that a reader can see of the shop: version, digest, accounts, rows."""
    if not Lake(data / "lake").newest("tea"):
        return (0,)
    version = Lake(data / "lake").version("tea")
    rows = {
        table: duckdb.sql(f"SELECT * FROM read_parquet({files}) ORDER BY ALL").fetchall() if files else []
        for table, files in version.files.items()
    }
    return version.number, version.digest, version.history, rows


def moments(whole: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """When to kill: half of the times after some seconds, half of the times at some call in the lake's code."""
    chance = random.Random(count)
    by_time = [{"seconds": chance.uniform(0, whole["seconds"])} for _ in range(count // 2)]
    by_call = [{"call": chance.randint(1, whole["calls"])} for _ in range(count - len(by_time))]
    return [*by_time, *by_call]


def killed_again_and_again(fork_server: ForkServer, folder: Path, task: dict[str, Any], count: int) -> None:
    """Kill a task on the shop in ``folder/before`` at many moments; it is as before or as after each time."""
    start, after, trial = folder / "before", folder / "after", folder / "trial"
    shutil.copytree(start, after)
    whole = fork_server.do(**task, data=after)
    assert whole["status"] == 0 and whole["calls"] > 50
    known = {"before": state(start), "after": state(after)}
    assert known["before"] != known["after"]
    shutil.copytree(start, trial)
    seen: list[str] = []
    for number, moment in enumerate(moments(whole, count)):
        fork_server.do(**task, **moment, data=trial)
        seen += [name for name, there in known.items() if there == state(trial)] or ["neither"]
        assert seen[-1] in known, moment
        assert state(trial) == (0,) or Lake(trial / "lake").check("tea") == [], moment
        if seen[-1] == "before" and number % 3 == 2:
            # done again it ends the same; otherwise the next has to deal with what is left behind
            assert fork_server.do(**task, seconds=60, data=trial)["status"] == 0
            assert state(trial) == known["after"], moment
            assert Lake(trial / "lake").check("tea") == []
            seen[-1] = "repeated"
        if seen[-1] != "before":
            shutil.rmtree(trial)
            shutil.copytree(start, trial)
    assert {"before", "repeated"} <= set(seen)


def test_an_import_killed_at_fifty_moments(fork_server: ForkServer, tmp_path: Path) -> None:
    first = orders(tmp_path / "first.csv", range(3000))
    second = orders(tmp_path / "second.csv", range(2500, 5000), 11)
    held = orders(tmp_path / "held.csv", range(2000, 2600))  # all of it known
    import_files([first, held], "tea", data=tmp_path / "before", max_rejected_share=1)
    killed_again_and_again(fork_server, tmp_path, {"import": [second]}, 50)


def test_a_first_import_killed_at_many_moments(fork_server: ForkServer, tmp_path: Path) -> None:
    (tmp_path / "before").mkdir()
    first = orders(tmp_path / "first.csv", range(3000))
    killed_again_and_again(fork_server, tmp_path, {"import": [first]}, 12)


def test_an_undoing_killed_at_many_moments(fork_server: ForkServer, tmp_path: Path) -> None:
    for n, numbers in enumerate([range(3000), range(2500, 5000), range(2000, 2600)]):
        path = orders(tmp_path / f"{n}.csv", numbers, 10 + n)
        import_files([path], "tea", data=tmp_path / "before", max_rejected_share=1)
    killed_again_and_again(fork_server, tmp_path, {"undo": "2"}, 16)


# --- several at once ------------------------------------------------------------------------------------------------


def test_two_imports_at_once_and_readers_meanwhile(fork_server: ForkServer, tmp_path: Path) -> None:
    data, other = tmp_path / "data", ForkServer()
    start = orders(tmp_path / "start.csv", range(1000))
    import_files([start], "tea", data=data, max_rejected_share=1)
    files = [
        [orders(tmp_path / f"{who}{n}.csv", range(500 * n, 500 * n + 800), 20 + who) for n in range(3)]
        for who in range(2)
    ]
    try:
        fork_server.start(**{"import": files[0]}, data=data)
        other.start(**{"import": files[1]}, data=data)
        lake, counts = Lake(data / "lake"), set()
        while lake.newest("tea") < 7:
            assert fork_server.process.poll() is None and other.process.poll() is None
            version = lake.version("tea")
            found = duckdb.sql(f"SELECT count(*) FROM read_parquet({version.files['orders']})").fetchall()[0][
                0
            ]
            assert found == version.rows["orders"]
            counts.add(found)
        assert fork_server.ended()["status"] == other.ended()["status"] == 0
    finally:
        other.close()
    assert len(counts) > 1 and lake.check("tea") == []
    # the same files one after the other, in the order they came in
    by_name = {path.name: path for paths in files for path in paths}
    came = [by_name[name] for name in lake.imports("tea")["file"][1:]]
    import_files([start, *came], "tea", data=tmp_path / "one", max_rejected_share=1)
    assert state(data) == state(tmp_path / "one")


if __name__ == "__main__":
    serve()
