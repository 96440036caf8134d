"""What becomes of each shop: reports made, left as they are, failed; pages that need nothing but themselves."""

from __future__ import annotations

import datetime as dt
import html
import html.parser
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from memberlib import bands, findings, i18n, tables
from memberlib.errors import InputError
from memberlib.imports import import_files
from memberlib.reports import content, failures, index, manifest, notebooks, pages
from memberlib.reports.finish import finish
from memberlib.reports.folders import Shop, sweep
from memberlib.reports.refresh import refresh_notebooks
from memberlib.reports.run import make_reports
from memberlib.reports.workers import Workers
from memberlib.results import MIME
from memberlib.store import store_from

SETTINGS = """
[good]
name = { en = "Good & Fine", zh = "好店" }
lang = "zh-Hant"
currency = "TWD"

[broken]
name = "Broken"
lang = "en"

[dying]
name = "Dying"
lang = "zh"
"""


def cell(kind: str, source: str, *tags: str) -> dict:
    made = {
        "cell_type": kind,
        "id": f"c{abs(hash((kind, source))) % 10**7}",
        "metadata": {"tags": list(tags)},
        "source": source,
    }
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def write_notebook(path: Path, *cells: dict) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)}),
        encoding="utf-8",
    )
    return path


FAILING = """\
if store == 'broken' or pathlib.Path(os.environ['MEMBERLIB_DATA'], 'break').exists():
    raise ValueError(f'cannot read {pathlib.Path.cwd()}/x.csv')
"""
THEME = (
    cell("markdown", "# 金额\n\n每单多少?", "zh"),
    cell("markdown", "# Amount\n\nHow much is an order?", "en"),
    cell(
        "code",
        'store = "good"  # id of the shop\nas_of = ""\nlang = ""\nversion = 0\nedges = []',
        "parameters",
    ),
    cell(
        "code",
        "import os, pathlib\nfrom memberlib import bands, charts, findings, open_store, set_language, tables",
        "setup",
    ),
    cell(
        "code",
        "shop = open_store(store, as_of or None, at_version=version or None)\n"
        "set_language(lang)\ntables.opening(shop)",
        "opening",
    ),
    cell("code", "from memberlib.themes import headline\ntables.show(headline.headline(shop))", "front"),
    cell("code", FAILING),
    cell("code", "if store == 'dying':\n    os._exit(7)"),
    cell("markdown", "## 每单多少?", "zh"),
    cell("markdown", "## How much?", "en"),
    cell("code", "found = bands.amount_bands(shop, edges=edges or None)\ntables.show(found)", "table"),
    cell("code", "import matplotlib.pyplot as plt\ncharts.bands(found)\nplt.show()", "picture"),
    cell("code", "findings.read(found, settings=shop.settings)", "reading"),
    cell("markdown", "我的软件说明", "zh", "counted"),
    cell("markdown", "## 自己试", "zh", "analyst"),
    cell("code", "print('only for analysts')", "analyst"),
    cell("code", "import warnings\nwarnings.warn('not for readers')"),
)


def orders(store: str, count: int = 240) -> str:
    lines = ["order_id,member_id,paid_at,paid_amount,refund_amount,status"]
    for n in range(count):
        paid = dt.datetime(2024, 1, 1, 9) + dt.timedelta(days=n * 3.4)
        member = f"{store}-{(n * n) % 61:04d}" if n % 23 else ""
        status = "cancelled" if n % 17 == 0 else "completed"
        lines.append(
            f"{store}{n},{member},{paid:%Y-%m-%d %H:%M:%S},{20 + (n * 37) % 400},{20 if n % 29 == 0 else 0},{status}"
        )
    return "\n".join(lines) + "\n"


