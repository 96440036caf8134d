"""The colours, sizes and letters that every picture shares.

One accent (deep teal) for what matters, one contrast (rust) for what falls, warm greys for the rest. They
stay apart for colour-blind readers and in a black-and-white print: they differ in lightness before hue.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources
from typing import Any

import matplotlib as mpl
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.font_manager import FontProperties, fontManager

from memberlib.charts import letters

INK = "#22282b"
MUTED = "#6a6d6c"
RULE = "#cfcbc3"
PAPER = "#ffffff"
ACCENT = "#0f5c66"
SOFT = "#8fb8bb"
CONTRAST = "#b5532a"
CONTRAST_SOFT = "#e3b79f"
GREY = "#b9b3a8"
PALE = "#e4e0d8"

TITLE, LABEL, CAPTION, NOTE = 13.5, 11.0, 9.5, 9.5
WIDTH = 6.4
DPI = 100
_FINE = 200.0  # dots per inch at which texts are measured and, mostly, drawn

_FOUR = ("#0b4650", "#2a6f78", "#55949b", "#84b1b5")
_GREYS = ("#918a80", "#aaa398", "#c3bdb3", "#d9d4cb")
SEGMENTS = {
    **dict(
        zip(
            ("important_value", "important_keep", "important_develop", "important_winback"),
            _FOUR,
            strict=True,
        )
    ),
    **dict(zip(("general_value", "general_keep", "general_develop", "general_winback"), _GREYS, strict=True)),
    "champions": "#0b4650",
    "loyal": "#1d606a",
    "potential_loyalist": "#357982",
    "recent": "#55949b",
    "promising": "#84b1b5",
    "need_attention": "#918a80",
    "about_to_sleep": "#a19a90",
    "at_risk": "#b1aaa0",
    "cannot_lose": "#c0bab0",
    "hibernating": "#cdc7be",
    "lost": "#d9d4cb",
}
"""One colour for one segment, on every page; from dark (what the shop lives on) to light."""
SHADES = ("#c3d8d8", "#8fb8bb", "#55949b", "#2a6f78", "#0b4650")
"""From a low score to a high one."""
SEASONS = {"peak": ACCENT, "normal": "#aaa398", "slack": "#d9d4cb"}
MOVES = {"up": ACCENT, "same": PALE, "down": CONTRAST}

HEAT = LinearSegmentedColormap.from_list("memberlib", ["#f6f4f0", "#c3d8d8", "#6fa3a8", "#2a6f78", "#0b3f48"])

FAMILY = ("Noto Sans SC", "DejaVu Sans")
"""Noto Sans SC has every Chinese character of GB2312, GBK and Big5, and Latin letters too."""

_CHINESE = re.compile("[\u2e80-\u9fff\uf900-\ufaff]")
_STRAIGHT = str.maketrans("“”‘’", "\"\"''")

_RC: dict[Any, Any] = {
    "font.family": list(FAMILY),
    "font.size": LABEL,
    "text.color": INK,
    "text.usetex": False,
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.labelsize": CAPTION,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "axes.facecolor": PAPER,
    "axes.unicode_minus": False,
    "axes.titlesize": TITLE,
    "axes.titlelocation": "left",
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": CAPTION,
    "ytick.labelsize": LABEL,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "figure.facecolor": PAPER,
    "figure.dpi": DPI,
    "figure.autolayout": False,
    "figure.constrained_layout.use": False,
    "savefig.facecolor": PAPER,
    "savefig.bbox": None,
    "hatch.linewidth": 0.6,
    "hatch.color": PAPER,
}


@lru_cache(maxsize=1)
def font_file() -> str:
    """Path of the font that draws every letter; registered with matplotlib in this process only."""
    path = str(resources.files("pylopdf_fonts_zh_cn") / "NotoSansSC-Regular.otf")
    fontManager.addfont(path)
    return path


def rc() -> dict[Any, Any]:
    """matplotlib settings of the house, for ``matplotlib.rc_context`` or seaborn's ``set_theme(rc=…)``."""
    font_file()
    return dict(_RC)


def use_style() -> None:
    """Give an analyst's own pictures the house's letters and colours too, for the rest of this process.

    Call it again after ``seaborn.set_theme``, which resets fonts, or hand that function ``rc=rc()``.
    """
    mpl.rcParams.update(rc())


@lru_cache(maxsize=64)
def _properties(size: float) -> FontProperties:
    font_file()
    return FontProperties(family=list(FAMILY), size=size)


def close(text: str) -> str:
    """Return a text without what this font sets on the width of a Chinese character where no Chinese stands.

    That is the spaces around "·", and curly quotation marks in other scripts.
    """
    text = str(text).replace(" · ", "·")
    return text if _CHINESE.search(text) else text.translate(_STRAIGHT)


@lru_cache(maxsize=8192)
def width_of(text: str, size: float = LABEL) -> float:
    """Width of a line of text in inches.

    Examples
    --------
    >>> width_of("members") < width_of("members with an order")
    True
    """
    return letters.width(close(text), _properties(size), _FINE) / _FINE
