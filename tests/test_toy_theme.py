"""The theme of docs/themes.md, dropped into a folder, is found everywhere with no other file touched."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCKS = re.compile(r"^## `(?P<name>[^`]+)`$.*?^```\w+\n(?P<text>.*?)^```$", re.S | re.M)
SAMPLES = ROOT / "data" / "samples" / "course"


def notebook(text: str) -> dict:
    """A notebook from cells that begin with ``# %%`` and their tag."""
    cells = []
    for number, part in enumerate(text.split("# %% ")[1:]):
        tag, source = part.split("\n", 1)
        source = source.strip()
        if tag == "markdown":
            prose = "\n".join(line.removeprefix("# ").removeprefix("#") for line in source.split("\n"))
            chinese = "# 周末" if number == 0 else "## 哪天成交？"
            made = {"cell_type": "markdown", "metadata": {"prose": {"zh": chinese}}}
            cells.append({**made, "id": f"c{number}", "source": prose})
        else:
            made = {"cell_type": "code", "metadata": {"tags": [tag] if tag != "code" else []}, "outputs": []}
            cells.append({**made, "id": f"c{number}", "execution_count": None, "source": source})
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the theme, its notebook beside the first one, and a shop."""
    folder = tmp_path_factory.mktemp("toy")
    found = {
        one["name"]: one["text"] for one in BLOCKS.finditer((ROOT / "docs" / "themes.md").read_text("utf-8"))
    }
    assert set(found) == {"weekend/__init__.py", "weekend/words.toml", "notebooks/20-weekend.ipynb"}
    (folder / "themes" / "weekend").mkdir(parents=True)
    (folder / "notebooks").mkdir()
    for name in ("weekend/__init__.py", "weekend/words.toml"):
        (folder / "themes" / name).write_text(found[name], encoding="utf-8")
    book = json.dumps(notebook(found["notebooks/20-weekend.ipynb"]), ensure_ascii=False)
    (folder / "notebooks" / "20-weekend.ipynb").write_text(book, encoding="utf-8")
    shutil.copy(ROOT / "notebooks" / "00-start-here.ipynb", folder / "notebooks")
    files = [str(SAMPLES / f"{name}.csv") for name in ("orders", "items", "members")]
    ran = run(
        folder, "-m", "memberlib.cli", "import", *files, "--store", "course", "--data", str(folder / "data")
    )
    assert ran.returncode == 0, ran.stderr
    return folder


def run(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """This Python with the folder's themes."""
    own = {**os.environ, "MEMBERLIB_THEMES": str(folder / "themes"), "MEMBERLIB_LANG": "en", **environment}
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, env=own, cwd=ROOT, timeout=300
    )


def test_at_the_prompt(place: Path) -> None:
    data = ("--store", "course", "--data", str(place / "data"))
    assert "weekend" in run(place, "-m", "memberlib.cli", "table", "--help").stdout
    said = run(place, "-m", "memberlib.cli", "table", "weekend", "--help").stdout
    assert "--days" in said and "How many days back orders are counted." in said
    ran = run(place, "-m", "memberlib.cli", "table", "weekend", *data, "--days", "90", "--format", "csv")
    assert ran.stdout.splitlines()[0] == "weekday,order_count,order_share,amount", ran.stderr
    assert len(ran.stdout.splitlines()) == 8
    wrong = run(place, "-m", "memberlib.cli", "table", "weekend", *data, "--days", "soon")
    assert wrong.returncode == 2 and "days: 'soon' must be a whole number from 7 to 3650" in wrong.stderr


def test_under_a_control(place: Path) -> None:
    code = (
        "import sys; from memberlib import open_store, widgets;"
        "made = widgets.explore(open_store('course', data=sys.argv[1]), 'weekend');"
        "print(sorted(made.controls), made.result.attrs['view'])"
    )
    ran = run(place, "-c", code, str(place / "data"))
    assert ran.stdout.strip() == "['as_of', 'days'] days", ran.stderr


def test_in_a_notebook_on_its_page_and_on_the_front_page(place: Path) -> None:
    code = (
        "import sys; from memberlib.reports import make_reports;"
        "sys.exit(make_reports(['course'], data=sys.argv[1], out=sys.argv[2], notebooks=sys.argv[3], lang='en'))"
    )
    ran = run(place, "-c", code, *(str(place / name) for name in ("data", "reports", "notebooks")))
    assert ran.returncode == 0, ran.stderr
    [page] = (place / "reports").glob("course/*/20-weekend.html")
    assert "come at the weekend" in page.read_text("utf-8") or "come on a Saturday" in page.read_text("utf-8")
    front = (page.parent / "index.html").read_text("utf-8")
    assert 'href="20-weekend.html"' in front and ">Weekend<" in front and "at the weekend" in front
    executed = (page.parent / "notebooks" / "20-weekend.ipynb").read_text("utf-8")
    assert "application/vnd.memberlib.result+json" in executed


def test_in_the_reference(place: Path) -> None:
    ran = run(place, "docs/make.py", "--print")
    assert "memberlib table weekend" in ran.stdout, ran.stderr
    assert "weekend_share" in ran.stdout


def test_it_keeps_the_contract(place: Path) -> None:
    ran = run(
        place, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_contract.py", "-k", "weekend"
    )
    assert ran.returncode == 0 and " passed" in ran.stdout, ran.stdout[-3000:]
