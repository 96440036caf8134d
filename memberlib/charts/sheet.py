"""How is the sheet laid out on which a picture is drawn: title, line below it, room for labels?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from memberlib import i18n
from memberlib.charts import theme
from memberlib.charts.images import show_sharp
from memberlib.charts.lines import balanced, plain, wrap
from memberlib.charts.theme import CAPTION, INK, LABEL, MUTED, RULE, TITLE

MARGIN = 0.14
_LINE = 1.32 / 72  # inches of height for one point of letter size


class Sheet:
    """One picture in the making. All rooms are in inches, so that letters never meet by chance.

    Attributes
    ----------
    ax : Axes
    width, height : float
        Room of the plot itself, in inches.
    empty : bool
        Whether the result has nothing to draw; the sheet then says so.
    """

    def __init__(self, result: Any, ax: Axes, title: str | None, *, own: bool, width: float) -> None:
        self.result, self.about = result, result.attrs
        self.currency = str(self.about.get("currency") or "")
        self.empty = len(result) == 0
        self._title = title if title is not None else _headline(result)
        self._whole = width
        self._own = own
        self.ax = ax
        self.width = self.height = 1.0
        self._measure()

    # ------------------------------------------------------------ layout

    def room(
        self,
        *,
        left: float = 0.0,
        height: float = 2.4,
        bottom: float = 0.0,
        right: float = 0.0,
        top: float = 0.0,
    ) -> None:
        """Give the plot its room: `left`, `top` … for what stands around, `height` for itself."""
        if self._own:
            lines = balanced(self._title, self._whole - 2 * MARGIN, TITLE, limit=3) if self._title else []
            caption = wrap(i18n.caption(self.about, rows=len(self.result)), self._whole - 2 * MARGIN, CAPTION)
            head = len(lines) * TITLE * _LINE + len(caption) * CAPTION * _LINE + 0.14
            total = round(MARGIN + head + top + height + bottom + MARGIN, 2)
            figure = self.ax.figure
            assert isinstance(figure, Figure)
            figure.set_size_inches(self._whole, total)
            x0, x1 = MARGIN + left, self._whole - MARGIN - right
            self.ax.set_position(
                (x0 / self._whole, (MARGIN + bottom) / total, (x1 - x0) / self._whole, height / total)
            )
            at = MARGIN
            for text, size, colour in ((lines, TITLE, INK), (caption, CAPTION, MUTED)):
                for line in text:
                    figure.text(
                        MARGIN / self._whole, 1 - at / total, plain(line), size=size, color=colour, va="top"
                    )
                    at += size * _LINE
                at += 0.03
            # A frame nobody sees keeps the sheet's width where a notebook trims pictures to their contents.
            figure.add_artist(Rectangle((0, 0), 1, 1, transform=figure.transFigure, fill=False, linewidth=0))
        self._measure()

    def _measure(self) -> None:
        figure = self.ax.figure
        box = self.ax.get_position()
        root = figure if isinstance(figure, Figure) else figure.figure
        wide, high = root.get_size_inches()
        self.width, self.height = float(box.width * wide), float(box.height * high)

    def finish(self) -> None:
        """Say what a reader must know when the sheet is empty; title an axes that was handed in."""
        if self.empty:
            self.room(height=1.0)
            self.bare()
            self.text(0, 0.5, i18n.say("caption.empty"), colour=MUTED, at="axes")
        if not self._own and self._title:
            lines = wrap(self._title, max(self.width, 1.0), LABEL)
            self.ax.set_title(plain("\n".join(lines)), loc="left", fontsize=LABEL, color=INK)
        if not self._own:
            # the ticks of a given axes were made with the letters of its maker
            for text in self.ax.findobj(Text):
                text.set_fontfamily(list(theme.FAMILY))

    # ------------------------------------------------------------ what is drawn on it

    def bare(self) -> None:
        """Take away spines, ticks and grid."""
        self.ax.set_xticks([])
        self.ax.set_yticks([])
        self.ax.spines[:].set_visible(False)

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
        **more: Any,
    ) -> Text:
        """Write at a place of the data (or of the axes, 0–1), shifted by inches."""
        where = {"data": "data", "axes": "axes fraction", "row": self.ax.get_yaxis_transform()}[at]
        return self.ax.annotate(
            plain(text),
            xy=(x, y),
            xycoords=where,  # type: ignore[arg-type]
            xytext=(shift[0] * 72, shift[1] * 72),
            textcoords="offset points",
            size=size,
            color=colour,
            ha=ha,
            va=va,
            annotation_clip=False,
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

    def rows(self, labels: Sequence[str], *, pad: float = 0.09) -> None:
        """Name the rows 0, 1, 2 … from the top down."""
        self.ax.set_yticks(range(len(labels)), [plain(label) for label in labels])
        self.ax.tick_params(axis="y", length=0, pad=pad * 72, labelsize=LABEL, labelcolor=INK)
        for label in self.ax.get_yticklabels():
            label.set_linespacing(1.25)
        self.ax.set_ylim(len(labels) - 0.5, -0.5)
        self.ax.set_xticks([])
        self.ax.spines[:].set_visible(False)

    def reach(self, values: Sequence[float], widths: Sequence[float]) -> float:
        """Return the value at the plot's right end that leaves each label (`widths` inches) its room."""
        room = self.width
        need = [
            value * room / max(room - width - 0.09, 0.2 * room)
            for value, width in zip(values, widths, strict=True)
        ]
        return max(need, default=0.0) or 1.0

    def baseline(self) -> None:
        """Draw the line at zero that bars stand on."""
        self.ax.axvline(0, color=RULE, linewidth=1.0, zorder=3)


@contextmanager
def sheet(
    result: Any,
    ax: Axes | None = None,
    title: str | None = None,
    *,
    lang: str | None = None,
    width: float = theme.WIDTH,
) -> Iterator[Sheet]:
    """Open a sheet in the house's style and the reader's language; finish it at the end of the block."""
    own = ax is None
    if ax is None:
        # Outside the style: a process's first figure loads its backend, whose own settings are to stay.
        figure = plt.figure(figsize=(width, 2.4), dpi=theme.DPI, facecolor=theme.PAPER)
        show_sharp(figure)
    with mpl.rc_context(theme.rc()), i18n.speaking(i18n.language(lang)):
        drawn = figure.add_subplot() if ax is None else ax
        try:
            page = Sheet(result, drawn, title, own=own, width=width)
            yield page
            page.finish()
        except BaseException:
            if ax is None:
                plt.close(figure)  # a notebook would show what is half drawn
            raise


def _headline(result: Any) -> str:
    from memberlib import findings

    return findings.headline(result)
