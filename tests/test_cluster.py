"""The same jobs on a Dask cluster: a scheduler and workers as processes of their own, on the loopback address."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from batches import MARK, all_gone, command, marked, start, tree, unique, write_notebook, write_shops

from memberlib.errors import InputError
from memberlib.reports import cluster, cluster_workers, run
from memberlib.reports.run import make_reports

pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
_ENDS = ("--idle-timeout", "600")  # where the tests are killed and cannot end it
STORES = ("ann", "ben", "cat")


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Cluster:
    """A scheduler; workers are started by name."""

    def __init__(self) -> None:
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self.all: dict[str, subprocess.Popen[str]] = {}
        port = self.address.rpartition(":")[2]
        self._start("scheduler", "scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard", *_ENDS)

    def worker(self, name: str, *, threads: int = 1, env: dict[str, str] | None = None) -> None:
        words = [
            "worker",
            self.address,
            "--host",
            "127.0.0.1",
            "--no-nanny",
            "--no-dashboard",
            "--name",
            name,
        ]
        self._start(name, *words, "--nthreads", str(threads), env=env or {})

    def _start(self, name: str, *words: str, env: dict[str, str] | None = None) -> None:
        program = [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:]]
        root = str(Path(__file__).resolve().parents[1])
        given = {**os.environ, "PYTHONPATH": root, MARK: unique(name), **(env or {})}
        self.all[name] = subprocess.Popen(
            program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True, cwd="/", env=given
        )

    def kill(self, name: str) -> None:
        self.all[name].kill()
        self.all[name].wait()

    def close(self) -> None:
        for process in reversed(self.all.values()):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def dask() -> Iterator[Cluster]:
    made = Cluster()
    yield made
    made.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("cluster")
    write_shops(root / "data", STORES)
    write_notebook(root / "notebooks" / "03-amount.ipynb", "import time\ntime.sleep(1)")
    return root


def asked(world: Path, out: str, **options: object) -> list[str]:
    return command(world / "data", world / out, world / "notebooks", **options)


def outcome(program: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = program.communicate(timeout=240)
    return program.returncode, out, err


def test_no_worker_fits_is_one_line(dask: Cluster, world: Path) -> None:
    """Nobody there; a worker that has no memberlib. Neither takes more than ten seconds, and nothing is left."""
    began = time.monotonic()
    status, _, err = outcome(start(asked(world, "never", cluster=f"tcp://127.0.0.1:{free_port()}"), "x"))
    assert (
        status == 2 and err.count("\n") == 1 and err.startswith("memberlib: no scheduler at tcp://127.0.0.1:")
    )
    assert time.monotonic() - began < 20
    trap = world / "trap" / "memberlib"
    trap.mkdir(parents=True)
    (trap / "__init__.py").write_text("raise ModuleNotFoundError(\"No module named 'memberlib'\")")
    dask.worker("lacking", env={"PYTHONPATH": str(trap.parent)})
    status, _, err = outcome(start(asked(world, "never", cluster=dask.address), "x"))
    dask.kill("lacking")
    assert status == 2 and err.count("\n") == 1, err
    assert "it lacks memberlib; install there what is installed here" in err
    assert not (world / "never").exists()


def test_a_worker_is_killed_and_nobody_notices(dask: Cluster, world: Path) -> None:
    dask.worker("one")
    dask.worker("two")
    ran = start(asked(world, "far", cluster=dask.address), "run")
    ends = time.monotonic() + 200
    while not list((world / "far").glob("*/2025-06-27")):
        assert ran.poll() is None and time.monotonic() < ends, outcome(ran)
        time.sleep(0.02)
    own = set(marked("one")) - {dask.all["one"].pid}
    assert own, "the jobs are done in processes of the worker's own"
    dask.kill("one")
    assert all_gone("one"), "they end with it"
    status, said, err = outcome(ran)
    assert (status, err) == (0, ""), err
    assert "3 shops: 3 made" in said
    assert all_gone("run")
    ends = time.monotonic() + 20
    while set(marked("two")) - {dask.all["two"].pid}:
        left = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in marked("two")]
        assert time.monotonic() < ends, f"a run ends its workers: {left}"
        time.sleep(0.05)
    told = json.loads((world / "far" / "run.json").read_text())
    assert told["counts"] == {"made": 3, "unchanged": 0, "failed": 0, "waiting": 0}
    assert outcome(start(asked(world, "near"), "near"))[0] == 0
    assert tree(world / "far") == tree(world / "near")
    # and now that nothing has to be made, nobody is asked
    assert outcome(start(asked(world, "far", cluster="tcp://127.0.0.1:1"), "run"))[0] == 0


def test_a_scheduler_that_goes_away_ends_the_run(world: Path) -> None:
    own = Cluster()
    try:
        own.worker("three")
        ran = start(asked(world, "gone", cluster=own.address), "gone")
        while not list((world / "gone").glob("*/.*.new/notebooks")):
            assert ran.poll() is None
            time.sleep(0.02)
        own.kill("scheduler")
        status, _, err = outcome(ran)
    finally:
        own.close()
    assert status == 2 and err.count("\n") == 1, err
    assert f"the scheduler at {own.address} is gone; what is finished stays" in err
    assert all_gone("gone") and all_gone("three")
    assert not list((world / "gone").glob("*/.*"))


def test_what_a_worker_must_have(world: Path, tmp_path: Path) -> None:
    """Asked of this machine, which sees all; then of one that lacks a thing at a time."""
    source = world / "notebooks" / "03-amount.ipynb"
    mark = tmp_path / ".x.new"
    mark.write_text("run 1")
    version = run._version("ann", run.Settings(), world / "data", None)
    code = run.manifest.code_version([source])
    fits = {"code": code, "mark": str(mark), "run": "run 1", "data": str(world / "data"), "store": "ann"}
    fits |= {"version": version, "sources": [str(source)]}
    assert cluster_workers.misfit(fits) == ""
    for part, value, said in (
        ("mark", str(tmp_path / "no" / ".x.new"), "it does not see the folder of the reports"),
        ("run", "run 2", "it does not see the folder of the reports"),
        ("data", str(tmp_path / "no"), "it does not see the data folder"),
        ("sources", ["/no/03-amount.ipynb"], "it does not see the notebook"),
        ("code", {**code, "digest": "x"}, "another memberlib"),
        ("code", {**code, "notebooks": "x"}, "other notebooks"),
        ("store", "eve", "it does not see the same data"),
        ("version", {**version, "digest": "x"}, "it sees other data of 'ann'"),
    ):
        assert said in cluster_workers.misfit({**fits, part: value}), part
    assert sorted(p.name for p in tmp_path.iterdir()) == [".x.new"]


def test_without_dask_one_line_says_what_to_install(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(
        InputError, match=r"--cluster needs Dask; install it with: pip install 'memberlib\[cluster\]'"
    ):
        make_reports(
            ["ann"],
            data=world / "data",
            out=world / "none",
            notebooks=world / "notebooks",
            cluster="tcp://[::1]:1",
        )
    assert not (world / "none").exists()


@pytest.mark.parametrize("address", ["localhost:8786", "http://x:1", "tcp://x", "tcp://x:1/y", "tcp:// x:1"])
def test_an_address_is_checked_before_anything_is_asked(address: str) -> None:
    with pytest.raises(InputError, match="is not the address of a scheduler"):
        cluster.check_address(address)


def test_a_server_that_is_no_scheduler_and_stays_silent_is_one_line(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "WAIT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(InputError, match="no scheduler at"):
            make_reports(["ann"], data=world / "data", out=world / "none", notebooks=world / "notebooks",
                         cluster=address)  # fmt: skip
    assert not (world / "none").exists()
