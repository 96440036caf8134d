"""What does an import do?

A file is opened, laid over a crosswalk, read and checked into a staging table; then, under the shop's lock, its rows
are held against the shop's present ones and go into the lake in one step. Until that step nothing is changed.

Every import ends in an account that adds up: rows read = accepted + same as before + replaced + rejected.

- *accepted*: a row whose key was not there.
- *replaced*: a row whose key was there with other values; it now stands in place of the old one. So is a row that a
  later row of the same file overrules.
- *same*: a row that leaves what is there as it is.
- *rejected*: a row that breaks a rule of :data:`memberlib.model.RULES`; it is kept with its number, rule and value.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock

from memberlib.errors import InputError
from memberlib.lake import Lake, LakeVersion, Writer, data_folder
from memberlib.loaders import crosswalk, reader
from memberlib.model import REJECTED
from memberlib.settings import all_settings, check_store_id, ensure_settings

if TYPE_CHECKING:
    import duckdb

_MEMORY = "700MB"
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Account:
    """What became of each row of one file.

    Attributes
    ----------
    import_id : str
        Number of the version the import made, such as ``"2"``; ``"2.1"`` for the first import that changed nothing
        after version 2.
    version : int
        The shop's version after the import.
    rules : dict
        Rule → number of rows it rejected.
    notes : tuple of str
        What else the user should know, in one line each.
    """

    import_id: str
    store_id: str
    file: str
    platform: str
    table: str
    read_count: int
    accepted_count: int
    same_count: int
    replaced_count: int
    rejected_count: int
    version: int
    first_on: str | None = None
    last_on: str | None = None
    rules: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        parts = self.accepted_count + self.same_count + self.replaced_count + self.rejected_count
        if self.read_count != parts:
            raise AssertionError(f"{self.file}: {self.read_count} rows read, {parts} accounted for")

    @property
    def changed(self) -> bool:
        """Whether the shop is another than before."""
        return "." not in self.import_id


def import_files(
    paths: Iterable[str | Path],
    store_id: str,
    *,
    data: str | Path | None = None,
    platform: str | None = None,
    max_rejected_share: float = 0.2,
    progress: Progress | None = None,
    done: Callable[[Account], None] | None = None,
) -> list[Account]:
    """Take export files into a shop, one after the other; each is taken in whole or not at all.

    Parameters
    ----------
    paths : paths
        CSV (any usual delimiter; UTF-8, UTF-16, GBK, GB18030), Excel or Parquet files.
    store_id : str
        Id of the shop; a new one is added to ``stores.toml`` with what its platform starts with.
    data : path, optional
        Data folder; see :func:`memberlib.lake.data_folder`.
    platform : str, optional
        A platform, or one of its tables (``taobao``, ``taobao-brushed``); else found by the header.
    max_rejected_share : float
        A file with a larger share of rejected rows (0–1) is refused.
    progress : callable, optional
        Called with the file's name and the share of it that has been read.
    done : callable, optional
        Called with the account of each file as soon as it stands.

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
    check_store_id(store_id)
    if not 0 <= max_rejected_share <= 1:
        raise InputError(
            f"the largest share of rejected rows must lie between 0 and 1, not {max_rejected_share:g}"
        )
    crosswalk.chosen(platform)
    folder = data_folder(data)
    accounts: list[Account] = []
    for path in [paths] if isinstance(paths, str | Path) else paths:
        one = _Import(Path(path), store_id, folder, platform, max_rejected_share, progress)
        try:
            accounts.append(one.run())
        except (InputError, OSError) as error:
            said = (
                str(error) if isinstance(error, InputError) else f"{one.path.name} was not taken in: {error}"
            )
            stand = ", ".join(a.file for a in accounts)
            raise InputError(f"{said}; taken in before it: {stand}" if stand else said) from None
        if done:
            done(accounts[-1])
    return accounts


