"""Months, seasons and hours, under the name they had before there were themes."""

from memberlib.themes.time import months, season_goods, week_hours

__all__ = ["months", "season_goods", "week_hours"]


def __dir__() -> list[str]:
    return __all__
