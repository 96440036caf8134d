"""The sheet on which every picture is drawn: its title and caption, and room around the plot for all letters.

Kinds of charts measure in inches and write in points as if every picture were a page's width. On given axes the whole
sheet is drawn smaller until it fits their cell: letters, lines and distances shrink together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from memberlib import i18n
from memberlib.charts import theme
from memberlib.charts.cells import cell_of, place
from memberlib.charts.lines import balanced, plain, wrap
from memberlib.charts.shown import show_sharp
from memberlib.charts.theme import CAPTION, INK, LABEL, MUTED, NOTE, PALE, RULE, TITLE

MARGIN = 0.14
_LINE = 1.32 / 72  # inches of height for one point of letter size
_SMALLER = 0.94
_SMALLEST = 0.18


class TooSmall(Exception):
    """A cell has no room for a picture with letters of this size."""


class Sheet:
    """One picture in the making. All rooms are in inches, so that letters never meet by chance.

    Attributes
    ----------
    ax : Axes
    width, height : float
        Room of the plot itself, in inches.
    whole : float
        Width of the whole sheet, in inches.
    empty : bool
        Whether the result has nothing to draw; the sheet then says so.
    told : list of (str, str)
        What the picture shows, as names and values, for those who cannot see it.
    """

    def __init__(self, result: Any, ax: Axes, title: str, *, own: bool, scale: float = 1.0) -> None:
        self.result, self.about = result, result.attrs
        self.currency = str(self.about.get("currency") or "")
        self.empty = len(result) == 0
        self.title, self.ax, self._own = title, ax, own
        self.told: list[tuple[str, str]] = []
        self.width = self.height = 1.0
        self.points = scale  # how large a point of line width is drawn
        # small letters on another's figure are set up to a twentieth wider than they were measured
        self.letters = scale if own else 0.94 * scale
        if own:
            self.whole = theme.WIDTH
            return
        box = ax.figure.bbox
        self._inches = (box.width / ax.figure.dpi / scale, box.height / ax.figure.dpi / scale)
        self._cell = cell_of(ax)
        self.whole = (self._cell[2] - self._cell[0]) * self._inches[0]

    # ------------------------------------------------------------ layout

    def room(
        self,
        *,
        left: float = 0.0,
        height: float = 2.4,
        bottom: float = 0.0,
        right: float = 0.0,
        top: float = 0.0,
        wide: float = 1.2,
        least: float | None = None,
    ) -> None:
        """Give the plot its room: `left`, `top` … for what stands around, `height` for itself.

        `wide` is the least width of the plot; `least` the height to which it may be pressed in a cell. Nothing is
        drawn before this is called: where a cell is too small, all begins anew with smaller letters.
        """
        needed = left + wide + right + 2 * MARGIN
        if self._own:
            self.whole = max(self.whole, needed)
        inner = self.whole - 2 * MARGIN
        lines = balanced(self.title, inner, TITLE, limit=3) if self.title else []
        said = i18n.caption(self.about, rows=len(self.result))
        caption = wrap(said, inner, CAPTION, limit=None if self._own else 1) if said else []
        head = (len(lines) * TITLE + len(caption) * CAPTION) * _LINE + 0.14
        if self._own:
            self._page(lines, caption, (left, right), (MARGIN + bottom, height, head + top))
            return
        tall = (self._cell[3] - self._cell[1]) * self._inches[1]
        free = tall - 2 * MARGIN - head - top - bottom
        if self.points > _SMALLEST and (
            needed > self.whole or free < (height * 0.9 if least is None else least)
        ):
            raise TooSmall
        height = min(max(free, 0.1), 1.5 * height)
        x0, y1 = self._cell[0] * self._inches[0] + MARGIN + left, self._cell[3] * self._inches[1] - MARGIN
        self.width, self.height = max(inner - left - right, 0.1), height
        bottom_at = y1 - head - top - height
        place(
            self.ax,
            (
                x0 / self._inches[0],
                bottom_at / self._inches[1],
                (x0 + self.width) / self._inches[0],
                (bottom_at + height) / self._inches[1],
            ),
        )
        self._dress()
        if lines:
            look: dict[str, Any] = {"fontsize": TITLE * self.letters, "color": INK, "linespacing": 1.2}
            look["fontfamily"] = list(theme.FAMILY)  # axes keep the letters of their maker
            y = 1 + (top + head) / height
            text = plain("\n".join(lines))
            self.ax.set_title(text, loc="left", x=-left / self.width, y=y, va="top", pad=0, **look)
        for line in caption:
            up = top + head - len(lines) * TITLE * _LINE - 0.03
            self.text(0, 1, line, at="axes", size=CAPTION, colour=MUTED, va="top", shift=(-left, up))

    def _page(
        self,
        lines: Sequence[str],
        caption: Sequence[str],
        sides: tuple[float, float],
        rooms: tuple[float, float, float],
    ) -> None:
        """Lay out a sheet of its own: title, caption and plot from the top down."""
        below, height, above = rooms
        total = round(below + height + above + MARGIN, 2)
        figure = self.ax.figure
        assert isinstance(figure, Figure)
        figure.set_size_inches(self.whole, total)
        x0, x1 = MARGIN + sides[0], self.whole - MARGIN - sides[1]
        self.width, self.height = x1 - x0, height
        self.ax.set_position((x0 / self.whole, below / total, (x1 - x0) / self.whole, height / total))
        at = MARGIN
        for text, size, colour in ((lines, TITLE, INK), (caption, CAPTION, MUTED)):
            for line in text:
                figure.text(
                    MARGIN / self.whole, 1 - at / total, plain(line), size=size, color=colour, va="top"
                )
                at += size * _LINE
            at += 0.03
        # A frame nobody sees keeps the sheet's width where a notebook trims pictures to their contents.
        figure.add_artist(Rectangle((0, 0), 1, 1, transform=figure.transFigure, fill=False, linewidth=0))
        self._dress()

    def _dress(self) -> None:
        """Axes without lines and ticks: what a picture says beside its plot is text with a room of its own."""
        self.ax.set_xticks([])
        self.ax.set_yticks([])
        self.ax.spines[:].set_visible(False)
        if not self._own:
            self.ax.set_facecolor(theme.PAPER)
            self.ax.grid(False)

    def finish(self) -> None:
        """Say what a reader must know when the sheet is empty."""
        if self.empty:
            self.room(height=1.0, least=0.2)
            said = "\n".join(wrap(i18n.say("caption.empty"), self.width, LABEL))
            self.text(0, 0.5, said, colour=MUTED, at="axes")

    def reach(self, values: Sequence[float], widths: Sequence[float]) -> float:
        """Return the value at the plot's right end that leaves each label (`widths` inches) its room."""
        room = self.width
        need = [
            value * room / max(room - width - 0.09, 0.2 * room)
            for value, width in zip(values, widths, strict=True)
        ]
        return max(need, default=0.0) or 1.0

    # ------------------------------------------------------------ what is drawn on it

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = LABEL,
        colour: str = INK,
        ha: str = "left",
        va: str = "center",
        at: str = "data",
        shift: tuple[float, float] = (0.0, 0.0),
        box: dict[str, Any] | None = None,
        **more: Any,
    ) -> Text:
        """Write at a place of the data (of the axes, 0–1; of a row or a column), shifted by inches."""
        where: Any = {"data": "data", "axes": "axes fraction"}.get(at)
        if where is None:
            where = self.ax.get_yaxis_transform() if at == "row" else self.ax.get_xaxis_transform()
        points = 72 * self.points
        if box and "linewidth" in box:
            box = box | {"linewidth": box["linewidth"] * self.points}
        return self.ax.annotate(
            plain(text),
            xy=(x, y),
            xycoords=where,
            xytext=(shift[0] * points, shift[1] * points),
            textcoords="offset points",
            size=size * self.letters,
            color=colour,
            ha=ha,
            va=va,
            annotation_clip=False,
            bbox=box,
            **more,
        )

    def parts(
        self,
        x: float,
        y: float,
        parts: Sequence[tuple[str, str]],
        *,
        shift: float = 0.07,
        size: float = LABEL,
    ) -> None:
        """Write pieces of text of several colours in a line, the first `shift` inches right of x."""
        for text, colour in parts:
            self.text(x, y, text, size=size, colour=colour, shift=(shift, 0.0))
            shift += theme.width_of(text, size)

    def bar(self, x: float, y: float, wide: float, tall: float, colour: Any, **look: Any) -> None:
        """Draw a rectangle from its lower left corner, in values of the data."""
        if "linewidth" in look:
            look["linewidth"] *= self.points
        else:
            look["linewidth"] = 0
        self.ax.add_artist(Rectangle((x, y), wide, tall, facecolor=colour, **look))

    def line(self, x: Sequence[float], y: Sequence[float], colour: str, width: float, **look: Any) -> None:
        """Draw a line through points, `width` points thick."""
        self.ax.plot(x, y, color=colour, linewidth=width * self.points, **look)

    def dot(self, x: float, y: float, size: float, face: str, *, edge: str, line: float, **look: Any) -> None:
        """Draw a round mark `size` points wide."""
        look |= {"markerfacecolor": face, "markeredgecolor": edge, "markeredgewidth": line * self.points}
        self.ax.plot([x], [y], "o", markersize=size * self.points, **look)

    def rows(self, labels: Sequence[str], *, pad: float = 0.09) -> None:
        """Name the rows 0, 1, 2 … from the top down."""
        self.ax.set_ylim(len(labels) - 0.5, -0.5)
        for at, label in enumerate(labels):
            if label:
                self.text(
                    0,
                    at,
                    label,
                    at="row",
                    ha="right",
                    va="center_baseline",
                    shift=(-pad, 0),
                    linespacing=1.25,
                )

    def beside(
        self, ticks: Sequence[float], texts: Sequence[str], *, size: float, lines: bool = True
    ) -> None:
        """Name values of the upright axis, with a pale line across the plot at each."""
        for tick, text in zip(ticks, texts, strict=True):
            self.text(
                0,
                tick,
                text,
                at="row",
                ha="right",
                va="center_baseline",
                size=size,
                colour=MUTED,
                shift=(-0.0486, 0),
            )
            if lines:
                self.ax.axhline(tick, color=PALE, linewidth=0.7 * self.points, zorder=0)

    def below(self, ticks: Sequence[float], texts: Sequence[str], *, size: float = CAPTION) -> None:
        """Name values of the level axis."""
        for tick, text in zip(ticks, texts, strict=True):
            self.text(
                tick,
                0,
                text,
                at="column",
                ha="center",
                va="top",
                size=size,
                colour=MUTED,
                shift=(0, -0.0417),
            )

    def more_lines(self, text: str) -> float:
        """Height in inches that a small note of :meth:`foot` takes beyond its first line."""
        return (len(wrap(text, self.whole - 2 * MARGIN, NOTE)) - 1) * NOTE * _LINE

    def foot(self, text: str, *, left: float = 0.0, down: float) -> None:
        """Write a small note below the plot, from `left` inches beside it on, its first line `down` inches below."""
        for at, line in enumerate(wrap(text, self.whole - 2 * MARGIN, NOTE)):
            shift = (-left, -down - at * NOTE * _LINE)
            self.text(0, 0, line, at="axes", size=NOTE, colour=MUTED, shift=shift)

    def floor(self) -> None:
        """Draw the line under the plot."""
        spine = self.ax.spines["bottom"]
        spine.set(visible=True, color=RULE, linewidth=0.8 * self.points)

    def baseline(self) -> None:
        """Draw the line at zero that bars stand on."""
        self.ax.axvline(0, color=RULE, linewidth=self.points, zorder=3)


