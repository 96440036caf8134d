"""How is a batch had for a test: a few small shops, a notebook, a command that makes their reports?"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from memberlib import i18n
from memberlib.reports import manifest
from memberlib.reports.failures import of_the_disk
from memberlib.reports.workers import Answer

MARK = "MEMBERLIB_TEST_BATCH"
"""A variable that every process of a run inherits, so that a test can count them."""
PARAMETERS = 'store = ""\nas_of = ""\nlang = ""\nversion = 0\nedges = []\nlabel = "none"\ndays = 30'
READ = (
    "from memberlib import bands, open_store, set_language, tables\n"
    "shop = open_store(store, as_of or None, at_version=version or None)\n"
    "set_language(lang)"
)
SHOW = "found = bands.amount_bands(shop, edges=edges or None)\ntables.show(found)"


def cell(kind: str, source: str, *tags: str) -> dict:
    made = {"cell_type": kind, "metadata": {"tags": list(tags)}, "source": source}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def write_notebook(path: Path, *extra: str, parameters: str = PARAMETERS) -> Path:
    """A notebook that shows one table, after cells of the test's own."""
    cells = [
        cell("markdown", f"# {path.stem}"),
        cell("code", parameters, "parameters"),
        cell("code", READ, "setup"),
        *(cell("code", source) for source in extra),
        cell("code", SHOW, "table"),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}), "utf-8")
    return path


def orders(store: str, count: int = 60) -> str:
    lines = ["order_id,member_id,paid_at,paid_amount,status"]
    for n in range(count):
        paid = dt.datetime(2025, 1, 1, 9) + dt.timedelta(days=n * 3)
        lines.append(
            f"{store}{n},{store}-{n * n % 17},{paid:%Y-%m-%d %H:%M:%S},{20 + n * 37 % 400},completed"
        )
    return "\n".join(lines) + "\n"


def write_shops(data: Path, stores: Iterable[str]) -> Path:
    """A data folder with shops of sixty orders each."""
    from memberlib.imports import import_files

    data.mkdir(parents=True, exist_ok=True)
    for store in stores:
        file = data / f"{store}.csv"
        file.write_text(orders(store), encoding="utf-8")
        import_files([file], store, data=data)
    return data


def tree(out: Path) -> dict[str, bytes]:
    """Every file of a folder of reports by its place, but what tells of the run itself."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in (".lock", "run.json") and path.parent != out / "logs"
    }


def command(data: Path, out: Path, notebooks: Path, **options: object) -> list[str]:
    """A program that makes reports as ``memberlib report`` does, with notebooks of the test's own."""
    code = (
        "import json, sys\nfrom memberlib.errors import InputError\nfrom memberlib.reports import make_reports\n"
        "options = json.loads(sys.argv[1])\n"
        "try:\n    sys.exit(1 if make_reports(options.pop('stores', None), **options) else 0)\n"
        "except InputError as error:\n    print(f'memberlib: {error}', file=sys.stderr)\n    sys.exit(2)\n"
    )
    asked = {"data": str(data), "out": str(out), "notebooks": str(notebooks), **options}
    return [sys.executable, "-P", "-c", code, json.dumps(asked)]


def unique(mark: str) -> str:
    """A mark that no other run of the tests uses."""
    return f"{mark}.{os.getpid()}"


def start(command: list[str], mark: str, **options: object) -> subprocess.Popen[str]:
    """Start a program whose processes all bear a mark, as the leader of a group of its own."""
    root = str(Path(__file__).resolve().parents[1])
    environment = {**os.environ, "PYTHONPATH": root, MARK: unique(mark), **options.pop("env", {})}  # type: ignore[dict-item]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=environment, **options,
    )  # fmt: skip


def marked(mark: str, of: str = "") -> list[int]:
    """The processes that bear a mark; only those whose command has a word in it."""
    sign, found = f"{MARK}={unique(mark)}\0".encode(), []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            zombie = (place / "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
            named = of.encode() in (place / "cmdline").read_bytes()
            if named and not zombie and sign in (place / "environ").read_bytes():
                found.append(int(place.name))
        except OSError:
            continue
    return found


def all_gone(mark: str, seconds: float = 30, of: str = "") -> bool:
    """Whether no process with a mark is left, or will be soon."""
    ends = time.monotonic() + seconds
    while marked(mark, of):
        if time.monotonic() > ends:
            return False
        time.sleep(0.05)
    return True


class Instant:
    """Workers that do each job at once and in this process, for tests of what the main process does with them.

    A report's page holds what the report was to be made from; ``done`` is what they were asked.
    """

    count = 1

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.done: list[tuple[str, str]] = []

    def __enter__(self) -> Instant:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to end."""

    def check(self) -> None:
        """They are always there."""

    def submit(self, job: dict) -> Future[Answer]:
        answer: Future[Answer] = Future()
        if self.seconds:
            time.sleep(self.seconds)
        try:
            answer.set_result(Answer(self._do(**job)))
        except OSError as error:
            answer.set_result(Answer(reason=str(error), by_disk=of_the_disk(error)))
        return answer

    def _do(self, job: str, **given: Any) -> dict | None:
        self.done.append((job, given["store"] if job == "open_shop" else Path(given["folder"]).parent.name))
        if job == "open_shop":
            return {"as_of": given["as_of"] or "2025-06-27"}
        if job == "run_notebook":
            Path(given["target"]).write_text(json.dumps(given["parameters"]) + "." * 20_000)
            return None
        place, wanted = Path(given["folder"]), given["wanted"]
        self.done[-1] = (job, wanted["store"])
        (place / "index.html").write_text(json.dumps(wanted) + "." * 50_000)
        (place / "files").rmdir()
        headline = [{"figure": "amount", "value": 1.0, "before": None, "change_share": None, "unit": "money"}]
        about = {"name": {lang: wanted["store"] for lang in i18n.LANGUAGES}, "member_count": 1, "currency": "GBP",
                 "headline": headline, "findings": [], "headline_of": {}}  # fmt: skip
        made = {**wanted, "last_order_on": wanted["as_of"], "state": "done", "summary": about}
        made |= {"parameters": {"lang": wanted["lang"]}, "files": manifest.file_digests(place)}
        manifest.write(place / manifest.NAME, made)
        return made


def instantly(program: list[str], seconds: float = 0.0) -> list[str]:
    """The same program with workers that need no process."""
    patch = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import batches\n"
        f"import memberlib.reports.run as run\nrun._workers = lambda *_, **__: batches.Instant({seconds})\n"
    )
    return after(patch, program)


def after(code: str, program: list[str]) -> list[str]:
    """The same program after some code of the test's own."""
    return [*program[:3], code + program[3], *program[4:]]
