"""How does each platform's export become canonical rows?

A platform is a crosswalk, a TOML file in this folder: header names, status words, what the money column means. The
code beside it (:mod:`~memberlib.loaders.reader`, :mod:`~memberlib.loaders.values`,
:mod:`~memberlib.loaders.crosswalk`) knows no platform.
"""