def paint(
    result: Any,
    draw: Callable[[Sheet], None],
    ax: Axes | None,
    *,
    title: Callable[[], str],
    lang: str | None,
    told: Callable[[Sheet], str],
) -> Axes:
    """Draw a result on a sheet in the house's style and the reader's language.

    Parameters
    ----------
    result : DataFrame
    draw : callable of a sheet
        What draws the picture.
    ax : Axes or None
        Given axes, in whose cell the picture is to lie; a figure of its own for None.
    title : callable
        Says the title, in the language that is then spoken.
    lang : str or None
    told : callable of a sheet
        Says the picture in one sentence, for those who cannot see it.
    """
    figure: Any = None
    if ax is None:
        # Outside the style: a process's first figure loads its backend, whose own settings are to stay.
        figure = plt.figure(figsize=(theme.WIDTH, 2.4), dpi=theme.DPI, facecolor=theme.PAPER)
    with mpl.rc_context(theme.rc()), i18n.speaking(i18n.language(lang)):
        try:
            drawn = figure.add_subplot() if ax is None else ax
            page = _drawn(result, draw, drawn, title(), own=ax is None)
            if ax is None:
                show_sharp(figure, result.attrs, page.title, told=told(page))
        except BaseException:
            if ax is None:
                plt.close(figure)  # a notebook would show what is half drawn
            raise
    return drawn


def _drawn(result: Any, draw: Callable[[Sheet], None], ax: Axes, title: str, *, own: bool) -> Sheet:
    scale = 1.0
    if not own:  # pictures side by side look alike where their letters do
        scale = min(1.0, (Sheet(result, ax, title, own=False).whole / theme.WIDTH) ** 0.6)
    while True:
        page = Sheet(result, ax, title, own=own, scale=scale)
        try:
            if not page.empty:
                draw(page)
            page.finish()
            return page
        except TooSmall:
            scale *= _SMALLER
