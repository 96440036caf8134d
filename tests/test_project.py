"""Does the project keep what it says about itself: its dependencies, its layout, its notebooks?"""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import memberlib

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "memberlib"
MODULES = sorted(PACKAGE.rglob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
THEMES = sorted(path.parent.name for path in PACKAGE.glob("themes/*/words.toml"))
LONGEST = 600
"""Lines of a module from which on it surely answers more than one question."""
HEAVY = ("pandas", "numpy", "ibis", "duckdb", "deltalake", "pyarrow", "matplotlib", "seaborn", "ipywidgets")

# conda-forge's name → the name in pyproject.toml, where the two differ
CONDA_NAMES = {
    "ibis-duckdb": "ibis-framework[duckdb]",
    "matplotlib-base": "matplotlib",
    "psycopg": "psycopg[binary]",
    "pymysql": "pymysql[rsa]",
    "python-duckdb": "duckdb",
    "python-tzdata": "tzdata",
    "seaborn-base": "seaborn",
}


@cache
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def declared() -> dict[str, Requirement]:
    """Every dependency in pyproject.toml, those for development too."""
    texts = [*project()["dependencies"], *project()["optional-dependencies"]["dev"]]
    return {canonicalize_name(Requirement(text).name): Requirement(text) for text in texts}


@cache
def tracked() -> list[Path]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: which files are tracked is not known")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def tracked_texts() -> Iterator[tuple[Path, str]]:
    for path in tracked():
        content = path.read_bytes()
        if b"\0" not in content:
            yield path, content.decode("utf-8", errors="replace")


# --- dependencies ---------------------------------------------------------------------------------------


def test_conda_and_pip_are_given_the_same_dependencies() -> None:
    listed = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    from_conda = [entry for entry in listed if isinstance(entry, str)]
    from_pip = [text for entry in listed if isinstance(entry, dict) for text in entry["pip"]]
    stated = {}
    for text in from_conda + from_pip:
        name = re.match(r"[\w.-]+", text)[0]
        requirement = Requirement(CONDA_NAMES.get(name, name) + text.removeprefix(name))
        assert canonicalize_name(requirement.name) not in stated, f"{name} is listed twice"
        stated[canonicalize_name(requirement.name)] = (requirement.extras, requirement.specifier)
    assert stated.pop("python") == (set(), SpecifierSet(project()["requires-python"]))
    assert stated.pop("pip") == (set(), SpecifierSet())
    assert stated == {name: (wanted.extras, wanted.specifier) for name, wanted in declared().items()}


def extras() -> list[Requirement]:
    """What can be installed besides, for those who use it."""
    given = project()["optional-dependencies"]
    return [Requirement(text) for name, texts in given.items() if name != "dev" for text in texts]


def test_who_works_on_it_has_every_extra() -> None:
    listed = {canonicalize_name(Requirement(text).name): Requirement(text)
              for text in project()["optional-dependencies"]["dev"]}  # fmt: skip
    for extra in extras():
        assert listed.get(canonicalize_name(extra.name)) == extra


def test_every_dependency_has_a_bound() -> None:
    for name, requirement in declared().items():
        assert any(part.operator in (">=", "<") for part in requirement.specifier), name


# what needs no import: data, an application, fonts, and what analysts draw their own pictures with
UNIMPORTED = {"tzdata", "jupyterlab", "pylopdf-fonts-zh-cn", "seaborn"}
IMPORTED_AS = {"ibis-framework": "ibis", "ipython": "IPython", "pillow": "PIL"}


def test_what_the_package_imports_is_what_it_declares() -> None:
    imported = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                imported.add(node.module.split(".")[0])
    wanted = [Requirement(text) for text in project()["dependencies"]] + extras()
    names = {canonicalize_name(requirement.name) for requirement in wanted} - UNIMPORTED
    declared_modules = {IMPORTED_AS.get(name, name.replace("-", "_")) for name in names}
    assert imported - set(sys.stdlib_module_names) - {"memberlib"} == declared_modules


def locked() -> dict[str, list[tuple[str, int]]]:
    """Name → (version, number of hashes), read strictly: any other line in the lock is a failure."""
    found: dict[str, list[tuple[str, int]]] = {}
    name = ""
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if pin := re.fullmatch(r"([a-z0-9-]+)==([\w.+!]+)( ; [\w .*<>=!'()]+)? \\", line):
            name = pin[1]
            found.setdefault(name, []).append((pin[2], 0))
        else:
            assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line), f"in the lock: {line!r}"
            version, hashes = found[name][-1]
            found[name][-1] = (version, hashes + 1)
    return found


