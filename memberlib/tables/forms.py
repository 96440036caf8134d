"""The forms in which a table goes out: HTML, Markdown, a terminal's lines, CSV, JSON."""

from __future__ import annotations

import csv
import html
import io
import json
import unicodedata
from collections.abc import Sequence
from typing import Any

from memberlib.plain import plain
from memberlib.tables.columns import Column

# JupyterLab takes <style> out of a notebook that is not trusted, as every fresh clone is: the look stands in each tag.
_LINE = "rgba(128,122,112,.25)"
_LOOK = {
    "table": "border-collapse:collapse;border:0;margin:.4em 0;min-width:24em;font-variant-numeric:tabular-nums",
    "caption": "caption-side:top;text-align:left;padding:0 0 .5em",
    "cell": f"padding:.4em .8em;vertical-align:baseline;border:0;border-bottom:1px solid {_LINE};background:none",
    "head": "padding:.4em .8em;vertical-align:bottom;border:0;border-bottom:1px solid currentColor;font-weight:600",
    "how": "opacity:.75;font-size:.86em;max-width:46em;margin:.3em 0 1em",
}
_RULE = "  "


def html_table(columns: Sequence[Column], *, head: Sequence[str], more: str = "", how: str = "") -> str:
    """Return a table of its own look; `head` lines stand above it, `how` it was counted below."""
    lines = [f'<table class="memberlib" style="{_LOOK["table"]}">']
    if any(head):
        title, *rest = [html.escape(line) for line in head if line]
        under = "".join(f'<br><span style="opacity:.75">{line}</span>' for line in rest)
        lines.append(f'<caption style="{_LOOK["caption"]}"><strong>{title}</strong>{under}</caption>')
    if columns:
        heads = "".join(_head(column) for column in columns)
        lines.append(f"<thead><tr>{heads}</tr></thead>")
        lines.append("<tbody>")
        for row in range(len(columns[0].texts)):
            lines.append(f"<tr>{''.join(_cell(column, row) for column in columns)}</tr>")
        if more:
            look = f"{_LOOK['cell']};text-align:left"
            lines.append(f'<tr><td style="{look}" colspan="{len(columns)}">{html.escape(more)}</td></tr>')
        lines.append("</tbody>")
    lines.append("</table>")
    if how:
        lines.append(f'<p class="memberlib-how" style="{_LOOK["how"]}">{html.escape(how)}</p>')
    return "\n".join(lines)


def _side(column: Column) -> str:
    return "text-align:right;white-space:nowrap" if column.number else "text-align:left;min-width:5em"


def _head(column: Column) -> str:
    side = "right" if column.number else "left"
    look = f"{_LOOK['head']};text-align:{side};max-width:22em"
    return f'<th scope="col" style="{look}">{html.escape(column.heading)}</th>'


def _cell(column: Column, row: int) -> str:
    look = f"{_LOOK['cell']};{_side(column)}"
    if column.bars is not None:
        wide = f"calc((100% - 1.6em)*{column.bars[row]:.4f})"
        colour = "linear-gradient(rgba(15,92,102,.55),rgba(15,92,102,.55))"
        look = look.replace(
            "background:none", f"background:{colour} right .8em bottom 2px/{wide} 2px no-repeat"
        )
    return f'<td style="{look}">{html.escape(column.texts[row])}</td>'


def markdown_table(columns: Sequence[Column], *, head: Sequence[str], more: str = "", how: str = "") -> str:
    """Return a table in GitHub's Markdown."""

    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

    parts = [" · ".join(text for text in head if text)]
    if columns:
        rows = [line([column.heading for column in columns])]
        rows.append(line(["---:" if column.number else ":---" for column in columns]))
        rows += [line([column.texts[row] for column in columns]) for row in range(len(columns[0].texts))]
        parts.append("\n".join(rows))
    return "\n\n".join(part for part in [*parts, more, how] if part) + "\n"


def cells_wide(text: str) -> int:
    """How many columns of a terminal a text fills: a Chinese character takes two, a combining mark none.

    Examples
    --------
    >>> cells_wide("会员 VIP")
    8
    """
    width = 0
    for sign in text:
        if unicodedata.combining(sign) or unicodedata.category(sign) in ("Cf", "Cc", "Me"):
            continue
        width += 2 if unicodedata.east_asian_width(sign) in ("W", "F") else 1
    return width


def terminal_table(columns: Sequence[Column], *, head: Sequence[str], more: str = "", how: str = "") -> str:
    """Return a table whose columns stand under each other in a terminal, Chinese or not."""
    lines = [text for text in head if text]
    if columns:
        block = []
        for column in columns:
            width = max(cells_wide(text) for text in [column.heading, *column.texts])
            block.append(
                [_set(text, width, column.number) for text in [column.heading, "-" * width, *column.texts]]
            )
        lines += ["", *(_RULE.join(cells).rstrip() for cells in zip(*block, strict=True))]
    return "\n".join([*lines, *([more] if more else []), *(["", how] if how else [])]) + "\n"


def _set(text: str, width: int, right: bool) -> str:
    gap = " " * (width - cells_wide(text))
    return gap + text if right else text + gap


def csv_text(result: Any) -> str:
    """Return a result as CSV: names and codes as they are, plain numbers, ISO dates, nothing for no value."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(result.columns)
    for row in result.itertuples(index=False, name=None):
        writer.writerow(["" if value is None else value for value in map(plain, row)])
    return buffer.getvalue()


def json_text(result: Any) -> str:
    """Return a result as one JSON object: store, as_of, base, counts, rows, then what else it says."""
    about = dict(result.attrs)
    made: dict[str, Any] = {
        name: plain(about.pop(name, None)) for name in ("store", "as_of", "base", "counts")
    }
    made["rows"] = plain(result)
    made |= {str(name): plain(value) for name, value in about.items()}
    return json.dumps(made, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
