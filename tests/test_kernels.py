"""Notebooks in forks of a warm process: as good as a kernel of their own, nothing left behind, none left over."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest.mock
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from papermill.engines import NBClientEngine
from papermill.iorw import load_notebook_node

from memberlib.kernels import can_be_warm
from memberlib.kernels.cold import kernel_manager
from memberlib.reports import notebooks
from memberlib.reports.failures import reason_of, story_of

pytestmark = pytest.mark.skipif(not can_be_warm(), reason="kernels start cold here")

if can_be_warm():
    from memberlib.kernels import engine, forkserver

PROJECT = notebooks.find_notebooks()
TRIAL = os.environ.get("MEMBERLIB_DATA")  # where `make test` keeps the sample shops


@pytest.fixture(scope="module", autouse=True)
def one_server() -> Iterator[None]:
    forkserver.open_server()
    yield
    forkserver.close_server()


def written(*sources: str, tags: dict[int, list[str]] | None = None) -> dict[str, Any]:
    cells = [new_code_cell(source, id=f"c{n}") for n, source in enumerate(sources)]
    for place, names in (tags or {}).items():
        cells[place].metadata["tags"] = names
    return json.loads(json.dumps(new_notebook(cells=cells)))


def warm(notebook: dict[str, Any], folder: Path, **parameters: Any) -> dict[str, Any]:
    return notebooks.run(notebook, parameters, folder=folder)


def stock(notebook: dict[str, Any], folder: Path, **parameters: Any) -> dict[str, Any]:
    before = os.environ.get("MEMBERLIB_WARM")
    os.environ["MEMBERLIB_WARM"] = "0"
    try:
        with unittest.mock.patch.object(notebooks, "CELL_SECONDS", 60):
            return again(lambda: notebooks.run(notebook, parameters, folder=folder))
    finally:
        if before is None:
            del os.environ["MEMBERLIB_WARM"]
        else:
            os.environ["MEMBERLIB_WARM"] = before


def again(run: Callable[[], Any]) -> Any:
    """What papermill's own engine gives: now and then it waits for a message that does not come."""
    for _ in range(2):
        with contextlib.suppress(CellTimeoutError):
            return run()
    return run()


def outputs(notebook: dict[str, Any]) -> list[Any]:
    return [(c["execution_count"], c["outputs"]) for c in notebook["cells"] if c["cell_type"] == "code"]


def printed(notebook: dict[str, Any]) -> str:
    return "".join(o.get("text", "") for _, made in outputs(notebook) for o in made).strip()


# --- as good as papermill's own engine -------------------------------------------------------------------


