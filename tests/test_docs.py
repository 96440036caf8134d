"""The documents say what there is: every command, option, setting and public function, and nothing else."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from memberlib.theme import View

ROOT = Path(__file__).parents[1]
NAMES = ("README.md", "CONTRIBUTING.md", "reports/README.md")
DOCS = [*sorted((ROOT / "docs").glob("*.md")), *(ROOT / name for name in NAMES)]
sys.path.insert(0, str(ROOT / "docs"))
make: Any = importlib.import_module("make")
sys.path.pop(0)


def test_what_is_made_is_up_to_date() -> None:
    ran = subprocess.run(
        [sys.executable, "docs/make.py", "--check"], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text("utf-8")):
        if not target.startswith(("http", "#")):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_names_in_the_documents_are_there(path: Path) -> None:
    for name in re.findall(r"`(memberlib(?:\.\w+)+)`", path.read_text("utf-8")):
        module, thing = name, None
        while True:
            try:
                thing = importlib.import_module(module)
                break
            except ModuleNotFoundError:
                module = module.rpartition(".")[0]
        for part in name[len(module) :].split(".")[1:]:
            thing = getattr(thing, part)


def public() -> list[Any]:
    found = []
    for name in make.MODULES:
        module = importlib.import_module(name)
        for one in getattr(module, "__all__", [n for n in vars(module) if not n.startswith("_")]):
            thing = getattr(module, one)
            own = hasattr(module, "__all__") or getattr(thing, "__module__", "") == name
            if inspect.isfunction(thing) and own and thing.__module__.startswith("memberlib"):
                found.append(pytest.param(thing, id=f"{name}.{one}"))
    return found


@pytest.mark.parametrize("function", public())
def test_a_public_function_says_what_it_does(function: Any) -> None:
    doc = inspect.getdoc(function) or ""
    assert doc.split("\n")[0].endswith("."), "the first line is a sentence"
    names = [p.name for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_KEYWORD]
    names = [name for name in names if name not in ("self", "store", "result", "args", "lang")]
    if "Parameters\n----------" in doc or isinstance(getattr(function, "view", None), View):
        for name in names:
            assert re.search(rf"\b{name}\b", doc), f"{name} is not described"
    else:
        assert len(names) <= 2, "so many parameters want a section of their own"


def test_every_command_and_option_is_listed() -> None:
    from typer import main

    from memberlib.cli import app

    said = (ROOT / "docs" / "commands.md").read_text("utf-8")
    seen = 0

    def walk(command: Any, name: str) -> None:
        nonlocal seen
        context = command.make_context(name.split()[-1], [], resilient_parsing=True)
        if hasattr(command, "list_commands"):
            for one in command.list_commands(context):
                walk(command.get_command(context, one), f"{name} {one}")
            return
        assert f"`{name}`" in said
        assert (command.help or "").strip(), name
        for option in command.params:
            seen += 1
            if option.param_type_name == "option" and "--help" not in option.opts:
                assert option.help, f"{name} {option.opts}"
                assert all(word in said for word in option.opts)

    walk(main.get_command(app), "memberlib")
    assert seen > 100
