"""Start or reach the Spark session that holds a shop's tables.

One session serves every shop of a process. It is Spark within this process (``spark.master = "local[2]"``), a cluster
(``spark://host:7077``, ``yarn``, ``k8s://…``), a server of Spark Connect (``spark.remote = "sc://host:15002"``), or a
session that was there before, as in a notebook of a hosted Spark.
"""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import socket
import tempfile
import warnings
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from memberlib.engine import MEMORY, bytes_of
from memberlib.errors import InputError

JAVA = 17
_PATIENCE_SECONDS = 5
_QUIET = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR"}
_ALONE = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    # 200, Spark's own number, is for clusters: small shops would wait for empty tasks
    "spark.sql.shuffle.partitions": "8",
}
"""What Spark within this process is told where the shop says nothing: it listens to nobody else."""


class _Running:
    """The session of this process, by the options it was made with."""

    def __init__(self, session: Any, options: Mapping[str, Any]) -> None:
        self.session, self.options, self.owner = session, dict(options), os.getpid()


_running: _Running | None = None
_views: dict[int, list[str]] = {}
"""Names of the tables of each connection that is in use, by its id: to ibis, connections of one session are equal."""


def connected(options: Mapping[str, Any], where: str) -> Any:
    """An ibis connection of its own over the session of this process.

    Parameters
    ----------
    options : mapping
        What the session is told.
    where : str
        What an error begins with.

    Raises
    ------
    InputError
        In one line, where pyspark or Java is missing, nobody answers, or the session cannot be had.
    """
    try:
        import pyspark  # noqa: F401
    except ImportError:
        raise InputError(f"{where}: pyspark is not installed: pip install 'memberlib[spark]'") from None
    import ibis

    # pyspark says so at every frame that it hands over
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    con = ibis.pyspark.connect(_session(options, where))
    drop = con._drop_cached_table

    def dropped(name: str) -> None:
        """Let go of a kept table; when the process or the session ends, it has gone with them."""
        with contextlib.suppress(Exception):
            drop(name)

    con._drop_cached_table = dropped
    _views[id(con)] = []
    weakref.finalize(con, _views.pop, id(con), None)
    return con


def table(
    con: Any, place: str, name: str, *, zone: str, is_path: bool = False, is_delta: bool = False
) -> Any:
    """A table of the session's catalogue, or of a path, as an ibis table by that name.

    Spark's TIMESTAMP is a moment, and becomes the wall time of the shop's zone; TIMESTAMP_NTZ is wall time already.
    """
    session = con._session
    if is_delta:
        rows = session.read.format("delta").load(place)
    else:
        rows = session.read.parquet(place) if is_path else session.table(place)
    picked = [_wall_time(field, zone) for field in rows.schema]
    rows.selectExpr(*picked).createOrReplaceTempView(name)
    _views[id(con)].append(name)
    return con.table(name)


def _wall_time(field: Any, zone: str) -> str:
    column = f"`{field.name.replace('`', '``')}`"
    if field.dataType.typeName() != "timestamp":
        return column
    # the session's own zone is UTC
    moved = column if zone == "UTC" else f"from_utc_timestamp({column}, '{zone}')"
    return f"CAST({moved} AS TIMESTAMP_NTZ) AS {column}"


def let_go(con: Any) -> None:
    """Forget a connection's tables; the session stays for other shops."""
    for name in _views.pop(id(con), []):
        with contextlib.suppress(Exception):
            con._session.catalog.dropTempView(name)


def _session(options: Mapping[str, Any], where: str) -> Any:
    global _running
    if _running is not None and _running.owner == os.getpid() and _alive(_running.session):
        if _running.options == dict(options):
            return _running.session
        gc.collect()
        if len(_views):
            raise InputError(
                f"{where}: a shop with other options of Spark is open in this process; close() it first"
            )
        _running.session.stop()
    _running = None
    there = _there_before()
    if there is not None:
        return there
    asked = {
        name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in options.items()
    }
    remote = asked.pop("spark.remote", None)
    session = _remote(remote, asked, where) if remote else _own(asked, where)
    _running = _Running(session, options)
    return session


def _alive(session: Any) -> bool:
    context = getattr(session, "_sc", None)
    return context is None or context._jsc is not None


