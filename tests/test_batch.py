"""A batch survives: whatever ends a job spoils only that, whatever ends the run is made good by the next one."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from batches import (
    MARK,
    PARAMETERS,
    Instant,
    after,
    all_gone,
    cell,
    command,
    instantly,
    marked,
    start,
    tree,
    unique,
    write_notebook,
    write_shops,
)

from memberlib.cli import main
from memberlib.errors import InputError
from memberlib.reports import manifest, parameters, run, runlog
from memberlib.reports.progress import Progress
from memberlib.reports.run import make_reports
from memberlib.reports.workers import Workers

linux = pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
SHOPS = ("ann", "ben", "cat")
DAY = "2025-06-27"


class World:
    """Three shops, one notebook, and what an uninterrupted run of instant workers makes of them."""

    def __init__(self, root: Path) -> None:
        self.data, self.notebooks = write_shops(root / "data", SHOPS), root / "notebooks"
        write_notebook(self.notebooks / "03-amount.ipynb")

    def make(self, out: Path, stores: list[str] | None = None, **options: object) -> int:
        return make_reports(stores, data=self.data, out=out, notebooks=self.notebooks, **options)  # type: ignore[arg-type]

    def command(self, out: Path, **options: object) -> list[str]:
        return command(self.data, out, self.notebooks, **options)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("batch"))


@pytest.fixture
def instant(monkeypatch: pytest.MonkeyPatch) -> Instant:
    """Reports are made without any process."""
    workers = Instant()
    monkeypatch.setattr(run, "_workers", lambda *_, **__: workers)
    return workers


def outcome(program: subprocess.Popen[str], seconds: float = 240) -> tuple[int, str, str]:
    out, err = program.communicate(timeout=seconds)
    return program.returncode, out, err


# --- killed at every file that is written, moved or removed ------------------------------------------------------


def kill_at_every_step(asked: dict) -> dict:
    """Kill a run at each of its steps in turn; how many there were, and what was wrong after any.

    This runs in a process of its own, which has one thread and may fork.
    """
    before, reference, trial = (Path(asked[name]) for name in ("before", "reference", "trial"))
    options = {"data": asked["data"], "notebooks": asked["notebooks"], "given": ["label=after"]}
    wrong: list[str] = []
    code = manifest.code_version([])
    manifest.code_version = lambda _: code  # type: ignore[assignment]
    with contextlib.redirect_stdout(io.StringIO()):
        _remade(trial, options)  # so that every fork has the templates and settings read
    for step in range(1, 2000):
        shutil.rmtree(trial, ignore_errors=True)
        shutil.copytree(before, trial)
        if not _killed(step, lambda: _remade(trial, options)):
            break
        whole = [store for store in SHOPS if _report(trial, store, "after")]
        lost = [s for s in SHOPS if not (_report(trial, s, "after") or _report(trial, s, "before"))]
        told: list[str] = json.loads(_in_a_fork(lambda: _remade(trial, options)) or '["nothing"]')
        if lost or set(told) & set(whole) or tree(trial) != tree(reference):
            wrong.append(f"step {step}: lost {lost}, made again {set(told) & set(whole)} of {whole}")
    return {"steps": step, "wrong": wrong}


def _remade(out: Path, options: dict) -> str:
    workers = Instant()
    run._workers = lambda *_, **__: workers  # type: ignore[assignment]
    make_reports(None, out=out, **options)
    return json.dumps([store for job, store in workers.done if job == "finish_report"])


def _report(out: Path, store: str, label: str) -> bool:
    """Whether a whole report lies in its place, or where the next run takes it from."""
    for place in (out / store / DAY, out / store / f".{DAY}.old"):
        found = manifest.read(place / manifest.NAME) or {}
        files = manifest.file_digests(place) if found else {}
        if found.get("given", {}).get("label") == label and found["files"] == files:
            return True
    return False


def _killed(step: int, work: object) -> bool:
    changes = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree"}
    seen = 0

    def watch(event: str, given: tuple) -> None:
        nonlocal seen
        writing = event == "open" and isinstance(given[1], str) and set(given[1]) & set("wa+x")
        if event in changes or writing:
            seen += 1
            if seen == step:
                os.kill(os.getpid(), signal.SIGKILL)

    return _in_a_fork(work, watch) is None


def _in_a_fork(work: object, watch: object = None) -> str | None:
    there, here = os.pipe()
    child = os.fork()
    if not child:
        sys.stdout = io.StringIO()
        if watch is not None:
            sys.addaudithook(watch)  # type: ignore[arg-type]
        os.write(here, work().encode())  # type: ignore[operator]
        os._exit(0)
    os.close(here)
    with os.fdopen(there) as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    return None if os.WIFSIGNALED(status) else told


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork and no SIGKILL there")
def test_a_run_killed_at_any_step_is_made_good_by_the_next(
    world: World, instant: Instant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = manifest.code_version([])
    monkeypatch.setattr(manifest, "code_version", lambda _: code)
    world.make(tmp_path / "before", given=["label=before"])
    shutil.copytree(tmp_path / "before", tmp_path / "reference")
    world.make(tmp_path / "reference", given=["label=after"])
    assert tree(tmp_path / "before") != tree(tmp_path / "reference")
    asked = {name: str(tmp_path / name) for name in ("before", "reference", "trial")}
    asked |= {"data": str(world.data), "notebooks": str(world.notebooks)}
    ran = subprocess.run(
        [sys.executable, __file__, json.dumps(asked)], capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    found = json.loads(ran.stdout)
    assert found["wrong"] == []
    assert 60 < found["steps"] < 1999


# --- the real thing: processes that die --------------------------------------------------------------------------

CRASHES = """\
import ctypes, os, pathlib, resource, signal, time
assert pathlib.Path('/proc/self/oom_score_adj').read_text().strip() == '1000'
if store == 'segv':
    ctypes.string_at(0)