def test_the_lock_has_every_dependency_with_hashes() -> None:
    pins = locked()
    assert not [name for name, versions in pins.items() if any(hashes == 0 for _, hashes in versions)]
    for name, requirement in declared().items():
        assert name in pins, f"{name} is not in requirements.lock: run `make lock`"
        for version, _ in pins[name]:
            assert version in requirement.specifier, f"{name} {version}: run `make lock`"


def test_the_lock_names_no_place() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "/" not in text
    assert not re.search(r"--(?!hash=)|\.(com|org|net|io)\b|localhost", text)


# --- what is in the repository ---------------------------------------------------------------------------


def test_no_tracked_file_names_a_place_on_somebodys_machine() -> None:
    place = re.compile(r"(?<![\w.~/-])/(?:home|root|Users|work|tmp|var/folders|opt)/\w|[A-Z]:\\\\?Users\\")
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}…"
        for path, text in tracked_texts()
        if path != Path(__file__) and (match := place.search(text) or re.search(re.escape(str(ROOT)), text))
    ]
    assert not found


def test_the_sample_exports_are_small() -> None:
    size = sum(path.stat().st_size for path in (ROOT / "data" / "samples").rglob("*") if path.is_file())
    assert 100_000 < size <= 4_000_000


def test_the_changelog_knows_this_version() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert memberlib.__version__ in headings


def test_make_help_lists_every_target() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)[1].split())
    targets = set(re.findall(r"^([a-z]+):", text, re.MULTILINE))
    explained = set(re.findall(r"^([a-z]+):.*## \S", text, re.MULTILINE))
    assert phony == targets == explained