class World:
    """A data folder with three shops, a notebook, and one run of reports over them."""

    def __init__(self, root: Path) -> None:
        self.data, self.out, self.notebooks = root / "data", root / "out", root / "notebooks"
        self.data.mkdir()
        (self.data / "stores.toml").write_text(SETTINGS, encoding="utf-8")
        for store in ("good", "broken", "dying"):
            file = root / f"{store}.csv"
            file.write_text(orders(store), encoding="utf-8")
            import_files([file], store, data=self.data)
        write_notebook(self.notebooks / "03-amount.ipynb", *THEME)
        self.failed = self.make(None)

    def make(self, stores: list[str] | None, **options: object) -> int:
        return make_reports(stores, data=self.data, out=self.out, notebooks=self.notebooks, **options)  # type: ignore[arg-type]

    @property
    def report(self) -> Path:
        return self.out / "good" / "2026-03-23"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("reports"))


# ---------------------------------------------------------------- a run over three shops


def test_a_failing_shop_stops_no_other(world: World) -> None:
    assert world.failed == 2
    assert {p.name for p in world.report.iterdir()} == {
        "03-amount.html",
        "index.html",
        "manifest.json",
        "notebooks",
    }


def test_a_failed_shop_leaves_a_reason_and_nothing_else(world: World) -> None:
    assert not (world.out / "broken").exists()
    assert not (world.out / "dying").exists()
    states = {entry["store"]: entry for entry in manifest.read(world.out / "manifest.json")["shops"]}
    assert states["good"]["state"] == "done"
    assert states["broken"]["state"] == "failed"
    assert states["broken"]["reason"] == "03-amount: ValueError: cannot read x.csv"
    assert states["dying"]["reason"] == "03-amount: the kernel died"
    assert states["broken"]["parameters"] == {
        "store": "broken",
        "as_of": "2026-03-23",
        "lang": "en",
        "version": 1,
    }
    page = (world.out / "index.html").read_text(encoding="utf-8")
    assert "cannot read x.csv" in page
    assert "Traceback" in (world.out / "logs" / "broken.log").read_text(encoding="utf-8")
    assert not (world.out / "logs" / "good.log").exists()


def test_the_manifest_says_what_the_report_was_made_of(world: World) -> None:
    made = manifest.read(world.report / "manifest.json")
    assert made["parameters"] == {"store": "good", "as_of": "2026-03-23", "lang": "zh-Hant", "version": 1}
    assert made["data"]["version"] == 1 and len(made["data"]["digest"]) == 64
    assert made["code"]["version"] and made["code"]["digest"] and made["code"]["notebooks"]
    assert made["pages"] == ["index.html", "03-amount.html"]
    assert made["state"] == "done"
    assert set(made["files"]) == {"03-amount.html", "index.html", "notebooks/03-amount.ipynb"}
    assert str(world.out.parent) not in (world.report / "manifest.json").read_text(encoding="utf-8")