if store == 'worker':
    for place in pathlib.Path('/proc').glob('[0-9]*'):
        name = (place / 'comm').read_text().strip()
        if name == 'memberlib-job' and b'=crashes.' in (place / 'environ').read_bytes():
            os.kill(int(place.name), signal.SIGSEGV)
    time.sleep(60)
if store == 'server':
    os.kill(os.getppid(), signal.SIGKILL)
if store == 'greedy':
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    b'x' * (8 << 30)
if store == 'huge':
    eaten = [bytearray(os.urandom(1 << 20) * 64) for _ in range(80)]
"""


@contextlib.contextmanager
def little_memory(size: int) -> Iterator[list[str]]:
    """Words before a command that let it, and all that it starts, have so much memory; skip where that needs root."""
    place = Path("/sys/fs/cgroup/memory/memberlib-test-batch")
    try:
        place.mkdir()
    except OSError:
        yield []
        return
    try:
        (place / "memory.limit_in_bytes").write_text(str(size))
        yield ["sh", "-c", f'echo $$ > {place}/cgroup.procs; exec "$@"', "sh"]
    finally:
        for _ in range(100):
            with contextlib.suppress(OSError):
                place.rmdir()
                break
            time.sleep(0.1)


@linux
def test_what_ends_a_job_spoils_only_its_shop(tmp_path: Path) -> None:
    """A crash of the notebook's process and of its worker, memory that runs out in Python and for the system."""
    ends = {
        "fine": "",
        "segv": "03-amount: the kernel died",
        "worker": "03-amount: the working process was ended by signal SIGSEGV",
        "server": "03-amount: .*",
        "greedy": "03-amount: ran out of memory",
        "huge": "03-amount: ran out of memory and was ended by the system; .*",
    }
    with little_memory(1600 << 20) as words:
        if not words:
            ends.pop("huge")
        data = write_shops(tmp_path / "data", ends)
        write_notebook(tmp_path / "notebooks" / "03-amount.ipynb", CRASHES)
        program = [*words, *command(data, tmp_path / "out", tmp_path / "notebooks", jobs=1)]
        status, _, err = outcome(start(program, "crashes"))
        assert all_gone("crashes")
    assert (status, err) == (1, "")
    told = {shop["store"]: shop for shop in json.loads((tmp_path / "out" / "run.json").read_text())["shops"]}
    for store, reason in ends.items():
        assert re.fullmatch(reason, told[store]["reason"]), told[store]
        assert (tmp_path / "out" / store).exists() == (store == "fine")


