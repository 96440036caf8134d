"""Members by their number of orders, and how many of each interval are asleep."""

from memberlib.themes.count.analyses import count_bands, sleeping, theme

from memberlib.themes.count import findings as findings  # isort: skip

__all__ = ["count_bands", "sleeping", "theme"]


def __dir__() -> list[str]:
    return __all__
