"""Texts fitted to the room they have: wrapped, balanced, shortened, moved apart."""

from __future__ import annotations

import re
from collections.abc import Sequence

from memberlib.charts.theme import LABEL, close, width_of

_WIDE = r"\u2e80-\u9fff\uf900-\ufaff\uff01-\uff60"
_TOKENS = re.compile(rf"[{_WIDE}]|[^\s{_WIDE}]+|\s+")
_NOT_FIRST = set("，。、；：！？）」』】》％%,.;:!?)…”’")
_NOT_LAST = set("（「『【《(“‘¥£€$")


def plain(text: str) -> str:
    """Return a text as matplotlib must be given it: a ``$`` would otherwise begin a formula."""
    return close(text).replace("$", r"\$")


def wrap(text: str, width: float, size: float = LABEL, *, limit: int | None = None) -> list[str]:
    """Break a text into lines no wider than `width` inches; more than `limit` lines end in "…".

    Chinese breaks between characters, never before closing or after opening punctuation; other scripts at
    spaces.

    Examples
    --------
    >>> wrap("Two in three members have not bought for six months", 2.0, 11.0)[0]
    'Two in three members have'
    """
    words: list[str] = []
    for token in _TOKENS.findall(text.strip()):
        joins = words and (token in _NOT_FIRST or words[-1][-1] in _NOT_LAST) and not token.isspace()
        if joins:
            words[-1] += token
        else:
            words.append(" " if token.isspace() else token)
    lines, line = [], ""
    for word in words:
        if line and width_of((line + word).rstrip(), size) > width:
            lines.append(line.rstrip())
            line = "" if word == " " else word
        elif line or word != " ":
            line += word
    lines.append(line.rstrip())
    if limit is not None and len(lines) > limit:
        lines = [*lines[: limit - 1], shorten(" ".join(lines[limit - 1 :]), width, size)]
    return [shorten(line, width, size) for line in lines]


def balanced(text: str, width: float, size: float = LABEL, *, limit: int | None = None) -> list[str]:
    """Break a text as :func:`wrap` does, into lines of about the same width, two at a comma."""
    lines = wrap(text, width, size, limit=limit)
    if len(lines) == 2:
        halves = [
            (text[: at + 1], text[at + 1 :].strip()) for at in range(len(text) - 1) if _pauses(text, at)
        ]
        fitting = [pair for pair in halves if max(width_of(half, size) for half in pair) <= width]
        if fitting:
            return list(min(fitting, key=lambda pair: max(width_of(half, size) for half in pair)))
    low, high = 0.0, width
    while len(lines) > 1 and high - low > 0.05 and not lines[-1].endswith("…"):
        middle = (low + high) / 2
        tried = wrap(text, middle, size)
        if len(tried) > len(lines) or any(line.endswith("…") for line in tried):
            low = middle
        else:
            high, lines = middle, tried
    return lines


def _pauses(text: str, at: int) -> bool:
    return text[at] in "，；：" or (text[at] in ",;:" and text[at + 1] == " ")


def shorten(text: str, width: float, size: float = LABEL) -> str:
    """Cut a text to `width` inches, ending in "…" where something was cut."""
    if width_of(text, size) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if width_of(text[:middle].rstrip() + "…", size) <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…"


def spread(places: Sequence[float], gap: float, *, low: float, high: float) -> list[float]:
    """Move places apart until neighbours stand `gap` from each other, within [low, high], in the same order.

    Where there is no room for the gap, they stand at equal distances.

    Examples
    --------
    >>> spread([1.0, 1.1, 3.0], 0.5, low=0.0, high=4.0)
    [0.8, 1.3, 3.0]
    """
    order = sorted(range(len(places)), key=lambda index: places[index])
    if not order:
        return []
    room = high - low
    if gap * (len(order) - 1) >= room:
        step = room / max(len(order) - 1, 1)
        moved = {index: low + step * rank for rank, index in enumerate(order)}
        return [moved[index] for index in range(len(places))]
    groups: list[tuple[float, int]] = []
    for index in order:
        centre, size = places[index], 1
        centre = min(max(centre, low), high)
        while groups and groups[-1][0] + gap * (groups[-1][1] - 1) / 2 + gap > centre - gap * (size - 1) / 2:
            other, count = groups.pop()
            centre = (other * count + centre * size) / (count + size)
            size += count
            half = gap * (size - 1) / 2
            centre = min(max(centre, low + half), high - half)
        groups.append((centre, size))
    spots = [centre + gap * (rank - (size - 1) / 2) for centre, size in groups for rank in range(size)]
    moved = dict(zip(order, spots, strict=True))
    return [round(moved[index], 9) for index in range(len(places))]
