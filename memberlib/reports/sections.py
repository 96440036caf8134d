"""What of a notebook does a reader without code see, and in which order?

A heading opens a section. Inside a section the finding stands first, then the picture that shows it, then the
table, then how it was counted. Tags of the notebook's cells say what is what; see ``reports/README.md``.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from memberlib.reports.notebooks import Notebook, tags

UNSEEN = frozenset({"parameters", "injected-parameters", "setup", "control", "analyst"})
"""Cells with one of these tags are for who runs the notebook; the tag ``page`` brings a cell back."""
ORDER = ("lead", "finding", "picture", "further", "table", "other", "how", "note", "counted")
"""Kinds of blocks as they follow one another.

`further` are findings that do not hold up the picture; `how` comes with a table, `counted` is a notebook's own prose.
"""
FINDINGS_FIRST = 3
"""So many findings stand before the picture of their section."""
_HEADING = re.compile(r"^(#{1,3}) +(.+?) *#*$", re.MULTILINE)
_STYLE = re.compile(r"<style.*?</style>", re.S)
_HOW = re.compile(r'<p class="memberlib-how">(.*?)</p>', re.S)
_SAID = re.compile(
    r"<li>(?:<p>)?\s*<strong>(?P<text>.*?)</strong>(?P<action>.*?)(?:<br\s*/?>)?\s*"
    r"(?:<small>(?P<evidence>.*?)</small>)?\s*(?:</p>)?\s*</li>",
    re.S,
)


@dataclass(frozen=True)
class Block:
    """A piece of a page: its kind (one of ``ORDER``) and its HTML."""

    kind: str
    html: str


@dataclass
class Section:
    """What stands under one heading; ``depth`` is 2 for a section, 3 for one inside it."""

    title: str = ""
    depth: int = 2
    blocks: list[Block] = field(default_factory=list)

    @property
    def ordered(self) -> list[Block]:
        """The blocks in the order in which they are read; what a table says of its counting is not said twice."""
        told = any(block.kind == "how" for block in self.blocks)
        kept = (block for block in self.blocks if not (told and block.kind == "counted"))
        return sorted(kept, key=lambda block: ORDER.index(block.kind))


@dataclass
class Content:
    """What a page says.

    Attributes
    ----------
    title, question : str
        Its heading; what is asked under it, as HTML.
    sections : list of Section
    opening : list of Block
        Whom the figures rest on and which orders were left out; it ends the page.
    wide : bool
        Whether its tables need the whole width.
    """

    title: str = ""
    question: str = ""
    sections: list[Section] = field(default_factory=list)
    opening: list[Block] = field(default_factory=list)
    wide: bool = False


def content_of(notebook: Notebook) -> Content:
    """The content of a page.

    Parameters
    ----------
    notebook : dict
        An executed notebook with prose in one language only.
    """
    content, here = Content(), Section()
    for cell in notebook["cells"]:
        marks = tags(cell)
        if marks & UNSEEN and "page" not in marks:
            continue
        if cell["cell_type"] == "markdown":
            for depth, title, text in _parts(cell["source"]):
                if depth == 1:
                    content.title, content.question = title, markdown(text)
                    continue
                if depth:
                    here = Section(title, depth)
                    content.sections.append(here)
                if text:
                    kind = next((mark for mark in ("lead", "counted") if mark in marks), "note")
                    here.blocks.append(Block(kind, markdown(text)))
        elif cell["cell_type"] == "code":
            found = [
                block
                for output in cell["outputs"]
                for block in _blocks(output, marks, here.title or content.title)
            ]
            if "opening" in marks:
                content.opening += found
                continue
            if found and here not in content.sections:
                content.sections.append(here)
            here.blocks += found
    content.sections = [
        section
        for section in content.sections
        if any(b.kind not in ("note", "lead", "counted") for b in section.blocks)
    ]
    return content


def _parts(source: str) -> Iterator[tuple[int, str, str]]:
    """Heading depth (0 where there is none), heading and the text under it, for each heading of a cell."""
    found = list(_HEADING.finditer(source))
    before = source[: found[0].start()].strip() if found else source.strip()
    if before:
        yield 0, "", before
    for number, heading in enumerate(found):
        end = found[number + 1].start() if number + 1 < len(found) else len(source)
        yield len(heading[1]), _plain(heading[2]), source[heading.end() : end].strip()


def _plain(text: str) -> str:
    return re.sub(r"[*_`]+", "", text).strip()


def _blocks(output: Mapping[str, Any], marks: frozenset[str], about: str) -> Iterator[Block]:
    if output["output_type"] == "stream":
        if output.get("name") == "stdout" and "page" in marks:
            yield Block("other", f"<pre>{html.escape(output['text'])}</pre>")
        return
    data = output.get("data", {})
    if "text/html" in data:
        body = _STYLE.sub("", data["text/html"])
        told = _HOW.search(body)
        body = _HOW.sub("", body).strip()
        if body:
            yield Block(_kind(body, marks), body)
        if told:
            yield Block("how", f"<p>{told[1].strip()}</p>")
    elif "image/png" in data:
        yield Block(
            "picture", picture(data["image/png"], about, output.get("metadata", {}).get("image/png", {}))
        )
    elif "image/svg+xml" in data:
        yield Block(
            "picture",
            f'<figure role="img" aria-label="{html.escape(about)}">{data["image/svg+xml"]}</figure>',
        )
    elif "text/markdown" in data:
        body = markdown(data["text/markdown"])
        kind = _kind(body, marks)
        if kind != "finding":
            yield Block(kind, body)
            return
        said = findings(body)
        yield Block("finding", "\n".join(said[:FINDINGS_FIRST]))
        if said[FINDINGS_FIRST:]:
            yield Block("further", "\n".join(said[FINDINGS_FIRST:]))
    elif "text/plain" in data and "page" in marks:
        yield Block("other", f"<p>{html.escape(data['text/plain'])}</p>")


def _kind(body: str, marks: frozenset[str]) -> str:
    for tag, kind in (
        ("reading", "finding"),
        ("table", "table"),
        ("picture", "picture"),
        ("counted", "counted"),
    ):
        if tag in marks:
            return kind
    if 'class="finding' in body:
        return "finding"
    return "table" if "<table" in body else "picture" if "<img" in body else "other"


def picture(png: str, about: str, size: Mapping[str, Any]) -> str:
    """A picture as part of the page, at the size that its notebook shows it in."""
    width, height = size.get("width"), size.get("height")
    measured = f' width="{int(width)}" height="{int(height)}"' if width and height else ""
    source = f"data:image/png;base64,{png.strip()}"
    return f'<figure><img src="{source}" alt="{html.escape(about)}"{measured}></figure>'


def findings(body: str) -> list[str]:
    """A list of findings (sentence in bold, action, evidence in small) as blocks that a page sets apart.

    Examples
    --------
    >>> findings("<ul><li><strong>Half are silent.</strong> Write.<br><small>1 of 2</small></li></ul>")[0][:50]
    '<div class="finding"><p class="said">Half are sile'
    """
    found = list(_SAID.finditer(body))
    if not found:
        return [f'<div class="finding">{body}</div>']
    blocks = []
    for one in found:
        parts = (("said", one["text"]), ("action", one["action"]), ("evidence", one["evidence"] or ""))
        said = "".join(f'<p class="{name}">{text.strip()}</p>' for name, text in parts if text.strip())
        blocks.append(f'<div class="finding">{said}</div>')
    return blocks


@lru_cache(maxsize=1)
def _markdown() -> Any:
    import mistune

    return mistune.create_markdown(escape=False, plugins=["table", "strikethrough"])


def markdown(text: str) -> str:
    """Markdown as HTML."""
    return str(_markdown()(text)).strip() if text else ""