@linux
def test_a_job_that_hangs_is_ended_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hang = "import subprocess\nsubprocess.run(['sleep', '600'])"
    source, quick = tmp_path / "01-x.ipynb", tmp_path / "02-x.ipynb"
    for path, code in ((source, hang), (quick, "1")):
        cells = [cell("code", code)]
        path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
    job = {"job": "run_notebook", "target": str(tmp_path / "x.ipynb"), "parameters": {}, "lang": "en"}
    job |= {"folder": str(tmp_path)}
    monkeypatch.setenv(MARK, unique("hangs"))
    with Workers(1) as workers:
        assert workers.submit({**job, "source": str(quick)}).result().ok
        workers._limit = 2
        answer = workers.submit({**job, "source": str(source)}).result()
        assert answer.reason == "took longer than 2 seconds and was ended; allow more with --limit"
        monkeypatch.delenv(MARK)
        assert all_gone("hangs", of="sleep")
        workers._limit = 200
        assert workers.submit({**job, "source": str(quick)}).result().ok


@linux
def test_a_run_killed_again_and_again_ends_as_one_that_was_not(tmp_path: Path) -> None:
    """The main process alone, then its whole group: no process is left, nothing finished is made again."""
    data = write_shops(tmp_path / "data", SHOPS)
    write_notebook(tmp_path / "notebooks" / "03-amount.ipynb", "import time\ntime.sleep(0.5)")
    program = command(data, tmp_path / "out", tmp_path / "notebooks", jobs=2)
    chance, finished = random.Random(4), {}
    for number, way in enumerate(["main", "group"]):
        ran = start(program, f"kill-{number}")
        ends = time.monotonic() + 200
        while len(finished_reports(tmp_path / "out")) <= len(finished):
            if number == 0 and list((tmp_path / "out").glob("*/.*.new/notebooks")):
                break  # the first time in the midst of notebooks
            assert ran.poll() is None and time.monotonic() < ends
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.3))
        if way == "group":
            os.killpg(ran.pid, signal.SIGKILL)
        else:
            ran.kill()
        outcome(ran)
        assert all_gone(f"kill-{number}"), marked(f"kill-{number}")
        now = finished_reports(tmp_path / "out")
        assert {store: now[store] for store in finished} == finished, "what was finished was made again"
        finished = now
    assert finished
    assert outcome(start(program, "kill-last"))[0] == 0
    assert all_gone("kill-last")
    assert set(finished_reports(tmp_path / "out")) == set(SHOPS)
    assert finished.items() <= finished_reports(tmp_path / "out").items()
    # one of them alone, elsewhere: other jobs, other hour, other language, other hashes, a folder with traps in it
    traps = tmp_path / "traps"
    traps.mkdir()
    (traps / "matplotlibrc").write_text("axes.facecolor: red\nsavefig.dpi: 30\n")
    (traps / "calendar.py").write_text("raise RuntimeError('the wrong calendar')")
    other = {"TZ": "Asia/Shanghai", "LANG": "zh_CN.UTF-8", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    other |= {"MPLCONFIGDIR": str(traps)}
    again = command(data, tmp_path / "again", tmp_path / "notebooks", jobs=1, stores=["ben"])
    status, _, err = outcome(start(again, "other", cwd=traps, env=other))
    assert status == 0, err
    assert tree(tmp_path / "again" / "ben") == tree(tmp_path / "out" / "ben") != {}
    for store in SHOPS:
        told = manifest.read(tmp_path / "out" / store / DAY / manifest.NAME)["data"]
        for page in (tmp_path / "out" / store / DAY).glob("*.html"):
            text = page.read_text("utf-8")
            assert re.search(rf"\b{told['version']}\b", text) and told["digest"][:8] in text, page


def finished_reports(out: Path) -> dict[str, int]:
    """When each finished report was."""
    return {p.parent.parent.name: p.stat().st_mtime_ns for p in out.glob(f"*/{DAY}/{manifest.NAME}")}


# --- the disk ----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    """A disk of a given size, where this machine lets us have one."""
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], capture_output=True
    )
    if made.returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@linux
def test_a_full_disk_ends_the_run_in_one_line_and_loses_nothing(world: World, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "4m") as disk:
        out = disk / "out"
        assert outcome(start(instantly(world.command(out)), "d0"))[0] == 0
        before = tree(out)
        filler = disk / "filler"
        filler.write_bytes(b"0" * (shutil.disk_usage(disk).free - 30_000))
        asked = world.command(out, given=["label=after"], jobs=1)
        for program in (asked, instantly(asked)):
            status, said, err = outcome(start(program, "d1"))
            assert status == 2 and err.count("\n") == 1, err
            assert re.match(
                rf"memberlib: no space is left on the disk of {disk}/out; .* same command again", err
            )
            assert "FAILED" not in said
            assert tree(out) == before
            assert not list(out.glob("*/.*"))
        assert json.loads((out / "run.json").read_text())["state"] == "broken off"
        filler.unlink()
        assert outcome(start(instantly(asked), "d2"))[0] == 0
        assert all_gone("d1")


