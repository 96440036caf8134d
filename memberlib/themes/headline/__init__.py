"""Headline figures: sales and buyers of the last days against a year earlier, and the orders left out."""

from memberlib.themes.headline.analyses import headline, left_out, theme

from memberlib.themes.headline import findings as findings  # isort: skip

__all__ = ["headline", "left_out", "theme"]


def __dir__() -> list[str]:
    return __all__
