"""How long ago did members last buy, and in which months, on which days and at which hours do they?"""

from memberlib.themes.time.analyses import months, season_goods, theme, time_bands, week_hours

from memberlib.themes.time import findings as findings  # isort: skip

__all__ = ["months", "season_goods", "theme", "time_bands", "week_hours"]


def __dir__() -> list[str]:
    return __all__