@pytest.mark.parametrize("path", PROJECT, ids=[path.stem for path in PROJECT])
def test_every_notebook_gives_what_the_stock_engine_gives(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if TRIAL:
        monkeypatch.setenv("MEMBERLIB_DATA", TRIAL)
    notebook = notebooks.read(path)
    ours, theirs = (outputs(run(notebook, path.parent)) for run in (warm, stock))
    assert ours == theirs
    assert any(made for _, made in ours)


EVERYTHING = (
    "import sys, os, pandas as pd\nprint('a')\nprint('b', file=sys.stderr)\nprint('c')",
    "pd.DataFrame({f'c{n}': [n] for n in range(30)})",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n7",
    "from IPython.display import display, clear_output, HTML, Markdown, Image\n"
    "h = display(HTML('<b>1</b>'), display_id='x')\nh.update(HTML('<b>2</b>'))",
    "print('gone')\nclear_output()\nprint('kept')",
    "display(Markdown('# later'), display_id='y')",
    "from IPython.display import update_display\nupdate_display(Markdown('# now'), display_id='y')",
    "1 / 0",
    "input('?')",
    "import asyncio\nawait asyncio.sleep(0)\n'awaited'",
    "asyncio.run(asyncio.sleep(0))",
    "%time_it_is_not",
    "!echo from a shell",
    "_ih[1][:3], In[2][:2], Out[2].shape, _2.shape",
    "x = 5;",
    "import warnings\nwarnings.warn('careful')",
    "import ipywidgets as w\nout = w.Output()\nwith out:\n    print('in a widget')\nlen(out.outputs)",
    "print('\\udc80 \\x1b[1mbold\\x1b[0m 茶')",
    "float('nan'), {'b': 1, 'a': 2}",
    "hash('a'), os.environ['MPLBACKEND'], sys.argv[0].split('/')[-1].split('.')[0], sys.path[0], __name__",
    "get_ipython().kernel is not None, pd.get_option('display.max_columns')",
    "def f(:",
    "class C:\n    def _repr_html_(self): raise ValueError('no')\nC() and None\nC().__class__.__name__",
    "raise SystemExit",
    "%%bash\necho from bash; echo wrong >&2",
    "%whos int",
    "import os, signal, time\ntry:\n    os.kill(os.getpid(), signal.SIGINT); time.sleep(1)\n"
    "except KeyboardInterrupt: print('interrupted')",
    "%store x\n%store",
    "from multiprocessing import get_context\nwith get_context('fork').Pool(1) as pool:\n"
    "    print(pool.map(len, ['ab']))",
    "sys.stdout.name, sys.stdout.encoding, sys.stdout.errors, sys.stdout.isatty()",
)  # fmt: skip


def test_whatever_a_cell_says_comes_out_as_from_the_stock_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # papermill itself ends on an error that a tag allows, so the engines are asked without it
    monkeypatch.chdir(tmp_path)
    ours, theirs = everything(engine.WarmEngine), again(lambda: everything(NBClientEngine))
    for source, mine, wanted in zip(EVERYTHING, ours, theirs, strict=True):
        assert mine == wanted, source


def everything(run: Any) -> list[Any]:
    tags = {n: ["raises-exception"] for n in range(len(EVERYTHING))}
    notebook = load_notebook_node(nbformat.from_dict(written(*EVERYTHING, tags=tags)))
    with tempfile.TemporaryDirectory() as home:
        own = {"kernel_manager_class": kernel_manager(Path(home)), "shutdown_kernel": "immediate"}
        run.execute_notebook(notebook, "python3", progress_bar=False, timeout=40, **own)
    return outputs(notebooks.cleaned(json.loads(json.dumps(notebook))))


def test_what_is_written_past_python_is_kept_too(tmp_path: Path) -> None:
    source = (
        "import os\nprint(1)\n_ = os.write(1, b'from C\\n')\nprint(2)\n"
        "_ = os.system('echo from a program')\nprint(3)"
    )
    made = warm(written(source), tmp_path)
    assert printed(made).split("\n") == ["1", "from C", "2", "from a program", "3"]


def test_a_widget_that_collects_much_does_not_stand_in_the_way(tmp_path: Path) -> None:
    source = (
        "import ipywidgets as w\nfrom IPython.display import display\nout = w.Output()\n"
        "with out:\n    for i in range(300): display({'i': i, 'x': 'y' * 100})"
    )
    assert printed(warm(written(source, "print(len(out.outputs))"), tmp_path)) == "300"


def test_a_cell_may_close_its_outputs(tmp_path: Path) -> None:
    made = warm(written("import os, sys\nos.close(1)", "1 + 1"), tmp_path)
    assert outputs(made)[1][1][0]["data"] == {"text/plain": "2"}


def test_files_of_the_asker_stand_for_no_module_and_its_mask_holds(tmp_path: Path) -> None:
    (tmp_path / "random.py").write_text("raise SystemExit('not this one')")
    made = "import os; open('made', 'w').close(); print(oct(os.stat('made').st_mode & 0o777))"
    script = (
        "import sys, os\nsys.path.pop(0)\nfrom memberlib.reports import notebooks\nfrom pathlib import Path\n"
        "os.umask(0o077)\n"
        f"cell = dict(cell_type='code', id='a', metadata={{}}, source={made!r}, outputs=[], execution_count=None)\n"
        "done = notebooks.run(dict(nbformat=4, nbformat_minor=5, metadata={}, cells=[cell]), {}, folder=Path.cwd())\n"
        "print(done['cells'][0]['outputs'][0]['text'])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, text=True, capture_output=True, check=False
    )
    assert ran.stdout.strip() == "0o600", ran.stderr


def test_a_flood_of_words_comes_through_whole(tmp_path: Path) -> None:
    made = warm(written("for n in range(300_000): print(n)"), tmp_path)
    text = "".join(o["text"] for o in made["cells"][0]["outputs"])
    assert text == "".join(f"{n}\n" for n in range(300_000))


def test_the_first_error_ends_the_notebook(tmp_path: Path) -> None:
    with pytest.raises(papermill.PapermillExecutionError) as raised:
        warm(written("1", "raise ValueError('here')", "open('after', 'w')"), tmp_path)
    assert (raised.value.ename, raised.value.evalue) == ("ValueError", "here")
    assert not (tmp_path / "after").exists()


def test_a_cell_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebooks, "CELL_SECONDS", 1)
    source = "import subprocess, os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(60)"
    with pytest.raises(CellTimeoutError):
        warm(written(source), tmp_path)
    assert gone(int((tmp_path / "pid").read_text()))


# --- papermill's own ways in -----------------------------------------------------------------------------