@dataclass
class _Import:
    """One file on its way into one shop."""

    path: Path
    store_id: str
    data: Path
    platform: str | None
    max_rejected_share: float
    progress: Progress | None

    def run(self) -> Account:
        sheets = reader.opened(self.path)
        digest = reader.fingerprint(self.path)
        lake, settings = Lake(self.data / "lake"), all_settings(self.data).get(self.store_id)
        zone = settings.time_zone if settings else None
        return self._repeated(lake, digest, zone) or self._read(lake, sheets, digest, zone)

    def _repeated(self, lake: Lake, digest: str, zone: str | None) -> Account | None:
        """The account of a file that is in already, whatever later files replaced; None where it must be read."""
        if not lake.newest(self.store_id):
            return None
        version = lake.version(self.store_id)
        record = _known(version, digest)
        if record is None or record["options"] != {"time_zone": zone}:
            return None
        known = {c.name: c.digest for c in crosswalk.chosen(self.platform)}
        if known.get(record["crosswalk"]) != record["crosswalk_digest"]:
            return None
        if record["rejected_count"] > self.max_rejected_share * record["read_count"]:
            return None
        record |= {"file": self.path.name, "accepted_count": 0, "replaced_count": 0}
        record |= {"same_count": record["read_count"] - record["rejected_count"]}
        with lake.writing(self.store_id) as writer:
            return None if writer.current.number != version.number else self._kept(writer, record)

    def _read(
        self, lake: Lake, sheets: list[reader.Opened], digest: str, zone: str | None
    ) -> Account:
        import duckdb

        from memberlib.loaders.staging import refusal, stage

        file, match, others = self._matched(sheets)
        zone = zone or match.crosswalk.defaults["time_zone"]
        with (
            tempfile.TemporaryDirectory(prefix="memberlib-") as scratch,
            duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": scratch}) as con,
        ):
            con.execute("SET enable_progress_bar = false")  # it would go into what the program prints
            staged = stage(con, file, match, zone=zone, progress=self._tell)
            if staged.rejected_count > self.max_rejected_share * staged.read_count:
                raise InputError(refusal(con, file, staged))
            record = {
                "file": self.path.name,
                "sha256": digest,
                "platform": match.crosswalk.platform,
                "table": match.crosswalk.table.name,
                "crosswalk": match.crosswalk.name,
                "crosswalk_digest": match.crosswalk.digest,
                "options": {"time_zone": zone},
                **{k: v for k, v in asdict(staged).items() if k != "blank_count"},
                "notes": _notes(file, match, staged.blank_count, others),
            }
            with lake.writing(self.store_id) as writer:
                return self._taken_in(con, writer, match, record)

    def _matched(self, sheets: list[reader.Opened]) -> tuple[reader.Opened, crosswalk.Match, list[str]]:
        """The sheet to read, its crosswalk, and the names of other sheets that could be read too."""
        found = [(file, match) for file in sheets if (match := crosswalk.match(file.header, self.platform))]
        if not found:
            raise InputError(f"{self.path.name}: {crosswalk.nearest(sheets[0].header, self.platform)}")
        return *found[0], [str(file.sheet) for file, _ in found[1:]]

    def _taken_in(
        self, con: duckdb.DuckDBPyConnection, writer: Writer, match: crosswalk.Match, record: dict[str, Any]
    ) -> Account:
        """Hold the staged rows against the present ones and commit what differs."""
        from memberlib.loaders.comparison import compare

        table = match.crosswalk.table
        record |= compare(con, table, writer.current.files.get(table.name, []))
        number = writer.current.number + 1
        if record["accepted_count"] or record["replaced_count"]:
            rows = "SELECT * EXCLUDE (row, kind) FROM fresh"
            gone = "SELECT * FROM fresh WHERE kind = 'changed'" if record["replaced_count"] else None
            writer.put(con, table.name, rows, replaced=gone)
        elif not record["rejected_count"] or any(
            i["sha256"] == record["sha256"] for i in writer.current.imports
        ):
            return self._kept(writer, record)
        if record["rejected_count"]:
            writer.put(con, REJECTED.name, f"SELECT '{number}' AS import_id, * FROM refused ORDER BY row")
        self._settle(match)
        version = writer.commit(
            record, digest_of={k: record[k] for k in ("sha256", "table", "crosswalk_digest", "options")}
        )
        return self._account(record, str(number), version.number)

    def _settle(self, match: crosswalk.Match) -> None:
        """Have a new shop in stores.toml before its data is in the lake; two new shops at once wait for each other."""
        if self.store_id not in all_settings(self.data):
            with filelock.FileLock(self.data / "lake" / ".stores.lock"):
                ensure_settings(self.data, self.store_id, match.crosswalk.defaults)

    def _kept(self, writer: Writer, record: dict[str, Any]) -> Account:
        """The account of an import that changes nothing."""
        first = next((i for i in writer.current.imports if i["sha256"] == record["sha256"]), None)
        if first is not None:
            record |= {"rejected_under": first["import_id"]}
        return self._account(record, writer.keep_repeat(record), writer.current.number)

    def _account(self, record: Mapping[str, Any], import_id: str, version: int) -> Account:
        names = ("file", "platform", "table", "read_count", "accepted_count", "same_count", "replaced_count",
                 "rejected_count", "first_on", "last_on", "rules")  # fmt: skip
        picked = {name: record[name] for name in names}
        return Account(import_id, self.store_id, **picked, version=version, notes=tuple(record["notes"]))

    def _tell(self, share: float) -> None:
        if self.progress:
            self.progress(self.path.name, share)


def _known(version: LakeVersion, digest: str) -> dict[str, Any] | None:
    """The import of a file with this content.

    It is no newer for being given again: where a later export replaced its rows, those of the later one stand.
    """
    return next((dict(record) for record in version.taken_in if record["sha256"] == digest), None)


def _notes(file: reader.Opened, match: crosswalk.Match, blank_count: int, others: list[str]) -> list[str]:
    notes = []
    if match.ignored and match.crosswalk.platform == "generic":
        notes.append(f"columns passed over: {', '.join(match.ignored)}")
    if match.repeated:
        notes.append(f"columns named twice, of which the first was read: {', '.join(match.repeated)}")
    if blank_count:
        notes.append(f"blank rows passed over: {blank_count:,}")
    if file.sheet:
        notes.append(f"sheet read: {file.sheet}" + (f"; not read: {', '.join(others)}" if others else ""))
    return notes