def test_what_has_not_changed_is_not_made_again(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    before = {p: p.stat().st_mtime_ns for p in world.report.rglob("*")}
    index_before = (world.out / "index.html").stat().st_mtime_ns
    assert world.make(["good"]) == 0
    assert {p: p.stat().st_mtime_ns for p in world.report.rglob("*")} == before
    assert (world.out / "index.html").stat().st_mtime_ns == index_before, (
        "the other shops' states still stand"
    )
    assert "nothing changed" in capsys.readouterr().out


def test_looking_for_changes_needs_no_heavy_library(world: World) -> None:
    code = (
        "import sys\nfrom memberlib.reports import make_reports\n"
        "failed = make_reports(['good'], data=sys.argv[1], out=sys.argv[2], notebooks=sys.argv[3])\n"
        "heavy = {'papermill', 'nbconvert', 'matplotlib', 'pandas', 'ibis', 'duckdb', 'zmq'} & set(sys.modules)\n"
        "sys.exit(f'{failed} {heavy}' if failed or heavy else 0)"
    )
    paths = [str(world.data), str(world.out), str(world.notebooks)]
    done = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_made_again_by_force_it_is_the_same_to_the_byte(world: World) -> None:
    before = {p.relative_to(world.report): p.read_bytes() for p in world.report.rglob("*") if p.is_file()}
    assert world.make(["good"], force=True) == 0
    after = {p.relative_to(world.report): p.read_bytes() for p in world.report.rglob("*") if p.is_file()}
    assert after == before


def test_a_report_that_is_finished_twice_is_the_same(world: World, tmp_path: Path) -> None:
    """As on a cluster whose worker was lost while it wrote the last file."""
    again = tmp_path / "again"
    shutil.copytree(world.report, again)
    made = manifest.read(again / manifest.NAME)
    before = {p.relative_to(again): p.read_bytes() for p in again.rglob("*") if p.is_file()}
    wanted = {part: made[part] for part in (*manifest.MADE_FROM, "last_order_on")}
    finish(wanted=wanted, data=str(world.data), folder=str(again), names=["03-amount"])
    assert {p.relative_to(again): p.read_bytes() for p in again.rglob("*") if p.is_file()} == before


def test_an_older_report_outlives_a_failure(world: World) -> None:
    before = (world.report / "index.html").read_bytes()
    (world.data / "break").touch()
    try:
        assert world.make(["good"], force=True) == 1
        assert (world.report / "index.html").read_bytes() == before
        assert sorted(p.name for p in (world.out / "good").iterdir()) == ["2026-03-23"]
        entry = next(e for e in manifest.read(world.out / "manifest.json")["shops"] if e["store"] == "good")
        assert (entry["state"], entry["report"]) == ("failed", "good/2026-03-23/index.html")
        assert 'href="good/2026-03-23/index.html"' in (world.out / "index.html").read_text(encoding="utf-8")
    finally:
        (world.data / "break").unlink()
        assert world.make(["good"]) == 0
    assert not (world.out / "logs" / "good.log").exists()


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("as_of", "2026-03-22"),
        ("lang", "en"),
        ("data", {"version": 2}),
        ("settings", "x"),
        ("given", {"edges": [1]}),
        ("code", {"digest": "x"}),
    ],
)
def test_a_report_holds_only_for_what_it_was_made_of(world: World, part: str, value: object) -> None:
    made = manifest.read(world.report / "manifest.json")
    assert manifest.still_holds(made, made, world.report)
    assert not manifest.still_holds(made, {**made, part: value}, world.report)


def test_a_report_that_lost_or_changed_a_page_is_made_again(world: World, tmp_path: Path) -> None:
    made = manifest.read(world.report / "manifest.json")
    copy = tmp_path / "copy"
    shutil.copytree(world.report, copy)
    assert manifest.still_holds(made, made, copy)
    (copy / "notebooks" / ".ipynb_checkpoints").mkdir()
    (copy / "notebooks" / ".ipynb_checkpoints" / "x.ipynb").touch()
    assert manifest.still_holds(made, made, copy)
    page = copy / "03-amount.html"
    page.write_bytes(page.read_bytes() + b" ")
    assert not manifest.still_holds(made, made, copy)
    page.unlink()
    assert not manifest.still_holds(made, made, copy)


# ---------------------------------------------------------------- the pages