def test_papermill_finds_the_engine_by_its_name(tmp_path: Path) -> None:
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# A count"),
            new_code_cell("count = 1  # how many", metadata={"tags": ["parameters"]}),
            new_code_cell(
                "import os\nprint(count * 2, os.getcwd(), 'memberlib.charts' in __import__('sys').modules)"
            ),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, tmp_path / "in.ipynb")
    (tmp_path / "work").mkdir()
    command = [sys.executable, "-m", "papermill", "--engine", "memberlib", "in.ipynb", "out.ipynb", "-p", "count", "21",
               "--cwd", "work", "--no-progress-bar"]  # fmt: skip
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    made = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert made.cells[-1].outputs[0].text == f"42 {tmp_path / 'work'} True\n"
    assert made.metadata.papermill.exception is None
    assert made.metadata.language_info.name == "python"


def test_a_notebook_of_another_language_goes_to_the_stock_engine(tmp_path: Path) -> None:
    kernel = {"name": "no-such-r", "display_name": "R", "language": "R"}
    notebook = new_notebook(cells=[new_code_cell("1")], metadata={"kernelspec": kernel})
    with pytest.raises(Exception, match="no-such-r"):
        papermill.execute_notebook(notebook, None, engine_name=engine.register(), progress_bar=False)


# --- nothing leaks ---------------------------------------------------------------------------------------

