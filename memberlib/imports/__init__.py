"""Import export files, or a table of a database, into a shop of the lake.

A file is opened, laid over a crosswalk, read and checked into a staging table; then, under the shop's lock, its rows
are held against the shop's present ones and go into the lake in one step. Until that step nothing is changed.

Every import ends in an account that adds up: rows read = accepted + same as before + replaced + rejected.

- *accepted*: a row whose key was not there.
- *replaced*: a row whose key was there with other values; it now stands in place of the old one. So is a row that a
  later row of the same file overrules.
- *same*: a row that leaves what is there as it is.
- *rejected*: a row that breaks a rule of :data:`memberlib.model.RULES`; it is kept with its number, rule and value.

A file may fill several tables, as an order list with a row per line fills orders and items; each has its account.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from memberlib.errors import InputError
from memberlib.imports.account import Account
from memberlib.imports.one_file import import_one
from memberlib.imports.options import ImportOptions, Progress
from memberlib.lake import data_folder
from memberlib.loaders import archives

__all__ = ["Account", "import_files", "import_from"]


def import_files(
    paths: Iterable[str | Path],
    store_id: str,
    *,
    data: str | Path | None = None,
    platform: str | None = None,
    channel: str | None = None,
    sheets: Sequence[str] = (),
    mapping: str | Path | None = None,
    encoding: str | None = None,
    max_rejected_share: float = 0.2,
    progress: Progress | None = None,
    done: Callable[[Account], None] | None = None,
) -> list[Account]:
    """Take export files into a shop, one after the other; each is taken in whole or not at all.

    Parameters
    ----------
    paths : paths
        CSV (any usual delimiter; UTF-8, UTF-16, GBK, GB18030, cp1252), workbooks, Parquet files, or zip archives of
        them.
    store_id : str
        Id of the shop; a new one is added to ``stores.toml`` with what its platform starts with.
    data : path, optional
        Data folder; see :func:`memberlib.lake.data_folder`.
    platform : str, optional
        A platform, or one of its tables (``taobao``, ``taobao-brushed``); else found by the header.
    channel : str, optional
        Where the rows come from, if the shop has several sources: it is put before their order and member ids, as in
        ``jd:1001``, so that two platforms' ids cannot be taken for one another.
    sheets : sequence of str
        Of a workbook, the sheets to read; all that fit where none is named.
    mapping : path, optional
        A crosswalk of your own, used for these files; those in the data folder's ``mappings/`` are found by the header.
    encoding : str, optional
        The files' encoding, where it is guessed wrong.
    max_rejected_share : float
        A file with a larger share of rejected rows (0–1) is refused.
    progress : callable, optional
        Called with the file's name and the share of it that has been read.
    done : callable, optional
        Called with each account as soon as it stands.

    Raises
    ------
    InputError
        For the first file that cannot be taken in; the files before it stand.

    Examples
    --------
    >>> account, = import_files(["orders.csv"], "tea-house")  # doctest: +SKIP
    >>> account.accepted_count  # doctest: +SKIP
    2391
    """
    options = ImportOptions(
        store_id,
        data_folder(data),
        platform=platform,
        channel=channel,
        sheets=tuple(sheets),
        mapping=mapping,
        encoding=encoding,
        max_rejected_share=max_rejected_share,
        progress=progress,
    )
    accounts: list[Account] = []
    for path in [paths] if isinstance(paths, str | Path) else paths:
        try:
            with tempfile.TemporaryDirectory(prefix="memberlib-") as unpacked:
                for name, file in archives.unpacked(Path(path), Path(unpacked)):
                    for account in import_one(name, file, options):
                        accounts.append(account)
                        if done:
                            done(account)
        except (InputError, OSError) as error:
            said = (
                str(error)
                if isinstance(error, InputError)
                else f"{Path(path).name} was not taken in: {error}"
            )
            stand = ", ".join(dict.fromkeys(a.file for a in accounts))
            raise InputError(f"{said}; taken in before it: {stand}" if stand else said) from None
    return accounts


def import_from(
    url: str,
    store_id: str,
    *,
    table: str | None = None,
    query: str | None = None,
    data: str | Path | None = None,
    platform: str | None = None,
    channel: str | None = None,
    mapping: str | Path | None = None,
    max_rejected_share: float = 0.2,
    progress: Progress | None = None,
    done: Callable[[Account], None] | None = None,
) -> list[Account]:
    """Take a table of a database, or what a query gives, into a shop, as if it were an export file.

    Parameters
    ----------
    url : str
        Where the database is; see :func:`memberlib.loaders.database.rows_of`.
    store_id : str
    table, query : str, optional
        One of the two: a table's name, or one SELECT.
    data, platform, channel, mapping, max_rejected_share, progress, done
        As in :func:`import_files`.

    Raises
    ------
    InputError
        For a database that cannot be read, or rows that cannot be taken in.

    Examples
    --------
    >>> import_from("postgresql://ann@db.example/shop", "tea-house", table="orders")  # doctest: +SKIP
    """
    from memberlib.loaders.database import rows_of, shown_url

    options = ImportOptions(
        store_id,
        data_folder(data),
        platform=platform,
        channel=channel,
        mapping=mapping,
        max_rejected_share=max_rejected_share,
        progress=progress,
    )
    with tempfile.TemporaryDirectory(prefix="memberlib-") as folder:
        if progress:
            progress(shown_url(url), 0.0)
        name, path = rows_of(url, table=table, query=query, folder=folder)
        if progress:
            progress(shown_url(url), 1.0)
        try:
            accounts = import_one(name, path, options)
        except OSError as error:
            raise InputError(f"{name} was not taken in: {error}") from None
    if done:
        for account in accounts:
            done(account)
    return accounts
