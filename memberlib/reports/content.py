"""What a reader without code sees of an executed notebook, in the order in which it is read.

A heading opens a section. Inside a section the finding stands first, then the picture that shows it, then the table,
then how it was counted. Findings, tables and pictures of ours are known by the data in their outputs and set anew in
the report's language; nothing is read back out of HTML. Tags of the cells say the rest, see ``reports/README.md``.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from memberlib import i18n
from memberlib.reports.notebooks import Notebook, tags
from memberlib.results import MIME, from_data
from memberlib.sentences.finding import Finding
from memberlib.sentences.finding import from_data as finding_from
from memberlib.tables import how
from memberlib.tables.columns import Column, columns

if TYPE_CHECKING:
    import pandas as pd

UNSEEN = frozenset({"parameters", "injected-parameters", "setup", "control", "analyst"})
"""Cells with one of these tags are for who runs the notebook; the tag ``page`` brings a cell back."""
ORDER = ("lead", "finding", "picture", "further", "table", "other", "how", "note", "counted")
"""Kinds of blocks as they follow one another.

`further` are findings that do not hold up the picture; `how` comes with a table, `counted` is a notebook's own prose.
"""
FINDINGS_FIRST = 3
"""So many findings stand before the picture of their section."""
_HEADING = re.compile(r"^(#{1,3}) +(.+?) *#*$", re.MULTILINE)
_FOREIGN_STYLE = re.compile(r"<style.*?</style>", re.S)


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


@dataclass(frozen=True)
class Picture:
    """A picture of a view: base64 of its PNG, what it shows in words, which view it is of."""

    png: str
    alt: str
    theme: str
    view: str


@dataclass
class Content:
    """What a page says, and what of it a front page can say again.

    Attributes
    ----------
    title, question : str
        Its heading; what is asked under it, as HTML.
    sections : list of Section
    opening : list of Block
        Whom the figures rest on and which orders were left out; it ends the page.
    wide : bool
        Whether its tables need the whole width.
    results : list of DataFrame
        The results that were shown, in order.
    findings : list of (about, list of Finding)
        The findings that were shown, with what they are of.
    pictures : list of Picture
    """

    title: str = ""
    question: str = ""
    sections: list[Section] = field(default_factory=list)
    opening: list[Block] = field(default_factory=list)
    wide: bool = False
    results: list[pd.DataFrame] = field(default_factory=list)
    findings: list[tuple[dict[str, Any], list[Finding]]] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)


def content_of(notebook: Notebook, lang: str) -> Content:
    """The content of a page.

    Parameters
    ----------
    notebook : dict
        An executed notebook with prose in one language only.
    lang : str
        Language of the page.
    """
    content, here = Content(), Section()
    for cell in notebook["cells"]:
        marks = tags(cell)
        unseen = bool(marks & UNSEEN and "page" not in marks)
        if cell["cell_type"] == "markdown" and not unseen and "front" not in marks:
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
        elif cell["cell_type"] == "code" and not unseen:
            found = [
                block
                for output in cell["outputs"]
                for block in _blocks(output, marks, here.title or content.title, content, lang)
            ]
            if "front" in marks:
                continue
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


def _blocks(
    output: Mapping[str, Any], marks: frozenset[str], about: str, content: Content, lang: str
) -> Iterator[Block]:
    if output["output_type"] == "stream":
        if output.get("name") == "stdout" and "page" in marks:
            yield Block("other", f"<pre>{html.escape(output['text'])}</pre>")
        return
    data = output.get("data", {})
    if MIME in data:
        yield from _ours(data[MIME], output, content, lang)
    elif "text/html" in data:
        body = _FOREIGN_STYLE.sub("", data["text/html"]).strip()
        if body:
            yield Block(_kind(body, marks), body)
    elif "image/png" in data:
        yield Block("picture", picture(data["image/png"], about, _size(output)))
    elif "image/svg+xml" in data:
        drawn = f'<figure role="img" aria-label="{html.escape(about)}">{data["image/svg+xml"]}</figure>'
        yield Block("picture", drawn)
    elif "text/markdown" in data:
        body = markdown(data["text/markdown"])
        yield Block(_kind(body, marks), body)
    elif "text/plain" in data and "page" in marks:
        yield Block("other", f"<p>{html.escape(data['text/plain'])}</p>")


def _ours(data: Mapping[str, Any], output: Mapping[str, Any], content: Content, lang: str) -> Iterator[Block]:
    """The blocks of an output that says in data what it shows."""
    shown = data.get("shown")
    if shown == "findings":
        found = [finding_from(one) for one in json.loads(data["findings"])]
        content.findings.append((json.loads(data["about"]), found))
        said = [finding_html(one, lang) for one in found]
        if not said:
            said = [f'<div class="finding"><p>{html.escape(i18n.say("finding.nothing", lang))}</p></div>']
        yield Block("finding", "\n".join(said[:FINDINGS_FIRST]))
        if said[FINDINGS_FIRST:]:
            yield Block("further", "\n".join(said[FINDINGS_FIRST:]))
    elif shown == "picture":
        about = json.loads(data["about"])
        png = output["data"]["image/png"]
        alt = str(data.get("alt") or data.get("title") or "")
        content.pictures.append(Picture(png.strip(), alt, str(about.get("theme")), str(about.get("view"))))
        yield Block("picture", picture(png, alt, _size(output)))
    elif shown in ("table", "opening"):
        result = from_data(data)
        content.results.append(result)
        yield Block("table", table(result, data.get("limit"), lang))
        told = how(result, lang, alone=False)
        if told:
            yield Block("how", f"<p>{html.escape(told)}</p>")


def _kind(body: str, marks: frozenset[str]) -> str:
    kinds = (("reading", "finding"), ("table", "table"), ("picture", "picture"), ("counted", "counted"))
    for tag, kind in kinds:
        if tag in marks:
            return kind
    return "table" if "<table" in body else "picture" if "<img" in body else "other"


def _size(output: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = output.get("metadata", {}).get("image/png", {})
    return found


def picture(png: str, about: str, size: Mapping[str, Any]) -> str:
    """A picture as part of the page, at the size that its notebook shows it in."""
    width, height = size.get("width"), size.get("height")
    measured = f' width="{int(width)}" height="{int(height)}"' if width and height else ""
    source = f"data:image/png;base64,{png.strip()}"
    return f'<figure><img src="{source}" alt="{html.escape(about)}"{measured}></figure>'


def finding_html(finding: Finding, lang: str) -> str:
    """A finding as a page sets it: the sentence, what to do, what it rests on."""
    parts = (
        ("said", finding.text(lang)),
        ("action", finding.action_text(lang)),
        ("evidence", finding.evidence_text(lang)),
    )
    said = "".join(f'<p class="{name}">{html.escape(text)}</p>' for name, text in parts if text)
    return f'<div class="finding">{said}</div>'


def table(result: pd.DataFrame, limit: int | None, lang: str) -> str:
    """A result as a page's table: its base above it, codes in words, a bar under each share."""
    about: dict[str, Any] = {str(name): value for name, value in result.attrs.items()}
    total = int(about.get("row_count", len(result)))
    rows = len(result) if limit is None else min(limit, len(result))
    head = i18n.title(about, lang)
    # the page names the shop and the day, once
    under = i18n.base(about, lang)
    lines = [f"<caption><strong>{html.escape(head)}</strong>"]
    lines += [f"<br><span>{html.escape(under)}</span></caption>" if under else "</caption>"]
    shown = columns(result.head(rows), lang) if rows else []
    if shown:
        heads = "".join(f'<th scope="col"{_side(one)}>{html.escape(one.heading)}</th>' for one in shown)
        body = "".join(f"<tr>{''.join(_cell(one, row) for one in shown)}</tr>\n" for row in range(rows))
        lines.append(f"<thead><tr>{heads}</tr></thead>\n<tbody>{body}")
        if total > rows:
            more = i18n.say("caption.more", lang, rows=i18n.counted(total - rows, "rows", lang))
            lines.append(f'<tr><td class="text" colspan="{len(shown)}">{html.escape(more)}</td></tr>')
        lines.append("</tbody>")
    else:
        none = "none_rejected" if {"rule", "import_id"} <= set(result.columns) else "empty"
        lines.append(
            f'<tbody><tr><td class="text">{html.escape(i18n.say(f"caption.{none}", lang))}</td></tr></tbody>'
        )
    return f'<table class="memberlib">\n{"".join(lines)}\n</table>'


def _side(column: Column) -> str:
    return "" if column.number else ' class="text"'


def _cell(column: Column, row: int) -> str:
    bar = f' style="--share:{column.bars[row]:.4f}"' if column.bars is not None else ""
    return f"<td{_side(column)}{bar}>{html.escape(column.texts[row])}</td>"


@lru_cache(maxsize=1)
def _markdown() -> Any:
    import mistune

    return mistune.create_markdown(escape=False, plugins=["table", "strikethrough"])


def markdown(text: str) -> str:
    """Markdown as HTML."""
    return str(_markdown()(text)).strip() if text else ""