class Seen(html.parser.HTMLParser):
    """Every address a page names, its tags, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append((tag, dict(attrs)))
        for name, value in attrs:
            if name in ("src", "href", "srcset", "action", "data", "poster", "background", "xlink:href"):
                self.addresses.append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data


def all_pages(world: World) -> list[Path]:
    return [world.out / "index.html", world.report / "index.html", world.report / "03-amount.html"]


def test_a_page_needs_nothing_but_itself_and_its_neighbours(world: World) -> None:
    for path in all_pages(world):
        page = path.read_text(encoding="utf-8")
        seen = Seen(page)
        for address in seen.addresses:
            if not address.startswith(("data:", "#")):
                assert "//" not in address and ":" not in address, f"{path.name} asks for {address[:80]}"
                assert (path.parent / address).is_file(), (
                    f"{path.name} links to {address}, which is not there"
                )
        style = "".join(re.findall(r"<style>(.*?)</style>", page, re.S)) + "".join(
            re.findall(r'style="(.*?)"', page)
        )
        assert "url(" not in style and "@import" not in style and "src:" not in style
        assert not [tag for tag, _ in seen.tags if tag in ("script", "iframe", "object", "embed", "base")]
        policy = next(a["content"] for tag, a in seen.tags if tag == "meta" and "http-equiv" in a)
        assert "default-src 'none'" in policy
        assert page.count("<style") == 1


def test_a_page_speaks_one_language_and_shows_no_code(world: World) -> None:
    seen = Seen((world.report / "03-amount.html").read_text(encoding="utf-8"))
    assert next(a["lang"] for tag, a in seen.tags if tag == "html") == "zh-Hant"
    body = seen.text[seen.text.index("金額") :]
    assert "每單多少" in body
    for unwanted in (
        "How much",
        "每单",
        "only for analysts",
        "自己試",
        "not for readers",
        "open_store",
        "amount_bands",
        "None",
    ):
        assert unwanted not in body


def test_the_finding_stands_before_the_picture_and_the_table(world: World) -> None:
    page = (world.report / "03-amount.html").read_text(encoding="utf-8")
    places = [
        page.index(mark)
        for mark in ('class="finding', "<img", '<table class="memberlib"', 'class="note"', "</main>")
    ]
    assert places == sorted(places)


def test_the_front_page_sums_up_the_shop(world: World) -> None:
    page = (world.report / "index.html").read_text(encoding="utf-8")
    about = manifest.read(world.report / "manifest.json")["summary"]
    assert [row["figure"] for row in about["headline"]][:4] == [
        "active_members", "new_members", "amount", "all_amount",
    ]  # fmt: skip
    assert page.count('<dd class="value">') == 8, "there are guests"
    assert 1 <= page.count('<p class="said">') == len(about["findings"]) <= 3
    assert 'href="03-amount.html"' in page
    for said in about["findings"]:
        assert said["text"]["zh-Hant"] and said["evidence_text"]["en"]


def test_a_picture_has_words_for_who_cannot_see_it(world: World) -> None:
    for path in all_pages(world):
        for tag, attributes in Seen(path.read_text(encoding="utf-8")).tags:
            assert tag != "img" or attributes["alt"].strip()


def test_the_executed_notebook_keeps_one_language_and_no_times(world: World) -> None:
    path = world.report / "notebooks" / "03-amount.ipynb"
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    text = path.read_text(encoding="utf-8")
    assert "papermill" not in text and "ipykernel_" not in text and "start_time" not in text
    prose = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    assert "我的軟體說明" in prose and not any("How" in source for source in prose)
    given = next(c.source for c in notebook.cells if "injected-parameters" in c.metadata.tags)
    assert 'store = "good"' in given and 'as_of = "2026-03-23"' in given and "data" not in given
    counts = [c.execution_count for c in notebook.cells if c.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


# ---------------------------------------------------------------- the user's mistakes


@pytest.mark.parametrize(
    ("stores", "options", "said"),
    [
        (["nobody"], {}, "no shop 'nobody'"),
        (["good"], {"as_of": "2026-02-30"}, "2026-02-30"),
        (["good"], {"as_of": "2019-01-01"}, "before the first order"),
        (["good"], {"lang": "klingon"}, "no language 'klingon'"),
        (["good"], {"notebooks": "/nowhere"}, "no notebooks"),
    ],
)
def test_a_mistake_is_said_in_one_line_and_changes_nothing(
    world: World, tmp_path: Path, stores: list[str], options: dict, said: str
) -> None:
    given = {"data": world.data, "out": tmp_path / "new", "notebooks": world.notebooks, **options}
    with pytest.raises(InputError) as caught:
        make_reports(stores, **given)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert not (tmp_path / "new").exists()


def test_two_runs_do_not_share_a_folder(world: World) -> None:
    from filelock import FileLock

    with FileLock(world.out / ".lock"), pytest.raises(InputError, match="another run"):
        world.make(["good"])


def test_what_a_killed_run_left_is_put_right(tmp_path: Path) -> None:
    (tmp_path / "a" / ".2026-01-01.new" / "notebooks").mkdir(parents=True)
    (tmp_path / "a" / ".2026-01-01.old").mkdir()
    (tmp_path / "b" / ".2026-01-01.old").mkdir(parents=True)
    (tmp_path / "b" / "2026-01-01").mkdir()
    sweep(tmp_path)
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["2026-01-01"], (
        "the report about to be replaced is back"
    )
    assert [p.name for p in (tmp_path / "b").iterdir()] == ["2026-01-01"]


# ---------------------------------------------------------------- workers


def test_a_worker_that_dies_takes_only_its_job_with_it(tmp_path: Path) -> None:
    source = write_notebook(
        tmp_path / "01-long.ipynb", cell("code", "import time\nopen('begun', 'w')\ntime.sleep(60)")
    )
    job = {
        "job": "run_notebook",
        "source": str(source),
        "target": str(tmp_path / "x.ipynb"),
        "parameters": {},
    }
    with Workers(1) as workers:
        waiting = workers.submit({**job, "lang": "en", "folder": str(tmp_path)})
        ends = time.monotonic() + 120
        while not (tmp_path / "begun").exists():
            assert time.monotonic() < ends and not waiting.done()
            time.sleep(0.05)
        os.kill(workers._all[0].pid, signal.SIGKILL)
        assert waiting.result().reason == "the working process was ended by signal SIGKILL"
        answer = workers.submit(
            {"job": "open_shop", "store": "x", "as_of": None, "data": str(tmp_path)}
        ).result()
        assert answer.by_user and "no shop 'x'" in answer.reason


# ---------------------------------------------------------------- notebooks


def test_only_declared_parameters_are_passed() -> None:
    notebook = {
        "cells": [
            cell("code", "store: str = 'x'\nedges = []  # a # sign", "parameters"),
            cell("code", "lang = ''"),
        ]
    }
    assert notebooks.declared(notebook) == ["store", "edges"]


def test_a_notebook_run_twice_comes_out_the_same(tmp_path: Path) -> None:
    source = (
        cell("code", "n = 2", "parameters"),
        cell("code", "import warnings, os\nwarnings.warn('x')\nprint(hash('a'))\nn"),
        cell("code", "import numpy as np, pandas as pd\npd.DataFrame({'a': [n]})"),
    )
    path = write_notebook(tmp_path / "01-small.ipynb", *source)
    assert refresh_notebooks(folder=tmp_path, jobs=1) == ["01-small"]
    first = path.read_bytes()
    assert refresh_notebooks(folder=tmp_path, check=True, jobs=1) == []
    assert path.read_bytes() == first
    assert nbformat.read(path, 4).cells[1].outputs[-1]["data"]["text/plain"] == "2"
    write_notebook(tmp_path / "02-bad.ipynb", cell("code", "1 / 0"))
    with pytest.raises(InputError, match="02-bad does not run through: ZeroDivisionError"):
        refresh_notebooks(["02-bad"], folder=tmp_path)
    with pytest.raises(InputError, match="no notebook '09-x'"):
        refresh_notebooks(["09-x"], folder=tmp_path)


def test_live_widgets_leave_their_static_form() -> None:
    view = "application/vnd.jupyter.widget-view+json"
    output = {
        "output_type": "display_data",
        "metadata": {},
        "data": {view: {"model_id": "1f"}, "text/html": "<p>static</p>", "text/plain": "static"},
    }
    notebook = {"metadata": {"widgets": {"x": 1}}, "cells": [cell("code", "x") | {"outputs": [output]}]}
    clean = notebooks.cleaned(notebook)
    assert clean["cells"][0]["outputs"][0]["data"] == {"text/html": "<p>static</p>", "text/plain": "static"}
    assert "widgets" not in clean["metadata"]


@pytest.mark.parametrize("text", ["not json", "[]", '{"nbformat": 3, "cells": []}'])
def test_a_file_that_is_no_notebook_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "01-x.ipynb"
    path.write_text(text)
    with pytest.raises(InputError, match=r"01-x\.ipynb is not a notebook"):
        notebooks.read(path)


# ---------------------------------------------------------------- small things


def shown(thing: object, png: str = "") -> dict:
    """An output as a notebook keeps it of something of ours."""
    data = thing._repr_mimebundle_() if png == "" else {"image/png": png, MIME: thing}
    return {"output_type": "execute_result", "data": data, "metadata": {}}


def a_result() -> pd.DataFrame:
    rows = pd.DataFrame(
        {"order_id": [str(n) for n in range(90)], "member_id": [f"m{n % 40}" for n in range(90)], "paid_amount": 50.0,
         "paid_at": pd.date_range("2026-01-01", periods=90), "status": "completed"}
    )  # fmt: skip
    return bands.amount_bands(store_from(rows))


def test_sections_follow_headings_and_drop_what_only_explains() -> None:
    result = a_result()
    made = content.content_of({"cells": [
        cell("markdown", "# T\n\nq *u*"),
        cell("markdown", "## One\n\nunder"),
        cell("code", "x") | {"outputs": [shown(tables.show(result))]},
        cell("markdown", "own words", "counted"),
        cell("code", "y", "reading") | {"outputs": [shown(findings.read(result))]},
        cell("markdown", "### Only words\n\nnothing found"),
    ]}, "zh")  # fmt: skip
    assert (made.title, made.question) == ("T", "<p>q <em>u</em></p>")
    assert [section.title for section in made.sections] == ["One"]
    kinds = [(block.kind, block.html) for block in made.sections[0].ordered]
    assert [kind for kind, _ in kinds] == ["finding", "table", "how", "note"]
    assert findings.read(result)[0].text("zh") in html.unescape(kinds[0][1])
    assert '<table class="memberlib">' in kinds[1][1] and 'style="--share:' in kinds[1][1]
    assert tables.how(result, "zh", alone=False) in html.unescape(kinds[2][1])
    pd.testing.assert_frame_equal(made.results[0], result)
    assert made.results[0].attrs == result.attrs


def test_what_others_put_into_a_notebook_is_shown_as_it_is() -> None:
    body = '<style>x</style><div class="theirs">5</div>'
    outputs = [{"output_type": "execute_result", "data": {"text/html": body}, "metadata": {}}]
    made = content.content_of({"cells": [cell("code", "x", "table") | {"outputs": outputs}]}, "en")
    assert [(block.kind, block.html) for block in made.sections[0].blocks] == [
        ("table", '<div class="theirs">5</div>')
    ]


def test_many_findings_do_not_hold_up_the_picture() -> None:
    one = findings.read(a_result())[0]
    many = findings.Findings([one] * 5)
    picture = {
        "shown": "picture",
        "about": '{"theme": "amount", "view": "bands"}',
        "title": "T",
        "alt": "<A> picture",
    }
    outputs = [shown(many), shown(picture, "iVBO")]
    made = content.content_of({"cells": [cell("code", "x", "reading") | {"outputs": outputs}]}, "en")
    [section] = made.sections
    assert [block.kind for block in section.ordered] == ["finding", "picture", "further"]
    assert [block.html.count('class="finding"') for block in section.ordered] == [3, 0, 2]
    assert 'alt="&lt;A&gt; picture"' in section.ordered[1].html
    assert [(one.theme, one.view) for one in made.pictures] == [("amount", "bands")]


def test_a_parameter_changes_the_front_page_with_its_own_page(world: World, tmp_path: Path) -> None:
    out = tmp_path / "out"
    given = {"edges": [1000]}
    make_reports(["good"], data=world.data, out=out, notebooks=world.notebooks, lang="en", given=given)
    [report] = out.glob("good/*/manifest.json")
    line = manifest.read(report)["summary"]["themes"]["amount"]["en"]
    assert line == "All members spend up to NT$1,000 per order on average"
    assert line in (report.parent / "index.html").read_text("utf-8")
    assert "up to NT$1,000" in (report.parent / "03-amount.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (InputError("no shop 'x'"), "no shop 'x'"),
        (ValueError(""), "ValueError"),
        (KeyError("a"), "KeyError: 'a'"),
        (
            OSError("first\nlast of /srv/a b/c/d.csv, as of 2026/06/30"),
            "OSError: last of /srv/a b/c/d.csv, as of 2026/06/30",
        ),
        (RuntimeError("\x1b[31mred\x1b[0m C:\\shop\\x.csv"), "RuntimeError: red x.csv"),
    ],
)
def test_a_reason_is_one_line_without_folders(error: Exception, reason: str) -> None:
    said = failures.reason_of(error)
    assert "\n" not in said and "/srv/" not in said.replace("/srv/a b", "")
    if "/srv/" not in reason:
        assert said == reason


def row(value: float | None, before: float | None, unit: str = "count") -> dict:
    change = None if not before or value is None else value / before - 1
    return {"figure": "amount", "value": value, "before": before, "change_share": change, "unit": unit}


@pytest.mark.parametrize(
    ("given", "way", "said"),
    [
        (row(110, 100), "up", "▲ 10.0%"),
        (row(90, 100), "down", "▼ 10.0%"),
        (row(100.01, 100), "quiet", "± 0.0%"),
        (row(5, None), "quiet", "no comparison"),
        (row(None, 4), "quiet", "no comparison"),
        (row(5, 0), "quiet", "no comparison"),
        (row(0.26, 0.24, "share"), "up", "▲ 2.0 points"),
        (row(0.0, 0.24, "share"), "down", "▼ 24.0 points"),
    ],
)
def test_a_change_is_said_with_its_way(given: dict, way: str, said: str) -> None:
    with i18n.speaking("en"):
        assert pages.changed(given) == (way, said)


def test_an_old_report_is_made_again_whatever_came_since(tmp_path: Path) -> None:
    """Also an import that comes while notebooks run takes nothing from a report: it stays with its version."""
    data, source = tmp_path / "data", tmp_path / "notebooks"
    data.mkdir()
    (data / "stores.toml").write_text(SETTINGS, encoding="utf-8")
    write_notebook(source / "03-amount.ipynb", *THEME)

    def made(out: str, **options: object) -> dict[str, bytes]:
        assert make_reports(["good"], data=data, out=tmp_path / out, notebooks=source, **options) == 0  # type: ignore[arg-type]
        return {
            p.name: p.read_bytes() for p in (tmp_path / out / "good" / "2026-03-23").rglob("*") if p.is_file()
        }

    text = orders("good")
    (tmp_path / "1.csv").write_text(text, encoding="utf-8")
    import_files([tmp_path / "1.csv"], "good", data=data)
    first = made("first")
    (tmp_path / "2.csv").write_text(text.replace(",20,completed", ",0,completed"), encoding="utf-8")
    import_files([tmp_path / "2.csv"], "good", data=data)
    assert made("now")["03-amount.html"] != first["03-amount.html"]
    assert made("again", at_version=1) == first
    with pytest.raises(InputError, match="has versions 1 to 2, not 3"):
        made("never", at_version=3)
    with pytest.raises(InputError, match="give one --store with --at-version"):
        make_reports(None, data=data, out=tmp_path / "never", at_version=1)


def test_names_stand_in_the_order_of_their_language() -> None:
    def ordered(lang: str, *names: str) -> list[str]:
        return sorted(names, key=lambda name: index._place(name, lang))

    assert ordered("zh", "中山", "安福", "北京") == ["安福", "北京", "中山"]
    assert ordered("zh-Hant", "龍門", "一心", "山嵐") == ["一心", "山嵐", "龍門"]
    assert ordered("en", "beta", "Alpha") == ["Alpha", "beta"]


def test_the_index_speaks_the_language_of_most_shops() -> None:
    assert index._most(["zh", "en", "zh"]) == "zh"
    assert index._most(["zh-Hant", "en"]) == "en"
    assert index._most([]) == "en"


def test_a_shop_named_like_markup_cannot_write_into_the_page(tmp_path: Path) -> None:
    wanted = {
        "code": {"version": "1", "digest": "d" * 16, "notebooks": "n"},
        "store": "x",
        "as_of": None,
        "lang": "en",
    }
    wanted |= {"data": {"version": 1, "digest": ""}, "settings": ""}
    index.write_index(
        tmp_path, [Shop("x", wanted, "failed", "<script>alert(1)</script>")], lang=None, known=["x"]
    )
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<script" not in page and "&lt;script&gt;" in page
