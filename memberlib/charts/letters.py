"""How wide a text is, and its letters as pixels: each line is set once, however often it is measured and drawn.

matplotlib sets a line of text anew for each time that it is measured and drawn, letter by letter; that took more than
half of the time of a picture.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg, get_hinting_flag
from matplotlib.font_manager import FontProperties, fontManager, get_font

Size = tuple[float, float, float]
_KEPT = 512
"""So many lines are kept as pixels: about 5 MB."""


class _Key:
    """What decides how a line is set; comparable, so that it can be remembered."""

    __slots__ = ("dpi", "hinting", "looks", "prop", "text")

    def __init__(self, text: str, prop: FontProperties, dpi: float) -> None:
        self.text, self.prop, self.dpi = text, prop, dpi
        self.hinting, self.looks = mpl.rcParams["text.hinting"], hash(prop)

    def __hash__(self) -> int:
        return hash((self.text, self.looks, self.dpi))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and (self.text, self.looks, self.dpi, self.hinting) == (
            other.text,
            other.looks,
            other.dpi,
            other.hinting,
        )


def _set(key: _Key) -> Any:
    font = get_font(fontManager._find_fonts_by_props(key.prop))
    font.clear()
    font.set_size(key.prop.get_size_in_points(), key.dpi)
    font.set_text(key.text, 0.0, flags=get_hinting_flag())
    return font


@lru_cache(maxsize=16384)
def _measured(key: _Key) -> Size:
    """Width, height and descent of a line in pixels."""
    font = _set(key)
    wide, high = font.get_width_height()
    return wide / 64.0, high / 64.0, font.get_descent() / 64.0


@lru_cache(maxsize=_KEPT)
def _pixels(key: _Key) -> tuple[np.ndarray, float, float]:
    """A line as shades of grey, and where it begins from its place on."""
    font = _set(key)
    font.draw_glyphs_to_bitmap(antialiased=True)
    left, down = font.get_bitmap_offset()
    return np.array(font.get_image()), left / 64.0, font.get_descent() / 64.0 + down / 64.0


@lru_cache(maxsize=256)
def _heights(prop: FontProperties, dpi: float) -> tuple[float, float, float] | tuple[None, None, None]:
    font = get_font(fontManager._find_fonts_by_props(prop))
    table, head = font.get_sfnt_table("OS/2"), font.get_sfnt_table("head")
    if table is None or head is None:
        return None, None, None
    scale = 1 / head["unitsPerEm"] * prop.get_size_in_points() * dpi / 72
    return (
        table["sTypoAscender"] * scale, -table["sTypoDescender"] * scale, table["sTypoLineGap"] * scale,
    )  # fmt: skip


def width(text: str, prop: FontProperties, dpi: float) -> float:
    """Width of a line in pixels."""
    return _measured(_Key(text, prop, dpi))[0]


class Letters(RendererAgg):
    """Agg's renderer, which remembers the lines of text that it has set; they stand on whole pixels."""

    def get_text_width_height_descent(self, s: str, prop: FontProperties, ismath: Any) -> Size:
        """Width, height and descent of a line of text in pixels."""
        if ismath:
            return super().get_text_width_height_descent(s, prop, ismath)
        return _measured(_Key(s, prop.copy(), self.dpi))

    def draw_text(
        self, gc: Any, x: float, y: float, s: str, prop: FontProperties, angle: float, ismath: Any = False,
        mtext: Any = None,
    ) -> None:  # fmt: skip
        """Set a line of text."""
        special = mtext is not None and (mtext.get_fontfeatures() or mtext.get_language())
        if ismath or angle or special or not gc.get_antialiased():
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)
            return
        image, left, down = _pixels(_Key(s, prop.copy(), self.dpi))
        self._renderer.draw_text_image(image, round(x + left), round(y + down) + 1, 0, gc)

    def _get_font_height_metrics(self, prop: FontProperties) -> Any:
        # matplotlib asks a renderer that has an answer before it reads the font's tables for each text
        return _heights(prop.copy(), self.dpi)


class Canvas(FigureCanvasAgg):
    """A canvas whose letters are remembered."""

    def get_renderer(self) -> Letters:
        """The renderer of this canvas, kept while its size stays."""
        wide, high = self.figure.bbox.size
        key = (wide, high, self.figure.dpi)
        if getattr(self, "_made_for", None) != key:
            self.renderer = Letters(wide, high, self.figure.dpi)
            self._made_for = key
        return self.renderer
