"""How is a real database server had for a test?

Each is started in a temporary folder of its own, on this machine's loopback address and a free port, without root's
rights, and ended by its own process id. A test that needs one which is not installed is skipped, and says so.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PASSWORD = "correct-horse-7"
_PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A server that runs: the URL without and with the password of its user, and the folder of its socket."""

    port: int
    user: str
    folder: Path
    scheme: str

    def url(self, database: str = "shop", *, password: str | None = PASSWORD, options: str = "") -> str:
        secret = "" if password is None else f":{password}"
        return f"{self.scheme}://{self.user}{secret}@127.0.0.1:{self.port}/{database}{options}"


@contextmanager
def postgres() -> Iterator[Server]:
    """A PostgreSQL server with an empty database ``shop``."""
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    found = shutil.which("initdb") or next((str(p / "initdb") for p in newest[::-1]), None)
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
    account = _account("postgres")
    if found is None or account is None:
        pytest.skip(
            "PostgreSQL is not installed (Debian: apt install postgresql), or there is no account to run it"
        )
    programs = Path(found).resolve().parent
    with _folder(account) as folder:
        (folder / "password").write_text(PASSWORD)
        made = ["-D", folder / "data", "-U", "ann", "-E", "UTF8", "--locale=C", "--no-sync"]
        access = ["--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={folder / 'password'}"]
        _run(account, [programs / "initdb", *made, *access])
        port = _free_port()
        command = [programs / "postgres", "-D", folder / "data", "-k", folder, "-p", port,
                   "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]  # fmt: skip
        with _running(account, command, folder):
            server = Server(port, "ann", folder, "postgresql")

            def ready() -> None:
                with psycopg.connect(server.url("postgres"), autocommit=True) as con:
                    con.execute("CREATE DATABASE shop")

            _wait_for(ready, psycopg.OperationalError)
            yield server


@contextmanager
def mariadb() -> Iterator[Server]:
    """A MariaDB server with an empty database ``shop``."""
    programs = [shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin") for name in
                ("mariadb-install-db", "mariadbd")]  # fmt: skip
    pymysql = pytest.importorskip("pymysql", reason="pymysql is not installed")
    account = _account("mysql")
    if None in programs or account is None:
        pytest.skip(
            "MariaDB is not installed (Debian: apt install mariadb-server), or there is no account to run it"
        )
    with _folder(account) as folder:
        own = ["--no-defaults", f"--datadir={folder / 'data'}"]
        _run(account, [programs[0], *own, "--auth-root-authentication-method=normal", "--skip-test-db"])
        port, at = _free_port(), folder / "socket"
        command = [programs[1], *own, f"--socket={at}", f"--port={port}", "--bind-address=127.0.0.1",
                   f"--pid-file={folder / 'pid'}", "--innodb-flush-log-at-trx-commit=0"]  # fmt: skip
        with _running(account, command, folder):
            server = Server(port, "ann", folder, "mysql")

            def ready() -> None:
                if not at.exists():
                    raise pymysql.OperationalError("not there yet")
                with pymysql.connect(unix_socket=str(at), user="root") as con, con.cursor() as cursor:
                    cursor.execute("CREATE DATABASE shop CHARACTER SET utf8mb4")
                    cursor.execute(f"CREATE USER ann@'%' IDENTIFIED BY '{PASSWORD}'")
                    cursor.execute("GRANT ALL ON *.* TO ann@'%'")

            _wait_for(ready, pymysql.OperationalError)
            yield server


def _account(name: str) -> pwd.struct_passwd | None:
    """The account to run a server with: our own, or where that is root's, the one its package made."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid())
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _as(account: pwd.struct_passwd) -> dict[str, object]:
    if os.getuid() != 0:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@contextmanager
def _folder(account: pwd.struct_passwd) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="memberlib-server-"))
    try:
        if os.getuid() == 0:
            os.chown(folder, account.pw_uid, account.pw_gid)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(account: pwd.struct_passwd, command: list[object]) -> None:
    ran = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, cwd="/", **_as(account)
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@contextmanager
def _running(account: pwd.struct_passwd, command: list[object], folder: Path) -> Iterator[None]:
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [str(part) for part in command], stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/",
            **_as(account),
        )  # fmt: skip
    try:
        yield
    except BaseException:
        print((folder / "log").read_text(errors="replace")[-2000:])
        raise
    finally:
        # PostgreSQL waits for its clients on SIGTERM and not on SIGINT; MariaDB knows SIGTERM alone
        process.send_signal(signal.SIGINT if "postgres" in str(command[0]) else signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(ready: Callable[[], None], refused: type[Exception]) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return ready()
        except refused:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