def test_files_that_may_not_grow_end_the_run_in_one_line(world: World, tmp_path: Path) -> None:
    """As on a disk of which the user has a share only; the pages are 50 kB."""
    program = instantly(world.command(tmp_path / "out"))
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))\n"
    status, said, err = outcome(start(after(limit, program), "files"))
    assert (status, err.count("\n")) == (2, 1), err
    assert err.startswith("memberlib: files of this size are not allowed on the disk of ")
    assert "FAILED" not in said and not tree(tmp_path / "out")


def test_a_folder_that_cannot_be_written_is_said_before_anything_runs(
    world: World, instant: Instant, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    for out, said in (
        (tmp_path / "file", "is a file, not a folder"),
        (tmp_path / "file" / "below", "cannot make the folder"),
        (Path("/proc/reports"), "cannot make the folder"),
        (Path("/proc/self"), "cannot write into"),
    ):
        if out.parts[1] == "proc" and sys.platform != "linux":
            continue
        with pytest.raises(InputError, match=said) as caught:
            world.make(out)
        assert "\n" not in str(caught.value) and "--out" in str(caught.value)
    assert instant.done == [] and (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_vanishes_on_the_way_ends_the_run(
    world: World, instant: Instant, tmp_path: Path
) -> None:
    out, work = tmp_path / "out", instant._do

    def vanish(job: str, **given: object) -> object:
        if len(instant.done) == 5:
            shutil.rmtree(out)
        return work(job, **given)

    instant._do = vanish  # type: ignore[method-assign]
    with pytest.raises(InputError, match=r"the folder .* is gone"):
        world.make(out)


# --- two runs at once --------------------------------------------------------------------------------------------


def test_two_runs_at_once_do_not_mix(world: World, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    first = start(instantly(world.command(one), 0.2), "first")
    while not list(one.glob("*/.*.new")):
        assert first.poll() is None
        time.sleep(0.01)
    beside = start(instantly(world.command(other), 0.05), "beside")
    second = start(instantly(world.command(one)), "second")
    status, _, err = outcome(second)
    assert (
        status == 2
        and err
        == f"memberlib: another run is making reports in {one}; wait for its end or give another --out\n"
    )
    assert outcome(first)[0] == outcome(beside)[0] == 0
    assert tree(one) == tree(other)
    assert outcome(start(instantly(world.command(one)), "after"))[1].startswith("ann: nothing changed")


# --- what a run tells of itself ----------------------------------------------------------------------------------


def test_plain_lines_say_now_and_then_how_long_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    said = Progress(clock=lambda: now)
    said.begin(99, 5)
    for shop in range(99):
        for step in range(6):
            now += 1.0
            if step < 5:
                said.step(str(shop), "x")
            elif shop == 20:
                said.failed("20", "no", Path("l"))
            else:
                said.made(str(shop), "2026-01-01", 6)
    told = [line for line in capsys.readouterr().out.splitlines() if "left" in line]
    # a step a second, 594 in all; a line each 30 s
    assert told[:2] == ["5 of 99 shops, about 9 min left", "10 of 99 shops, about 9 min left"]
    assert "50 of 99 shops, about 5 min left" in told
    assert told[-1] == "95 of 99 shops, about 20 s left"
    assert len(told) == 19


def test_a_run_leaves_a_log_and_a_summary(world: World, instant: Instant, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert world.make(out, ["ann", "cat"], given=["label=007"], limit=30) == 0
    told = json.loads((out / "run.json").read_text())
    assert (told["state"], told["counts"]) == ("done", {"made": 2, "unchanged": 0, "failed": 0, "waiting": 0})
    assert told["started"] <= told["ended"] and told["asked"]["given"] == {"label": "007"}
    first = told["shops"][0]
    assert (first["store"], first["report"]) == ("ann", f"ann/{DAY}/index.html")
    assert first["data"] == manifest.read(out / "ann" / DAY / manifest.NAME)["data"]
    lines = (out / "logs" / "run.log").read_text().splitlines()
    assert [line.split(" ", 1)[1].split(":")[0] for line in lines] == [
        "run began", "2 shops to make, 1 notebooks each", "ann", "cat", "run ended",
    ]  # fmt: skip
    world.make(out, ["ann"], given=["label=007"])
    assert len((out / "logs" / "run.log").read_text().splitlines()) == 7
    assert json.loads((out / "run.json").read_text())["shops"][0]["state"] == "unchanged"
    for part in ("manifest.json", "index.html", f"ann/{DAY}/manifest.json"):
        assert told["started"][:13] not in (out / part).read_text()


def test_the_log_names_no_member(tmp_path: Path) -> None:
    shop = run.Shop(
        "a", {"as_of": None, "lang": "en", "data": {}, "code": {}}, "failed", "KeyError: '13800001234'"
    )
    kept = runlog.RunLog(tmp_path, [shop], {}, Progress())
    with kept.kept():
        kept.start()
        kept.failed("a", shop.reason, Path("x"))
    for file in ("run.json", "logs/run.log"):
        text = (tmp_path / file).read_text()
        assert "138****1234" in text and "13800001234" not in text


def test_a_run_that_is_asked_to_end_says_so_and_leaves_nothing_half_done(
    world: World, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ran = start(instantly(world.command(out), 0.3), "asked")
    while not (out / "ann" / DAY).exists():
        assert ran.poll() is None
        time.sleep(0.01)
    ran.terminate()
    assert outcome(ran)[0] == 128 + signal.SIGTERM
    told = json.loads((out / "run.json").read_text())
    assert told["state"] == "broken off" and told["counts"]["made"] >= 1 and told["counts"]["waiting"] >= 1
    assert not list(out.glob("*/.*"))


# --- bad input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--store", "../x"], "'../x' is not a shop id"),
        (["--store", "ann", "--store", "nobody", "--store", "ben"], "no shop 'nobody'"),
        (["--all", "--jobs", "0"], "--jobs must be at least 1, not 0"),
        (["--all", "--limit", "-1"], "the time limit must be above 0 seconds, not -1"),
        (["--all", "--limit", "nan"], "the time limit must be above 0 seconds, not nan"),
        (["--all", "--limit", "inf"], "the time limit must be above 0 seconds, not inf"),
        (["--all", "-p", "edges"], "parameter 'edges' is not of the form name=value"),
        (["--all", "-p", "colour=red"], "no notebook has a parameter 'colour'; there are days, easier"),
        (
            ["--all", "-p", "measure=x"],
            "parameter 'measure' of 03-amount: ",
        ),
        (["--all", "-p", "days=soon"], "parameter 'days' of 01-level is a whole number, not 'soon'"),
        (["--all", "-p", "days=1.5"], "parameter 'days' of 01-level is a whole number, not '1.5'"),
        (["--all", "-p", "edges=2,x"], "parameter 'edges' of 02-time is a list such as 2,4,6, not '2,x'"),
        (["--all", "-p", "edges=[open('x')]"], "parameter 'edges' of 02-time is a list"),
        (["--all", "-p", "__import__('os')=1"], "is not of the form name=value"),
        (["--all", "-p", "store=ann"], "'store' is not given as a parameter; use --store"),
        (["--all", "-p", "09-x.days=3"], "no notebook '09-x'"),
        (["--all", "-p", "02-time.days=3"], "02-time has no parameter 'days'"),
        (["--all", "-p", "days=3", "-p", "days=4"], "parameter 'days' is given twice"),
        (["--all", "--cluster", "here"], "'here' is not the address of a scheduler"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["report", *options, "--data", str(world.data), "--out", str(tmp_path / "out")])
    err = capsys.readouterr().err
    assert ended.value.code == 2 and err.count("\n") == 1
    assert said in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "05-x.ipynb is not a notebook; get it anew"),
        ('{"nbformat": 3, "worksheets": []}', "05-x.ipynb is not a notebook of format 4"),
        ('{"nbformat": 4}', "05-x.ipynb is not a notebook; get it anew"),
        ('{"nbformat": 4, "cells": [1]}', "05-x.ipynb is not a notebook; get it anew"),
        (None, "05-x.ipynb cannot be run for a shop: it has no cell tagged 'parameters'"),
        ("shop = 'a'", "05-x.ipynb cannot be run for a shop: its cell tagged 'parameters' has no 'store'"),
        ("store = ''\nedges = [1,", r"05-x.ipynb: its parameters cell is no Python \(.*, line 2\); mend it"),
    ],
)
def test_a_notebook_that_someone_broke_is_named(
    world: World, instant: Instant, tmp_path: Path, content: str | None, said: str
) -> None:
    shutil.copytree(world.notebooks, tmp_path / "notebooks")
    path = tmp_path / "notebooks" / "05-x.ipynb"
    if content is not None and content.startswith("{"):
        path.write_text(content)
    else:
        tags = ["parameters"] if content else []
        cells = [
            {
                "cell_type": "code",
                "metadata": {"tags": tags},
                "source": content or "store = ''",
                "outputs": [],
            }
        ]
        path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
    with pytest.raises(InputError, match=said):
        make_reports(None, data=world.data, out=tmp_path / "out", notebooks=tmp_path / "notebooks")
    assert not (tmp_path / "out").exists() and not instant.done


def test_a_shop_whose_data_are_damaged_spoils_only_itself(
    world: World, instant: Instant, tmp_path: Path
) -> None:
    shutil.copytree(world.data, tmp_path / "data")
    for file in (tmp_path / "data" / "lake" / "ben" / "orders").glob("*.parquet"):
        file.unlink()
    out = tmp_path / "out"
    assert make_reports(None, data=tmp_path / "data", out=out, notebooks=world.notebooks) == 1
    states = {entry["store"]: entry["state"] for entry in manifest.read(out / "manifest.json")["shops"]}
    assert states == {"ann": "done", "ben": "failed", "cat": "done"}


# --- parameters --------------------------------------------------------------------------------------------------


def test_a_parameter_has_the_type_of_its_default(tmp_path: Path) -> None:
    book = write_notebook(
        tmp_path / "01-x.ipynb",
        parameters=PARAMETERS + "\nshare: float = 1\nloud = False\nnames = ['x']\nlimit: int | None = None",
    )
    asked = ["label=007", "days=007", "share=2", "loud=true", "names=a,b", "edges=2,4.5", "limit=3"]
    found = parameters.checked(asked, [book])
    assert found == {
        "label": "007", "days": 7, "share": 2.0, "loud": True, "names": ["a", "b"], "edges": [2, 4.5], "limit": 3,
    }  # fmt: skip
    assert type(found["share"]) is float
    assert parameters.checked(["label=", "edges="], [book]) == {"edges": [], "label": ""}
    assert parameters.checked({"edges": [1, 2], "label": "a'b"}, [book]) == {"edges": [1, 2], "label": "a'b"}
    for wrong in ("edges=nan", "edges=1e999", "share=inf", "days=1e3", "loud=2", "edges={}", "days=٣"):
        with pytest.raises(InputError, match="of 01-x is"):
            parameters.checked([wrong], [book])


def test_a_parameter_may_be_for_one_notebook(tmp_path: Path) -> None:
    one = write_notebook(tmp_path / "01-x.ipynb")
    other = write_notebook(tmp_path / "02-y.ipynb", parameters="store = ''\ndays = 'all'")
    found = parameters.checked(["01-x.days=9", "label=a"], [one, other])
    assert parameters.of_notebook(found, "01-x") == {"days": 9, "label": "a"}
    assert parameters.of_notebook(found, "02-y") == {"label": "a"}
    with pytest.raises(
        InputError, match=r"means different things in 01-x, 02-y; give it to one, as 01-x\.days="
    ):
        parameters.checked(["days=9"], [one, other])


def test_a_report_holds_only_for_its_parameters(world: World, instant: Instant, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for given, jobs in ((["edges=2,4"], 2), (["edges=2,4"], 0), (["edges=2,5"], 2), ([], 2)):
        instant.done.clear()
        world.make(out, ["ann"], given=given)
        assert len(instant.done) == jobs
    world.make(out, ["ann"], given=["edges=2,4"])
    made = manifest.read(out / "ann" / DAY / manifest.NAME)
    assert made["given"] == {"edges": [2, 4]}
    told = (out / "ann" / DAY / "notebooks" / "03-amount.ipynb").read_text()
    assert '"edges": [2, 4]' in told and '"store": "ann"' in told


if __name__ == "__main__":
    print(json.dumps(kill_at_every_step(json.loads(sys.argv[1]))))
