"""Read each platform's exports into the rows of :mod:`memberlib.model`.

A platform is a crosswalk, a TOML file in this folder: header names, status words, what the money column means. The
code beside it knows no platform:

- :mod:`~memberlib.loaders.reader` opens a file; :mod:`~memberlib.loaders.charsets` finds its encoding,
  :mod:`~memberlib.loaders.headers` its header and delimiter, :mod:`~memberlib.loaders.digests` whether it was read
  before;
- :mod:`~memberlib.loaders.archives` unpacks what is packed, within limits, and :mod:`~memberlib.loaders.workbooks` has
  :mod:`~memberlib.loaders.cells` read a workbook's sheets;
- :mod:`~memberlib.loaders.database` writes a database's table or query to such a file, read by
  :mod:`~memberlib.loaders.drivers` and :mod:`~memberlib.loaders.servers` as :mod:`~memberlib.loaders.columns` of text;
- :mod:`~memberlib.loaders.forms` says what a crosswalk can state, :mod:`~memberlib.loaders.crosswalk` reads them and
  :mod:`~memberlib.loaders.matching` finds the one that fits a header;
- :mod:`~memberlib.loaders.rows` and :mod:`~memberlib.loaders.decoding` cut the file into numbered rows of text;
- :mod:`~memberlib.loaders.values` turns text into canonical values and finds what breaks a rule;
- :mod:`~memberlib.loaders.staging` does these in turn;
- :mod:`~memberlib.loaders.comparison` holds the rows against those the shop has.
"""
