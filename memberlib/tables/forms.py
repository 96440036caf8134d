"""In which form does a table go out: HTML, Markdown, a terminal's lines, CSV, JSON?"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import html
import io
import json
import math
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from memberlib import i18n
from memberlib.tables.columns import Column

# Doubled class names outweigh JupyterLab's own rules for tables; a page's fonts and sizes are left alone.
STYLE = """<style>
table.memberlib.memberlib{border-collapse:collapse;border:0;margin:.4em 0;min-width:24em;
font-variant-numeric:tabular-nums}
table.memberlib.memberlib caption{caption-side:top;text-align:left;padding:0 0 .5em}
table.memberlib.memberlib caption span{opacity:.75}
table.memberlib.memberlib tr:nth-child(n){background:none;border:0}
table.memberlib.memberlib th,table.memberlib.memberlib td{padding:.4em .8em;text-align:right;
vertical-align:baseline;border:0;border-bottom:1px solid rgba(128,122,112,.25);font-weight:400;max-width:22em}
table.memberlib.memberlib td{white-space:nowrap}
table.memberlib.memberlib td.text{white-space:normal;min-width:5em}
table.memberlib.memberlib thead th{vertical-align:bottom;border-color:currentColor;font-weight:600}
table.memberlib.memberlib .text{text-align:left}
table.memberlib.memberlib tr>:first-child{padding-left:0}
table.memberlib.memberlib td[style]{background:linear-gradient(rgba(15,92,102,.55),rgba(15,92,102,.55))
right .8em bottom 2px/calc((100% - 1.6em)*var(--share)) 2px no-repeat}
p.memberlib-how{opacity:.75;font-size:.86em;max-width:46em;margin:.3em 0 1em}
</style>"""
_RULE = "  "


def html_table(columns: Sequence[Column], *, head: Sequence[str], more: str = "", how: str = "") -> str:
    """Return a table of its own look; `head` lines stand above it, `how` it was counted below."""
    lines = [STYLE, '<table class="memberlib">']
    if any(head):
        title, *rest = [html.escape(line) for line in head if line]
        under = "".join(f"<br><span>{line}</span>" for line in rest)
        lines.append(f"<caption><strong>{title}</strong>{under}</caption>")
    if columns:
        heads = "".join(
            f'<th scope="col"{_side(column)}>{html.escape(column.heading)}</th>' for column in columns
        )
        lines.append(f"<thead><tr>{heads}</tr></thead>")
        lines.append("<tbody>")
        for row in range(len(columns[0].texts)):
            lines.append(f"<tr>{''.join(_cell(column, row) for column in columns)}</tr>")
        if more:
            lines.append(f'<tr><td class="text" colspan="{len(columns)}">{html.escape(more)}</td></tr>')
        lines.append("</tbody>")
    lines.append("</table>")
    if how:
        lines.append(f'<p class="memberlib-how">{html.escape(how)}</p>')
    return "\n".join(lines)


def _side(column: Column) -> str:
    return "" if column.number else ' class="text"'


def _cell(column: Column, row: int) -> str:
    bar = f' style="--share:{column.bars[row]:.4f}"' if column.bars is not None else ""
    return f"<td{_side(column)}{bar}>{html.escape(column.texts[row])}</td>"


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
        writer.writerow(["" if value is None else value for value in map(plain_value, row)])
    return buffer.getvalue()


def json_text(result: Any) -> str:
    """Return a result as one JSON object: store, as_of, base, counts, rows, then what else it says."""
    about = dict(result.attrs)
    made: dict[str, Any] = {
        name: plain_value(about.pop(name, None)) for name in ("store", "as_of", "base", "counts")
    }
    made["rows"] = plain_value(result)
    made |= {str(name): plain_value(value) for name, value in about.items()}
    return json.dumps(made, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def plain_value(value: Any) -> Any:
    """Return a value as JSON knows it: dates in ISO form, None for no value, frames as lists of rows."""
    if hasattr(value, "itertuples"):
        names = [str(name) for name in value.columns]
        return [
            dict(zip(names, map(plain_value, row), strict=True))
            for row in value.itertuples(index=False, name=None)
        ]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain_value(dataclasses.asdict(value))
    if isinstance(value, Mapping):
        return {str(name): plain_value(one) for name, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)) or (
        hasattr(value, "tolist") and bool(getattr(value, "ndim", False))
    ):
        return [plain_value(one) for one in value]
    if isinstance(value, (str, bool)):
        return value
    if i18n.is_empty(value):
        return None
    if isinstance(value, dt.datetime) and (value.hour, value.minute, value.second, value.microsecond) == (
        0,
        0,
        0,
        0,
    ):
        return value.date().isoformat()
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if hasattr(value, "item"):
        return plain_value(value.item())
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (int, float)) else str(value)
