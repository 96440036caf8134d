"""Keep the checked rows of each shop in versions, so that an import is atomic, repeatable and can be undone.

One folder per shop, ``<data>/lake/<store_id>/``:

- ``orders/ items/ members/ …`` hold Parquet files, a folder per table of the model;
- ``versions/00000001.json …`` is the log, one immutable file per import that changed something, and per import taken
  back. It names the Parquet files of every table, the account of the import, where the rows it stated are kept, a
  digest chained over all versions, and the SHA-256 of every data file;
- ``repeats/`` keeps the accounts of imports that changed nothing;
- ``sources/`` keeps the rows of an import that were there already. Those it brought lie in a file of their own among
  the table's, which is never written anew; with both, any import can be undone exactly.

A version begins to exist when its file is linked into place, which happens at once or not at all. Whatever a
killed import left behind is ahead of the newest version file, is seen by no reader, and is removed by the next
write. Nothing here reads the clock, so the same imports in the same order give the same digest everywhere.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from memberlib.engine import workspace
from memberlib.errors import InputError
from memberlib.lake.damage import naming_damage
from memberlib.lake.versions import LakeVersion, known_entry, newest, newest_whole, parts_of, version_of
from memberlib.lake.writer import Writer
from memberlib.model import REJECTED
from memberlib.settings import all_settings, check_store_id, load_settings

if TYPE_CHECKING:
    import pandas as pd

    from memberlib.lake.undoing import Undone

__all__ = ["IMPORT_COLUMNS", "Lake", "LakeVersion", "Writer", "data_folder", "shop_ids"]


def __dir__() -> list[str]:
    return __all__


IMPORT_COLUMNS = (
    "import_id", "version", "file", "sheet", "platform", "channel", "table", "read_count", "accepted_count",
    "same_count", "replaced_count", "rejected_count", "first_on", "last_on", "undone",
)  # fmt: skip
_LOCK_SECONDS = 600


def data_folder(data: str | Path | None = None) -> Path:
    """The folder with the shops' settings and lake.

    It is the argument, else ``$MEMBERLIB_DATA``, else the nearest ``data/`` with a stores.toml going up from the
    working folder, else ``./data``.

    Examples
    --------
    >>> data_folder("exports").name
    'exports'
    """
    if data is not None:
        return Path(data)
    if os.environ.get("MEMBERLIB_DATA"):
        return Path(os.environ["MEMBERLIB_DATA"])
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "data" / "stores.toml").is_file():
            return folder / "data"
    return here / "data"


def shop_ids(data: str | Path | None = None) -> list[str]:
    """Ids of the shops that can be opened, sorted: those of the lake and those whose tables live elsewhere."""
    folder = data_folder(data)
    return sorted(_external_shops(folder).union(Lake(folder / "lake").shops()))


def _external_shops(folder: Path) -> set[str]:
    """The shops of a data folder whose tables live elsewhere."""
    return {name for name, settings in all_settings(folder).items() if settings.source is not None}


class Lake:
    """The shops under one folder, usually ``<data>/lake``."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)

    def shops(self) -> list[str]:
        """Ids of the shops that hold at least one import, sorted; not of those whose tables live elsewhere by now."""
        if not self.root.is_dir():
            return []
        away = _external_shops(self.root.parent)
        return sorted(p.name for p in self.root.iterdir() if p.is_dir() and p.name not in away and newest(p))

    def newest(self, store_id: str) -> int:
        """Number of a shop's newest version; 0 for a shop that is not there."""
        return newest(self._folder(store_id))

    def version(self, store_id: str, number: int | None = None) -> LakeVersion:
        """One version of a shop, the newest where none is given.

        Raises
        ------
        InputError
            For an unknown shop or version, or one that lacks a data file or has one of another length.
        """
        return self._version_file(store_id, number).complete()

    def _version_file(self, store_id: str, number: int | None = None) -> LakeVersion:
        """A version as its file has it, whatever became of the data files."""
        folder = self._folder(store_id)
        last = newest(folder) and newest_whole(folder, store_id)
        if not last:
            known = ", ".join(sorted(_external_shops(self.root.parent).union(self.shops()))) or "none"
            raise InputError(f"no shop '{store_id}' in {self.root.parent}; known: {known}")
        wanted = last if number is None else number
        if not 1 <= wanted <= last:
            raise InputError(f"shop '{store_id}' has versions 1 to {last}, not {wanted}")
        return version_of(folder, store_id, wanted)

    def _folder(self, store_id: str) -> Path:
        """A shop's folder; a line of error for a shop whose tables live elsewhere."""
        source = load_settings(self.root.parent, check_store_id(store_id)).source
        if source is not None:
            raise InputError(
                f"the tables of shop '{store_id}' live elsewhere, in {source.backend}"
                f" (stores.toml, [{store_id}.source]): imports, and what is told of them, are for shops of the lake"
            )
        return self.root / store_id

    def imports(
        self, store_id: str, *, at_version: int | None = None, unchanged: bool = False, brief: bool = False
    ) -> pd.DataFrame:
        """The account of each part of each import of a shop, oldest first.

        Parameters
        ----------
        at_version : int, optional
            The imports up to that version; none for version 0, which is that of a shop whose tables live elsewhere.
        unchanged : bool
            Also those that changed nothing; their ids look like ``"2.1"``.
        brief : bool
            Leave out sheet, channel and undone where nothing stands in them.

        A sheet without rows has no account where another of its file has some.

        Returns
        -------
        DataFrame
            import_id, version, file, sheet, platform, channel, table, read_count, accepted_count, same_count,
            replaced_count, rejected_count, first_on, last_on (first and last day of trade or of joining
            among the accepted rows, as ISO text; may be None), undone (whether the import was taken back).
        """
        import pandas as pd

        rows = []
        for entry in () if at_version == 0 else self._version_file(store_id, at_version).entries:
            parts = parts_of(entry.record) if unchanged or not entry.repeat else []
            for part in [p for p in parts if p.get("read_count")] or parts:
                channel = part.get("options", {}).get("channel")
                known = {"version": entry.version, "undone": entry.undone, "channel": channel or None}
                known["sheet"] = part.get("sheet") or None
                rows.append([{**part, **known}.get(column) for column in IMPORT_COLUMNS])
        found = pd.DataFrame(rows, columns=list(IMPORT_COLUMNS))
        empty = [name for name in ("sheet", "channel") if found[name].isna().all()]
        empty += [] if found["undone"].any() else ["undone"]
        return found.drop(columns=empty) if brief else found

    def rejected(
        self, store_id: str, import_id: str | int | None = None, *, at_version: int | None = None
    ) -> pd.DataFrame:
        """Rows that were not accepted, by import and row.

        Returns
        -------
        DataFrame
            import_id, file, row (as a spreadsheet counts: the header is row 1), rule, column, value.

        Raises
        ------
        InputError
            For an unknown shop or import.
        """
        import pandas as pd

        if at_version == 0:
            return pd.DataFrame(columns=[column.name for column in REJECTED.columns])
        version = self.version(store_id, at_version)
        where, values = "", []
        if import_id is not None:
            entry = known_entry(version, str(import_id))
            if entry.undone:
                raise InputError(f"import {import_id} of '{store_id}' was taken back, with its rejected rows")
            where = "WHERE import_id = ?"
            values = [entry.record.get("rejected_under", entry.import_id)]
        with naming_damage(self.root / store_id, store_id), workspace() as con:
            files = version.files.get("rejected")
            con.execute(f"CREATE TABLE found ({REJECTED.sql_columns()})")
            if files:
                con.execute(f"INSERT INTO found SELECT * FROM read_parquet(?) {where}", [files, *values])
            return con.execute(
                "SELECT * FROM found ORDER BY CAST(import_id AS INTEGER), file, row, rule"
            ).df()

    def undo(self, store_id: str, import_id: str | int) -> Undone:
        """Take an import back: the shop is then what its other imports give, gone through in order without it.

        Raises
        ------
        InputError
            For an unknown shop or import, one taken back before, or a file that was in already when it was given.
        """
        from memberlib.lake.undoing import undo

        self.version(store_id)
        with self.writing(store_id) as writer:
            return undo(writer, str(import_id))

    def check(self, store_id: str) -> list[str]:
        """What is wrong with a shop's lake, in one line each; nothing where all is well.

        Raises
        ------
        InputError
            For an unknown shop.
        """
        from memberlib.lake.checking import check

        folder = self._folder(store_id)
        if not newest(folder):
            self._version_file(store_id)
        return check(folder, store_id)

    def brushed(self, store_id: str) -> pd.DataFrame:
        """The brushed orders of a shop, which no figure counts, by id.

        Returns
        -------
        DataFrame
            order_id; paid_at, paid_amount (in the shop's currency) and status of the order where it is known.
        """
        from memberlib.lake.brushing import brushed_orders

        version = self.version(store_id)
        with naming_damage(self.root / store_id, store_id):
            return brushed_orders(version)

    def take_off_brushed(self, store_id: str, order_ids: Sequence[str]) -> LakeVersion:
        """Take orders off the list of brushed ones; a version like any other, which :meth:`undo` takes back.

        Raises
        ------
        InputError
            For an unknown shop, or an order that is not on the list.
        """
        from memberlib.lake.brushing import take_off

        self.version(store_id)
        with self.writing(store_id) as writer:
            return take_off(writer, order_ids)

    @contextlib.contextmanager
    def writing(self, store_id: str) -> Iterator[Writer]:
        """Hold the shop's lock and give its writer; nothing is kept unless the writer commits.

        Raises
        ------
        InputError
            Where another import holds the lock for ten minutes, or the shop's files are damaged.
        """
        import filelock

        folder = self._folder(store_id)
        self.root.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(self.root / f".{store_id}.lock", timeout=_LOCK_SECONDS)
        try:
            lock.acquire()
        except filelock.Timeout:
            raise InputError(f"another import into '{store_id}' is still running; try again later") from None
        try:
            with naming_damage(folder, store_id):
                yield Writer(folder, store_id)
        finally:
            lock.release()
