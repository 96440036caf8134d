"""Headline figures, under the name they had before there were themes."""

from memberlib.themes.headline import headline

__all__ = ["headline"]


def __dir__() -> list[str]:
    return __all__