def test_a_built_wheel_has_every_file_of_the_package_and_no_other(tmp_path: Path) -> None:
    copy = tmp_path / "source"
    for name in ("memberlib", "samples", "bench", "real", "tests", "etc"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    build = "from setuptools.build_meta import build_wheel; build_wheel('.')"
    subprocess.run([sys.executable, "-c", build], cwd=copy, check=True, capture_output=True)
    [wheel] = copy.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    [extension] = {name for name in packed if ".data/data/etc/jupyter/" in name}
    packed -= {extension}
    written = {path.relative_to(ROOT).as_posix() for path in PACKAGE.rglob("*") if path.is_file()}
    assert packed == {name for name in written if "__pycache__" not in name and "/." not in name}


# --- modules ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("imported", ["memberlib", "memberlib.cli"])
def test_importing_is_light(imported: str) -> None:
    code = f"import sys, {imported}; print([name for name in {HEAVY!r} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ran.stdout.strip() == "[]"


def test_help_is_light() -> None:
    code = (
        "import sys\nfrom memberlib.cli import main\n"
        f"try:\n    main(['--help'])\nfinally:\n    print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip().endswith("[]")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_is_short_and_named_for_its_question(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST
    assert not {path.stem, *path.relative_to(PACKAGE).parts} & {"utils", "util", "common", "helpers", "base"}
    assert not text.strip() or ast.get_docstring(ast.parse(text)), "a module says which question it answers"


PLACES = ("memberlib.charts.sheet.Sheet.", "memberlib.charts.letters.")
"""Where parameters are a place and a size, or those of matplotlib's own methods."""


def public_functions() -> list[tuple[str, ast.FunctionDef, bool]]:
    """(where, function, is a method) for each public function and method of the package."""
    found = []
    for path in MODULES:
        if any(part.startswith("_") and part != "__init__.py" for part in path.relative_to(PACKAGE).parts):
            continue
        module = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                found.append((f"{module}.{node.name}", node, False))
            elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                methods = [child for child in node.body if isinstance(child, ast.FunctionDef)]
                found += [(f"{module}.{node.name}.{child.name}", child, True) for child in methods]
    return [entry for entry in found if not entry[1].name.startswith("_")]


def is_command(node: ast.FunctionDef) -> bool:
    """Is it a command of the command line, whose parameters are options and always given by name?"""
    calls = [mark.func for mark in node.decorator_list if isinstance(mark, ast.Call)]
    return any(isinstance(call, ast.Attribute) and call.attr == "command" for call in calls)


FUNCTIONS = public_functions()


@pytest.mark.parametrize(("where", "node", "method"), FUNCTIONS, ids=[entry[0] for entry in FUNCTIONS])
def test_a_public_function_has_few_positional_parameters_and_says_what_it_does(
    where: str, node: ast.FunctionDef, method: bool
) -> None:
    static = any(isinstance(mark, ast.Name) and mark.id == "staticmethod" for mark in node.decorator_list)
    positional = len(node.args.posonlyargs + node.args.args) - (method and not static)
    assert positional <= 3 or is_command(node) or where.startswith(PLACES)
    said = ast.get_docstring(node)
    assert said, "no docstring"
    if "@theme.view" in "".join(f"@{ast.unparse(mark)}" for mark in node.decorator_list):
        assert re.search(r"^Examples\n-{8}$", said, re.MULTILINE), "no Examples section"


@pytest.mark.parametrize("name", THEMES)
def test_a_theme_has_its_test(name: str) -> None:
    assert (ROOT / "tests" / "themes" / f"test_{name}.py").is_file()


# --- notebooks -------------------------------------------------------------------------------------------


def test_there_is_a_notebook_for_each_theme() -> None:
    names = [path.stem for path in NOTEBOOKS]
    assert names == ["00-start-here", "01-level", "02-time", "03-amount", "04-count", "05-rfm"]


def cells(path: Path, kind: str) -> list[dict]:
    every = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in every if cell["cell_type"] == kind]


def source(cell: dict) -> str:
    return "".join(cell["source"])


def tags(cell: dict) -> list[str]:
    return cell["metadata"].get("tags", [])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestNotebook:
    def test_it_is_of_a_size_to_read(self, path: Path) -> None:
        count = len(cells(path, "code")) + len(cells(path, "markdown"))
        assert (3 if path.stem.startswith("00") else 15) <= count <= 40
        for cell in cells(path, "code") + cells(path, "markdown"):
            assert len(source(cell).splitlines()) <= 10, source(cell)

    def test_it_calls_and_defines_nothing(self, path: Path) -> None:
        for cell in cells(path, "code"):
            kinds = (ast.FunctionDef, ast.ClassDef, ast.Lambda)
            assert not any(isinstance(node, kinds) for node in ast.walk(ast.parse(source(cell)))), source(
                cell
            )

    def test_its_parameters_are_plain_and_explained(self, path: Path) -> None:
        [cell] = [cell for cell in cells(path, "code") if "parameters" in tags(cell)]
        for line in source(cell).splitlines():
            assert re.fullmatch(r"\w+(: [\w ]+)? = [^#]+  # \S.*", line), line

    def test_it_was_run_from_top_to_bottom_without_an_error(self, path: Path) -> None:
        code = cells(path, "code")
        assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
        outputs = [output for cell in code for output in cell["outputs"]]
        assert outputs
        assert not [output for output in outputs if output["output_type"] == "error"]
        assert not [output for output in outputs if output.get("name") == "stderr"]

    def test_its_prose_stands_in_chinese_and_in_english(self, path: Path) -> None:
        for cell in cells(path, "markdown"):
            chinese = cell["metadata"]["prose"]["zh"]
            assert re.search(r"[\u4e00-\u9fff]", chinese), source(cell)
            assert not re.search(r"[\u4e00-\u9fff]", source(cell)), source(cell)
            assert chinese.count("#") == source(cell).count("#"), "the same headings"
