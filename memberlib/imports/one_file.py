"""Import one file into one shop: read it, hold its rows against the present ones, commit what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock

from memberlib.engine import workspace
from memberlib.errors import InputError
from memberlib.imports.account import Account, accounts_of
from memberlib.imports.options import ImportOptions
from memberlib.imports.parts import Part, brushed_notes, first_value, notes_of, overlaps, unread
from memberlib.lake import Lake, LakeVersion, Writer
from memberlib.loaders import matching, reader
from memberlib.loaders.crosswalk import crosswalks, of_platform
from memberlib.loaders.matching import Match
from memberlib.model import REJECTED
from memberlib.settings import CURRENCIES, Settings, all_settings, ensure_settings
from memberlib.sql import literals

if TYPE_CHECKING:
    import duckdb

    from memberlib.loaders.staging import StagedFile


def import_one(name: str, path: Path, options: ImportOptions) -> list[Account]:
    """Import one file; an account for each table it fills.

    Parameters
    ----------
    name : str
        The file's name as the accounts show it.
    """
    return _FileImport(name, path, options).run()


class _FileImport:
    """One file on its way into one shop."""

    def __init__(self, name: str, path: Path, options: ImportOptions) -> None:
        self.name, self.path, self.options = name, path, options
        self.lake = Lake(options.data / "lake")
        self.settings: Settings | None = all_settings(options.data).get(options.store_id)

    def run(self) -> list[Account]:
        digest = reader.fingerprint(self.path) if self.path.is_file() else ""
        return self._repeated(digest) or self._import_tables(
            reader.open_tables(self.path, self.options.encoding), digest
        )

    def _what_decides(self, zone: str | None) -> dict[str, Any]:
        """What else than the file and its crosswalk decides on what is read; what is as usual is left out."""
        found: dict[str, Any] = {"time_zone": zone}
        given = {
            "channel": self.options.channel,
            "sheets": list(self.options.sheets),
            "encoding": self.options.encoding,
            "join_by": list(self.settings.join_by) if self.settings else [],
            "level_words": dict(self.settings.level_words) if self.settings else {},
        }
        return found | {key: value for key, value in given.items() if value}

    def _repeated(self, digest: str) -> list[Account]:
        """The accounts of a file that is in already, whatever later files replaced; none where it must be read."""
        if not self.lake.newest(self.options.store_id):
            return []
        version = self.lake.version(self.options.store_id)
        record = _import_of(version, digest)
        if record is None or record["options"] != self._what_decides(
            self.settings.time_zone if self.settings else None
        ):
            return []
        digests = {c.name: c.digest for c in self.options.crosswalks}
        named = {c.name for c in of_platform(self.options.platform, self.options.crosswalks)}
        for part in record["parts"]:
            if part["table"] == "brushed":  # orders may have been taken off the list since
                return []
            if part["crosswalk"] not in named or digests[part["crosswalk"]] != part["crosswalk_digest"]:
                return []
            if part["rejected_count"] > self.options.max_rejected_share * part["read_count"]:
                return []
        parts = [
            part
            | {
                "accepted_count": 0,
                "replaced_count": 0,
                "same_count": part["read_count"] - part["rejected_count"],
            }
            for part in record["parts"]
        ]
        record |= {"file": self.name, "parts": parts}
        with self.lake.writing(self.options.store_id) as writer:
            return [] if writer.current.number != version.number else self._unchanged(writer, record)

    def _import_tables(self, tables: list[reader.FileTable], digest: str) -> list[Account]:
        from memberlib.loaders.staging import stage

        parts, passed_over = self._parts(tables)
        several = len({part.file.sheet for part in parts}) > 1
        with workspace(ordered=True) as con:
            zone, currency, notes = self._start(con, parts[0])
            staged: list[tuple[Part, StagedFile]] = []
            for n, part in enumerate(parts):
                found = stage(
                    con,
                    part.file,
                    part.match,
                    zone=zone,
                    currency=currency,
                    part=n,
                    name=f"{self.name} [{part.file.sheet}]" if several else self.name,
                    channel=self.options.channel or "",
                    progress=self._report_progress,
                )
                self._accept(con, found, n)
                staged.append((part, found))
            if not any(found.read_count for _, found in staged):
                raise InputError(f"{self.name} has a header but no rows; nothing to take in")
            record: dict[str, Any] = {
                "file": self.name,
                "sha256": digest,
                "options": self._what_decides(zone),
                "parts": [
                    self._part_record(part, found, passed_over, unread(part, parts)) for part, found in staged
                ],
            }
            record["parts"][0]["notes"] += notes
            with self.lake.writing(self.options.store_id) as writer:
                return self._commit(con, writer, staged, record, currency=currency)

    def _start(self, con: duckdb.DuckDBPyConnection, part: Part) -> tuple[str, str, list[str]]:
        """The shop's time zone and currency, for a new one those its file names first; and what to say of them."""
        crosswalk = part.crosswalk
        named = first_value(con, part, crosswalk.currency_from).upper()
        if self.settings:
            zone, currency = self.settings.time_zone, self.settings.currency
        else:
            word = first_value(con, part, crosswalk.time_zone_from)
            zone = crosswalk.words.get("time_zone", {}).get(word, crosswalk.defaults["time_zone"])
            currency = named if named in CURRENCIES else crosswalk.defaults["currency"]
        if named and named not in CURRENCIES:
            known = ", ".join(CURRENCIES)
            return (
                zone,
                "",
                [f"amounts are in {named}, taken as they stand and shown as {currency}; known: {known}"],
            )
        return zone, currency, []

    def _accept(self, con: duckdb.DuckDBPyConnection, found: StagedFile, n: int) -> None:
        from memberlib.loaders.staging import refusal

        if found.rejected_count > self.options.max_rejected_share * found.read_count:
            raise InputError(refusal(con, self.name, found, part=n))

    def _parts(self, tables: list[reader.FileTable]) -> tuple[list[Part], list[str]]:
        """What is read of the file, and the names of the sheets that are not."""
        options = self.options
        if options.sheets:
            names = [table.sheet for table in tables]
            for sheet in options.sheets:
                if sheet not in names:
                    known = ", ".join(str(n) for n in names) if names[0] is not None else "it is no workbook"
                    raise InputError(f"{self.name}: no sheet {sheet!r} with anything in it ({known})")
            tables = [table for table in tables if table.sheet in options.sheets]
        parts: list[Part] = []
        passed_over: list[str] = []
        for table in tables:
            found = matching.matches(table.header, options.platform, among=options.crosswalks)
            if found and (not parts or found[0].crosswalk.platform == parts[0].crosswalk.platform):
                parts += [Part(table, self._as_chosen(match)) for match in found]
            elif options.sheets:
                raise InputError(f"{self.name} [{table.sheet}]: {self._nearest(table)}")
            else:
                passed_over.append(str(table.sheet))
        if not parts:
            raise InputError(f"{self.name}: {self._nearest(tables[0])}")
        return parts, passed_over

    def _nearest(self, table: reader.FileTable) -> str:
        return matching.nearest(table.header, self.options.platform, among=self.options.crosswalks)

    def _as_chosen(self, match: Match) -> Match:
        """The match as the shop's settings want it: its words for levels, contacts only where members are joined."""
        if self.settings and self.settings.level_words and match.crosswalk.table.name == "members":
            words = dict(match.crosswalk.words)
            words["level"] = {**words.get("level", {}), **self.settings.level_words}
            match = replace(match, crosswalk=replace(match.crosswalk, words=words))
        return match if self.settings and self.settings.join_by else match.without_contacts()

    def _part_record(
        self, part: Part, found: StagedFile, passed_over: list[str], unread: list[str]
    ) -> dict[str, Any]:
        crosswalk = part.crosswalk
        record: dict[str, Any] = {
            "platform": crosswalk.platform,
            "table": crosswalk.table.name,
            "sheet": part.file.sheet or "",
            "crosswalk": crosswalk.name,
            "crosswalk_digest": crosswalk.digest,
            **{k: v for k, v in asdict(found).items() if k not in ("blank_count", "whole", "notes")},
            "notes": [
                *notes_of(part, blank_count=found.blank_count, passed_over=passed_over, unread=unread),
                *found.notes,
            ],
        }
        if crosswalk.whole_orders and found.whole and not found.rejected_count and part.numbered:
            record["whole_orders"] = True
        if crosswalk.named_only:
            record["named_only"] = True
        return record

    def _commit(
        self,
        con: duckdb.DuckDBPyConnection,
        writer: Writer,
        staged: list[tuple[Part, StagedFile]],
        record: dict[str, Any],
        *,
        currency: str,
    ) -> list[Account]:
        """Hold the staged rows against the present ones and commit what differs."""
        from memberlib.loaders.comparison import compare

        self._check_channels(writer.current, [part for part, _ in staged])
        changes = False
        for n, ((part, found), account) in enumerate(zip(staged, record["parts"], strict=True)):
            table = part.crosswalk.table.name
            whole = part.crosswalk.whole_orders and found.whole and not found.rejected_count
            done = compare(
                con, part.crosswalk, writer.present(table), part=n, whole=whole, numbered=part.numbered
            )
            account["notes"] += [*done.notes, *overlaps(con, [p for p, _ in staged], n)]
            if table == "brushed":
                account["notes"] += brushed_notes(con, writer.present("orders"), n, currency=currency)
            account |= {k: getattr(done, k) for k in ("accepted_count", "replaced_count", "same_count")}
            if done.gone_count:
                account["notes"].append(
                    f"lines taken out, as their orders came again without them: {done.gone_count:,}"
                )
            if done.changes:
                changes = True
                writer.put(
                    con, table, done.fresh, replaced=done.replaced or None, same=done.same or None, part=n
                )
            elif done.same:
                writer.note_rows(con, table, n, same=done.same)
        known = any(_digest_of(before) == _digest_of(record) for before in writer.current.imports)
        contacts = self._contacts(con, writer, [part for part, _ in staged], known=known)
        rejected = any(found.rejected_count for _, found in staged) and not known
        kept = [p for p in record["parts"] if p["read_count"]]
        if not (changes or contacts or rejected):
            return self._unchanged(writer, record | {"parts": kept})
        import_id = str(writer.current.number + 1)
        for n, (_, found) in enumerate(staged):
            if found.rejected_count:
                rows = f"SELECT '{import_id}' AS import_id, * FROM refused_{n} ORDER BY row"
                writer.add(con, REJECTED.name, rows)
        if contacts:
            writer.add(
                con, "contacts", f"SELECT '{import_id}' AS import_id, * FROM ({contacts}) ORDER BY ALL"
            )
        self._add_shop(staged[0][0], record["options"]["time_zone"], currency)
        version = writer.commit(record, digest_of=_digest_of(record))
        return accounts_of(
            record | {"parts": kept}, self.options.store_id, import_id=import_id, version=version.number
        )

    def _contacts(
        self, con: duckdb.DuckDBPyConnection, writer: Writer, parts: list[Part], *, known: bool
    ) -> str:
        """SQL of the contacts this file brings; empty where it brings none that are not there."""
        tables = [
            f"contacts_{n}"
            for n, part in enumerate(parts)
            if part.match.contacts and "member_id" in part.crosswalk.table.names
        ]
        if not tables:
            return ""
        columns = ("member_id", "name", "phone", "email", "person_key")
        brought = " UNION ".join(f"SELECT * FROM {table}" for table in tables)
        con.execute(
            f"CREATE TEMP TABLE contacts_brought AS SELECT * FROM ({brought}) AS t({', '.join(columns)})"
        )
        # a file that is not in yet keeps all its contacts, so that they stay when another one is undone
        present = writer.present("contacts") if known else []
        new = "contacts_brought"
        if present:
            held = f"SELECT {', '.join(columns)} FROM read_parquet({literals(present)})"
            new = f"(SELECT * FROM contacts_brought EXCEPT {held})"
        (found,) = con.execute(f"SELECT count(*) FROM {new}").fetchall()[0]
        return "SELECT * FROM contacts_brought" if found else ""

    def _check_channels(self, version: LakeVersion, parts: list[Part]) -> None:
        """See that ids of two platforms are not mixed: one id may stand for two orders, or two persons."""
        own = {c.platform for c in crosswalks()} - {"generic"}
        platform = parts[0].crosswalk.platform
        if self.options.channel or platform not in own:
            return
        for record in version.imports:
            if record["options"].get("channel"):
                continue
            for part in record["parts"]:
                if part["platform"] in own and part["platform"] != platform:
                    raise InputError(
                        f"shop '{self.options.store_id}' holds {part['platform']}, and ids of two platforms may be the "
                        f"same: say where {self.name} comes from, as in --channel {platform}"
                    )

    def _add_shop(self, part: Part, zone: str, currency: str) -> None:
        """Have a new shop in stores.toml before its data is in the lake; two new shops at once wait for each other."""
        if self.options.store_id not in all_settings(self.options.data):
            defaults = {**part.crosswalk.defaults, "time_zone": zone}
            if currency:
                defaults["currency"] = currency
            with filelock.FileLock(self.options.data / "lake" / ".stores.lock"):
                ensure_settings(self.options.data, self.options.store_id, defaults)

    def _unchanged(self, writer: Writer, record: dict[str, Any]) -> list[Account]:
        """The accounts of an import that changes nothing."""
        first = next((i for i in writer.current.imports if _digest_of(i) == _digest_of(record)), None)
        if first is not None:
            record |= {"rejected_under": first["import_id"]}
        import_id = writer.keep_repeat(record)
        return accounts_of(record, self.options.store_id, import_id=import_id, version=writer.current.number)

    def _report_progress(self, share: float) -> None:
        if self.options.progress:
            self.options.progress(self.name, share)


def _import_of(version: LakeVersion, digest: str) -> dict[str, Any] | None:
    """The import of a file with this content.

    It is no newer for being given again: where a later export replaced its rows, those of the later one stand.
    """
    return next((dict(record) for record in version.standing if record["sha256"] == digest), None)


def _digest_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """What makes an import what it is."""
    parts = [[part["table"], part["sheet"], part["crosswalk_digest"]] for part in record["parts"]]
    return {"sha256": record["sha256"], "parts": parts, "options": record["options"]}
