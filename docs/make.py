"""Make the reference: commands, settings, words and limits into docs/*.md, functions and classes into build/docs.

    python docs/make.py            write docs/commands.md, the made parts of the other documents, and build/docs
    python docs/make.py --check    change nothing; status 1 where docs/*.md would change
    python docs/make.py --print    print what docs/*.md would hold

Commands come from their own help, functions from their docstrings (by pdoc), words and limits from the files that the
program reads. The pages in build/docs need no network.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("COLUMNS", "100")
DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
MODULES = (
    "memberlib", "memberlib.bands", "memberlib.calendar", "memberlib.charts", "memberlib.figures", "memberlib.findings",
    "memberlib.i18n", "memberlib.imports", "memberlib.indicators", "memberlib.lake", "memberlib.levels",
    "memberlib.results", "memberlib.rfm", "memberlib.settings", "memberlib.store", "memberlib.tables",
    "memberlib.theme", "memberlib.themes", "memberlib.widgets",
)  # fmt: skip
LANGUAGES = ("en", "zh", "zh-Hant")


def commands() -> str:
    """Every command and sub-command with its options, as their help says it."""
    from typer import cli as typer_cli
    from typer import main

    from memberlib.cli import app

    command = main.get_command(app)
    context = command.make_context("memberlib", [], resilient_parsing=True)
    said = typer_cli.get_docs_for_click(obj=command, ctx=context, name="memberlib", title="Commands")
    return re.sub(r"\n{3,}", "\n\n", said).strip() + "\n"


def settings() -> str:
    """What a shop may decide in ``stores.toml``: name, default, meaning."""
    from memberlib.settings import Settings

    told = _attributes(inspect.getdoc(Settings) or "")
    rows = []
    for name in Settings.__dataclass_fields__:
        default = getattr(Settings(), name)
        shown = f"`{default!r}`" if default not in ((), {}, None, "") else "–"
        rows.append(f"| `{name}` | {shown} | {told.get(name, '')} |")
        assert told.get(name), f"the setting {name} is not described in Settings"
    return "| setting | default | |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def _attributes(doc: str) -> dict[str, str]:
    """Name → meaning of a numpydoc section of attributes."""
    section = doc.split("Attributes\n----------\n", 1)[-1]
    found: dict[str, str] = {}
    for names, text in re.findall(r"^([a-z_, ]+) : .*\n((?:[ ]{4}.*\n?)+)", section + "\n", re.M):
        for name in names.split(","):
            found[name.strip()] = " ".join(text.split())
    return found


def measures() -> str:
    """Every column of every view in three languages, with its unit."""
    from memberlib import i18n
    from memberlib.figures import figure

    labels = [key.removeprefix("label.") for key in i18n.words("en") if key.startswith("label.")]
    rows = []
    for name in sorted(labels):
        words = [i18n.words(lang)[f"label.{name}"] for lang in LANGUAGES]
        rows.append(f"| `{name}` | {figure(name).unit} | {' | '.join(words)} |")
    return "| column | unit | English | 简体 | 繁體 |\n|---|---|---|---|---|\n" + "\n".join(rows) + "\n"


def views() -> str:
    """Every view of every theme in three languages, with how it is counted."""
    from memberlib import i18n, themes

    rows = []
    for theme in themes.all_themes():
        for view in theme.analyses:
            words = [i18n.words(lang)[f"{view.key}.name"] for lang in LANGUAGES]
            rows.append(f"| `{theme.name}` | `{view.name}` | {' | '.join(words)} | {view.help} |")
    head = "| theme | view | English | 简体 | 繁體 | |\n|---|---|---|---|---|---|\n"
    return head + "\n".join(rows) + "\n"


def limits() -> str:
    """From which figures on a finding speaks: every limit with its value and what it means."""
    from memberlib.theme import theme_folders

    files = [("all themes", ROOT / "memberlib" / "limits.toml")]
    files += [(p.parent.name, p) for folder in theme_folders() for p in sorted(folder.glob("*/words.toml"))]
    rows = []
    for where, path in files:
        part = path.read_text(encoding="utf-8").split("\n[words", 1)[0].split("\n[step]", 1)[0]
        part = part.split("[weights]", 1)[0]
        for name, value, meaning in re.findall(r"^(\w+) = ([^#\[\n]+|\[[^\]]*\])(?:#\s*(.*))?$", part, re.M):
            rows.append(f"| `{name}` | {' '.join(value.split())} | {where} | {meaning} |")
    return "| limit | value | of | |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"


PARTS = {"measures": measures, "views": views, "limits": limits, "settings": settings}


def filled(text: str) -> str:
    """A document with its made parts as they are now."""

    def part(found: re.Match[str]) -> str:
        return f"{found[1]}\n{PARTS[found[2]]()}{found[3]}"

    return re.sub(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", part, text, flags=re.S)


def documents() -> dict[Path, str]:
    """Path and content of each document that is made, or has made parts."""
    made = {DOCS / "commands.md": commands()}
    for path in sorted(DOCS.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        if "<!-- made: " in text:
            made[path] = filled(text)
    return made


def reference(out: Path) -> None:
    """The public functions and classes as pages, from their docstrings."""
    import pdoc

    import memberlib

    for name in memberlib.__all__:  # they load on first use
        getattr(memberlib, name)

    pdoc.render.configure(docformat="numpy", show_source=False, footer_text="memberlib")
    pdoc.pdoc(*MODULES, output_directory=out)


def main(arguments: list[str]) -> int:
    """Do what the arguments ask for; the exit status."""
    made: dict[Path, Any] = documents()
    if "--print" in arguments:
        print("\n".join(made.values()))
        return 0
    stale = [
        path for path, text in made.items() if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in arguments:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not up to date; run make docs")
        return 1 if stale else 0
    for path in stale:
        path.write_text(made[path], encoding="utf-8")
    reference(ROOT / "build" / "docs")
    print("open build/docs/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
