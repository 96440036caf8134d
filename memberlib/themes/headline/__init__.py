"""What did the shop sell and to whom lately, how did that change, and which orders are left out?"""

from memberlib.themes.headline.analyses import headline, left_out, theme

from memberlib.themes.headline import findings as findings  # isort: skip

__all__ = ["headline", "left_out", "theme"]


def __dir__() -> list[str]:
    return __all__
