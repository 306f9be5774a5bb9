"""A private PostgreSQL server for tests: started in a temporary folder and gone with the tests."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
from psycopg2 import sql

from calibrify_core.testing.processes import NotStarted, await_answer, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

_INSTALLED = Path("/usr/lib/postgresql")
_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_OWNER = "calibrify"
# Nothing of a test database has to survive a crash, so nothing waits for the disk.
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "lc_messages": "C",
}


class PostgresUnavailable(Exception):
    """No PostgreSQL server programs are installed, or the server did not start."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running private server, listening on the loopback address only.

    Attributes:
        port: TCP port on 127.0.0.1.
        password: password of the only role, a superuser; new for each server.
        pid: process id of the server.
        folder: the temporary folder that holds the data and the log.
    """

    port: int
    password: str
    pid: int
    folder: Path

    def url(self, database: str) -> str:
        """Return the SQLAlchemy address of a database of this server.

        Args:
            database: name of the database.
        """
        return f"postgresql+psycopg2://{_OWNER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str | None = None, *, template: str = "template0") -> str:
        """Create a database, as a copy of another one where a template is named.

        A copy takes some 50 ms, so a migrated database is made once and
        copied for each test that needs its own. Nobody may be connected to the template meanwhile.

        Args:
            name: name of the new database; a fresh one is made up where none is given.
            template: name of the database to copy.

        Returns:
            The name of the new database.
        """
        name = name or f"test_{secrets.token_hex(6)}"
        self._administer(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, and whoever is still connected to it; an absent one is no error.

        Args:
            name: name of the database.
        """
        self._administer(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )

    def _administer(self, statement: sql.Composable) -> None:
        """Run a statement that PostgreSQL refuses inside a transaction."""
        connection = self._connect()
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()

    def _connect(self) -> psycopg2.extensions.connection:
        return psycopg2.connect(
            host="127.0.0.1",
            port=self.port,
            user=_OWNER,
            password=self.password,
            dbname="postgres",
            connect_timeout=5,
        )


@contextlib.contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Run a private PostgreSQL server for as long as the context lasts.

    One server for each pytest worker is the cheap choice: it starts in half a second, and workers
    that share nothing need no lock and no count of who still uses it.

    Yields:
        The running server.

    Raises:
        PostgresUnavailable: if the programs are not installed, or the server does not start.
    """
    programs = find_programs()
    account = _unprivileged_account()
    with tempfile.TemporaryDirectory(prefix="calibrify-postgres-") as name:
        folder = Path(name)
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        password = secrets.token_urlsafe(16)
        _initialise(programs, folder, password, account)
        port = free_port()
        process = _launch(programs, folder, port, account)
        try:
            server = PostgresServer(port=port, password=password, pid=process.pid, folder=folder)
            _await_readiness(server, process)
            yield server
        finally:
            _stop(process)


def find_programs() -> Path:
    """Return the folder of the newest installed PostgreSQL that can run a server.

    Raises:
        PostgresUnavailable: if there is none.
    """
    found = [path.parent for path in _INSTALLED.glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda folder: float(folder.parent.name))
    on_path = shutil.which("initdb")
    if on_path is None:
        raise PostgresUnavailable(
            "No PostgreSQL server is installed; on Debian or Ubuntu: apt-get install postgresql"
        )
    return Path(on_path).resolve().parent


def _unprivileged_account() -> pwd.struct_passwd | None:
    """Return whom the server runs as: PostgreSQL refuses root, so root lends another account."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _initialise(
    programs: Path, folder: Path, password: str, account: pwd.struct_passwd | None
) -> None:
    """Make the data folder; the password travels by a file that the server's user alone reads."""
    secret = folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(password, encoding="utf-8")
    if account is not None:
        os.chown(secret, account.pw_uid, account.pw_gid)
    done = subprocess.run(
        [
            str(programs / "initdb"),
            f"--pgdata={folder / 'data'}",
            f"--username={_OWNER}",
            f"--pwfile={secret}",
            "--auth=password",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            "--no-instructions",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        user=None if account is None else account.pw_uid,
        group=None if account is None else account.pw_gid,
        extra_groups=None if account is None else [],
    )
    secret.unlink()
    if done.returncode != 0:
        raise PostgresUnavailable(f"initdb failed: {done.stderr.strip()}")


def _launch(
    programs: Path, folder: Path, port: int, account: pwd.struct_passwd | None
) -> subprocess.Popen[bytes]:
    """Start the server as a child that ends with us, even where the tests are killed."""
    command = [str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port)]
    command += ["-h", "127.0.0.1"]
    for setting, value in _SETTINGS.items():
        command += ["-c", f"{setting}={value}"]
    setpriv = shutil.which("setpriv")
    if setpriv is not None:
        command = [setpriv, "--pdeathsig", "INT", *command]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            # A Ctrl-C in the terminal is for pytest, which then stops the server itself.
            start_new_session=True,
            user=None if account is None else account.pw_uid,
            group=None if account is None else account.pw_gid,
            extra_groups=None if account is None else [],
        )


def _await_readiness(server: PostgresServer, process: subprocess.Popen[bytes]) -> None:
    def greet() -> None:
        server._connect().close()

    try:
        await_answer(process, greet, psycopg2.OperationalError, _START_SECONDS)
    except NotStarted as error:
        log = (server.folder / "log").read_text(encoding="utf-8", errors="replace")
        raise PostgresUnavailable(f"PostgreSQL did not start: {log.strip()}") from error


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop by pid: SIGQUIT leaves at once, without the checkpoint that nobody will read."""
    process.send_signal(signal.SIGQUIT)
    try:
        process.wait(timeout=_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
