"""Kernels forked from a nursery: as good as cold ones, each on its own, and gone when they are not needed."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from memberlib.kernels import can_be_warm
from memberlib.reports.lanes import Answer, Lanes

pytestmark = pytest.mark.skipif(not can_be_warm(), reason="kernels start cold here")


def run(lanes: Lanes, folder: Path, *sources: str) -> Answer:
    cells = [
        {
            "cell_type": "code",
            "id": f"c{n}",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for n, source in enumerate(sources)
    ]
    path = folder / "00-x.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
    return lanes.submit({"job": "refresh_notebook", "source": str(path)}).result()


def printed(answer: Answer) -> str:
    assert answer.ok, answer.story
    cells = json.loads(answer.value)["cells"]
    return "".join("".join(o.get("text", "")) for c in cells for o in c["outputs"]).strip()


@pytest.fixture(scope="module")
def lanes():
    with Lanes(1) as one:
        yield one


def test_a_warm_kernel_gives_what_a_cold_one_gives(lanes: Lanes, tmp_path: Path) -> None:
    sources = (
        "import pandas as pd, os, sys\npd.DataFrame({f'c{n}': [n] for n in range(30)})",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
        "print(hash('a'), os.environ['MPLBACKEND'], sys.argv[0].split('/')[-1].split('.')[0], sys.path[0], __name__)",
        "get_ipython().kernel is not None, pd.get_option('display.max_columns')",
    )
    warm = run(lanes, tmp_path, *sources)
    with Lanes(1, {"MEMBERLIB_WARM": "0"}) as cold_lanes:
        cold = run(cold_lanes, tmp_path, *sources)
    assert warm.ok and cold.ok and "image/png" in warm.value
    assert warm.value == cold.value


def test_nothing_leaks_from_one_notebook_to_the_next(lanes: Lanes, tmp_path: Path) -> None:
    stained = (
        "import os, pandas, memberlib\nfrom memberlib import i18n\nfrom pathlib import Path\n"
        "os.environ['STAIN'] = '1'\npandas.stain = 1\ni18n.set_language('zh')\n"
        "os.chdir('/')\nPath.home().exists()\nstain = 1"
    )
    assert run(lanes, tmp_path, stained).ok
    asked = (
        "import os, pandas\nfrom memberlib import i18n\n"
        "print('STAIN' in os.environ, hasattr(pandas, 'stain'), 'stain' in globals(), i18n.language(), os.getcwd())"
    )
    assert printed(run(lanes, tmp_path, asked)) == f"False False False en {tmp_path}"


@pytest.mark.parametrize("end", ["os._exit(5)", "os.kill(os.getpid(), 11)"])
def test_a_kernel_that_dies_takes_no_other_with_it(lanes: Lanes, tmp_path: Path, end: str) -> None:
    assert run(lanes, tmp_path, f"import os\n{end}").reason == "the kernel died"
    assert printed(run(lanes, tmp_path, "print('alive')")) == "alive"


def test_a_kernel_does_not_outlive_its_notebook(lanes: Lanes, tmp_path: Path) -> None:
    answer = run(lanes, tmp_path, "import os\nprint(os.getpid(), os.getppid())")
    kernel, nursery = map(int, printed(answer).split())
    ends = time.monotonic() + 20
    while time.monotonic() < ends and _runs(kernel):
        time.sleep(0.05)
    assert not _runs(kernel)
    assert _runs(nursery)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_a_nursery_ends_with_its_lane(tmp_path: Path) -> None:
    with Lanes(1) as lanes:
        nursery = int(printed(run(lanes, tmp_path, "import os\nprint(os.getppid())")))
        assert _runs(nursery) and nursery != os.getpid()
    ends = time.monotonic() + 20
    while time.monotonic() < ends and _runs(nursery):
        time.sleep(0.05)
    assert not _runs(nursery)