LOOK = """
import asyncio, builtins, gc, json, locale, logging, os, random, resource, signal, sys, threading, time, warnings
import duckdb, ibis, matplotlib as mpl, matplotlib.pyplot as plt, numpy as np, pandas as pd
from memberlib import i18n
print(json.dumps({
    "environment": sorted(pair for pair in os.environ.items() if pair[0] != "IPYTHONDIR"),
    "kept by IPython": [os.listdir(os.environ["IPYTHONDIR"]), get_ipython().db.get("stain"), get_ipython().db.keys()],
    "folder": os.getcwd(),
    "names": sorted(n for n in globals() if not n.startswith("_")),
    "options of pandas": [pd.get_option("display.max_rows"), pd.get_option("display.precision")],
    "rcParams": [mpl.rcParams["font.size"], mpl.rcParams["axes.facecolor"], mpl.get_backend()],
    "figures": plt.get_fignums(),
    "options of numpy": np.get_printoptions()["precision"],
    "backend of ibis": repr(ibis.options.default_backend),
    "language": i18n.language(),
    "modules": [hasattr(pd, "stain"), hasattr(builtins, "stain"), "stain" in sys.modules],
    "path": sys.path[:2],
    "warnings": len(warnings.filters),
    "locale": locale.setlocale(locale.LC_ALL),
    "zone": time.tzname,
    "recursion": sys.getrecursionlimit(),
    "mask": oct(os.umask(0o22)),
    "signals": str(signal.getsignal(signal.SIGUSR1)),
    "log": [logging.getLogger().level, len(logging.getLogger().handlers)],
    "threads": [t.name for t in threading.enumerate()],
    "files": len(os.listdir("/proc/self/fd")),
    "open at most": resource.getrlimit(resource.RLIMIT_NOFILE),
    "tables": duckdb.sql("SHOW TABLES").fetchall(),
    "collector": [gc.isenabled(), gc.get_threshold()],
}, default=str))
"""
STAIN = """
import builtins, gc, locale, logging, os, random, resource, signal, sys, threading, time, types, warnings, subprocess
import duckdb, ibis, matplotlib as mpl, matplotlib.pyplot as plt, numpy as np, pandas as pd
from memberlib import i18n
os.environ["STAIN"], os.environ["TZ"] = "1", "Asia/Tokyo"
time.tzset(); os.chdir("/"); os.umask(0)
pd.set_option("display.max_rows", 3); pd.set_option("display.precision", 1); pd.stain = builtins.stain = stain = 1
mpl.rcParams["font.size"] = 3; mpl.rcParams["axes.facecolor"] = "red"; plt.figure(); mpl.use("svg")
np.set_printoptions(precision=1)
ibis.options.interactive = True; ibis.set_backend("duckdb")
i18n.set_language("zh-Hant"); sys.modules["stain"] = types.ModuleType("stain"); sys.path.insert(0, "/stain")
warnings.simplefilter("error"); locale.setlocale(locale.LC_ALL, "C.UTF-8"); sys.setrecursionlimit(12345)
signal.signal(signal.SIGUSR1, signal.SIG_IGN); logging.basicConfig(level=1, force=True)
threading.Thread(target=time.sleep, args=(600,), daemon=True, name="stain").start()
kept = [open("/dev/null") for _ in range(50)]; resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
duckdb.sql("CREATE TABLE stain (a INT)"); gc.disable(); gc.set_threshold(7)
random.seed(1); np.random.seed(1)
get_ipython().db["stain"] = 1
get_ipython().run_line_magic("bookmark", "stain /tmp")
open(os.environ["IPYTHONDIR"] + "/stain", "w").close()
ballast = np.ones(40_000_000)
left = subprocess.Popen(["sleep", "600"])
import memberlib.results
memberlib.results.stain = 1
print(os.getpid(), left.pid, random.random(), np.random.random(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
DRAW = """
import random, numpy, resource
print(random.random(), numpy.random.random(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_nothing_leaks_from_one_notebook_to_the_next(tmp_path: Path) -> None:
    before = json.loads(printed(warm(written(LOOK), tmp_path)))
    pid, child, *drawn, large = printed(warm(written(STAIN), tmp_path)).split()[-5:]
    after = json.loads(printed(warm(written(LOOK), tmp_path)))
    assert after == before
    assert before["folder"] == str(tmp_path) and not before["threads"][1:]
    one, two = (printed(warm(written(DRAW), tmp_path)).split() for _ in range(2))
    # What is drawn without a seed is nobody else's, and 320 MB are gone with their notebook.
    assert len({*drawn, *one[:2], *two[:2]}) == 6
    assert int(one[2]) < int(large) - 250_000
    assert gone(int(pid)) and gone(int(child))


def test_a_notebook_sees_what_a_kernel_of_its_own_would(tmp_path: Path) -> None:
    ours, theirs = (json.loads(printed(run(written(LOOK), tmp_path))) for run in (warm, stock))
    for given in (ours, theirs):
        # A kernel with sockets has threads and files for them, and a folder of IPython's for its profile;
        # what a fork server imports besides may add filters of warnings of its own.
        del given["threads"], given["files"], given["warnings"], given["kept by IPython"]
        given["environment"] = [
            pair for pair in given["environment"] if pair[0] not in ("MEMBERLIB_WARM", "JPY_PARENT_PID",
                                                                     "PYDEVD_USE_FRAME_EVAL")
        ]  # fmt: skip
    assert ours == theirs


# --- crashes, and none left over -------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["os._exit(5)", "os.kill(os.getpid(), 11)", "os.kill(os.getpid(), 9)"])
def test_a_notebook_that_dies_takes_no_other_with_it(tmp_path: Path, end: str) -> None:
    with pytest.raises(DeadKernelError) as raised:
        warm(written("import os", end, "open('after', 'w')"), tmp_path)
    assert reason_of(raised.value) == "the kernel died"
    if "11" in end:
        assert "Segmentation fault" in story_of(raised.value)
    assert printed(warm(written("print('alive')"), tmp_path)) == "alive"


def test_a_server_that_is_killed_takes_its_forks_along_and_is_replaced(tmp_path: Path) -> None:
    killed = forkserver.open_server().pid
    fork = forkserver.fork(os.environ, str(tmp_path))
    os.kill(killed, signal.SIGKILL)
    assert gone(fork.pid)
    fork.end()
    assert int(printed(warm(written("import os\nprint(os.getppid())"), tmp_path))) != killed


def test_a_server_and_its_forks_end_with_who_asked_for_them(tmp_path: Path) -> None:
    script = (
        "import os, sys\nfrom memberlib.kernels import forkserver\n"
        "fork = forkserver.fork(os.environ, sys.argv[1])\n"
        "line = forkserver.open_server().another_line()\n"
        "other = forkserver.ForkServer(line).start(os.environ, sys.argv[1])\n"
        "third = forkserver.ForkServer(forkserver.open_server().another_line()).start(os.environ, sys.argv[1])\n"
        "line.close()\n"
        "print(forkserver.open_server().pid, fork.pid, third.pid, other.pid, flush=True)\ninput()"
    )
    asker = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    mother, fork, third, other = map(int, asker.stdout.readline().split())
    # What was forked for a line that was closed ends; what was forked for others goes on.
    assert gone(other) and runs(fork) and runs(third) and runs(mother)
    asker.kill()
    assert gone(fork) and gone(third) and gone(mother)
    asker.communicate()


def gone(pid: int) -> bool:
    ends = time.monotonic() + 20
    while time.monotonic() < ends and runs(pid):
        time.sleep(0.02)
    return not runs(pid)


def runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_the_notebook_that_was_given_is_not_changed(tmp_path: Path) -> None:
    notebook = written("x = 1\nx")
    before = copy.deepcopy(notebook)
    warm(notebook, tmp_path)
    assert notebook == before