def _there_before() -> Any:
    """A session that somebody else made in this process, with settings of its own for us; None without one."""
    from pyspark.sql import SparkSession

    try:
        found = SparkSession.getActiveSession()
    except Exception:  # of Spark Connect, without its packages
        return None
    return None if found is None else found.newSession()


def _own(asked: dict[str, str], where: str) -> Any:
    """A session of Spark's own kind: a Java process of this one, which ends with it."""
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    master = asked.get("spark.master") or os.environ.get("MASTER") or "local[*]"
    asked = {"spark.app.name": "memberlib", **_QUIET, "spark.master": master, **asked}
    if master.startswith("local"):
        asked = {**_ALONE, **_memory(), **asked}
    _check_java(where)
    if master.startswith("spark://"):
        _check_reached(master.removeprefix("spark://").split(","), 7077, where=where, what=master)
    conf = SparkConf(loadDefaults=False).setAll(list(asked.items()))
    with tempfile.TemporaryFile() as said:
        try:
            # Java's own words would stand in notebooks and among a run's lines
            streams = {"stdout": said, "stderr": said}
            gateway = SparkContext._gateway or launch_gateway(conf, popen_kwargs=streams)
            SparkContext(conf=conf, gateway=gateway)
            return SparkSession.builder.config(conf=conf).getOrCreate()
        except Exception as error:
            said.seek(0)
            told = reason(error, said.read().decode("utf-8", "replace"))
            raise InputError(f"{where}: Spark ({master}) could not be started: {told}") from None


def _remote(remote: str, asked: Mapping[str, str], where: str) -> Any:
    """A session of a server of Spark Connect."""
    parts = urlsplit(remote)
    if parts.scheme != "sc" or not parts.hostname:
        raise InputError(f"{where}: spark.remote {remote!r} is no address; write it as sc://host:15002")
    _check_reached([parts.netloc.rpartition("@")[2]], 15002, where=where, what=remote)
    try:
        from pyspark.sql.connect.session import SparkSession

        builder = SparkSession.builder.remote(remote)
        for name, value in asked.items():
            builder = builder.config(name, value)
        return builder.getOrCreate()
    except ImportError:
        raise InputError(
            f"{where}: spark.remote needs packages that are not installed: pip install 'pyspark[connect]'"
        ) from None
    except Exception as error:
        raise InputError(f"{where}: {remote} does not answer: {reason(error, '')}") from None


def _memory() -> dict[str, str]:
    """The bound of this process's engine, where one is set."""
    bound = bytes_of(os.environ.get(MEMORY, ""))
    return {"spark.driver.memory": f"{max(bound // 1024**2, 512)}m"} if bound else {}


def _check_java(where: str) -> None:
    home = os.environ.get("JAVA_HOME")
    java = "java.exe" if os.name == "nt" else "java"
    if home and not (Path(home) / "bin" / java).is_file():
        raise InputError(
            f"{where}: JAVA_HOME is {home}, where there is no Java; Spark needs Java {JAVA} or later"
        )
    if not home and shutil.which("java") is None:
        raise InputError(
            f"{where}: Spark needs Java {JAVA} or later, and there is none; install it, or set JAVA_HOME to where it is"
        )


def _check_reached(places: list[str], port: int, *, where: str, what: str) -> None:
    """See to it that somebody listens at one of the places; Spark itself would try for a minute."""
    for place in places:
        parts = urlsplit(f"//{place}")
        try:
            address = (parts.hostname or "localhost", parts.port or port)
        except ValueError:
            raise InputError(f"{where}: {what} is no address; its port is no number") from None
        with contextlib.suppress(OSError), socket.create_connection(address, timeout=_PATIENCE_SECONDS):
            return
    raise InputError(f"{where}: nobody answers at {what}; is it running, and can this machine reach it?")


def reason(error: BaseException, said: str = "") -> str:
    """What is to blame, in one line: Java's own words where Python only knows that it ended."""
    java = getattr(error, "java_exception", None)
    text = str(java.toString()) if java is not None else str(error)
    if "GATEWAY_EXITED" in text or not text.strip():
        told = [
            line for line in said.splitlines() if "Error" in line or "Exception" in line
        ] or said.splitlines()
        text = told[0] if told else type(error).__name__
    if "DATA_SOURCE_NOT_FOUND" in text and "delta" in text:
        return "a Delta table needs Delta's own package in Spark, by the option spark.jars.packages"
    return text.strip().splitlines()[0].partition(" SQLSTATE")[0]
