"""The same background work by the embedded relay, and by Celery workers on a real Redis."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from calibrify_core import app as root
from calibrify_core.kernel.settings import load_settings
from calibrify_core.tasks.outbox import OutboxRow
from calibrify_core.testing.client import ApiClient
from calibrify_core.testing.house import House, build
from calibrify_core.testing.processes import free_port
from calibrify_core.testing.redis import RedisServer, running_redis
from calibrify_core.work.platform import Platform

HERE = Path(__file__).parent
# It is found by the path of the programs, as an installed plugin is.
collect_ignore = ["calibrify_probe"]
METADATA = "Metadata-Version: 2.1\nName: calibrify-probe\nVersion: 1.0\n"
ENTRY_POINTS = "[calibrify.plugins]\nprobe = calibrify_probe.plugin\n"
POSTGRES = pytest.mark.postgres
WAYS = [
    pytest.param(("embedded", "sqlite"), id="embedded-sqlite"),
    pytest.param(("embedded", "postgresql"), id="embedded-postgresql", marks=POSTGRES),
    pytest.param(("celery", "sqlite"), id="celery-sqlite"),
    pytest.param(("celery", "postgresql"), id="celery-postgresql", marks=POSTGRES),
]


@dataclass
class Plant:
    """An installation: its application here, its background work in programs of their own."""

    platform: Platform
    client: ApiClient
    redis: RedisServer | None
    environ: dict[str, str]
    folder: Path
    programs: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def runner(self) -> str:
        """Name of the program that runs rows."""
        return "serve" if self.redis is None else "worker"

    @property
    def clockwork(self) -> list[str]:
        """The command of the program that starts schedules."""
        return self.command("serve" if self.redis is None else "scheduler")

    @staticmethod
    def command(name: str) -> list[str]:
        """Returns the arguments of a program."""
        return ["serve", "--port", str(free_port())] if name == "serve" else [name]

    def start(self, name: str, command: list[str] | None = None) -> None:
        """Starts a program under a name."""
        calibrify = str(Path(sys.executable).with_name("calibrify"))
        with (self.folder / f"{name}.log").open("ab") as log:
            self.programs[name] = subprocess.Popen(
                [calibrify, *(command or self.command(name))],
                env=self.environ,
                stdout=log,
                stderr=log,
            )

    def start_all(self) -> None:
        """Starts what does the background work."""
        for name in ["serve"] if self.redis is None else ["relay", "worker", "scheduler"]:
            self.start(name)

    def kill(self, name: str) -> None:
        """Kills a program at once, its children too."""
        process = self.programs.pop(name)
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, check=False
        ).stdout.split()
        process.kill()
        process.wait()
        for child in children:
            subprocess.run(["kill", "-KILL", child.decode()], capture_output=True, check=False)

    def end(self) -> None:
        """Stops all programs."""
        for process in self.programs.values():
            process.terminate()
        for process in self.programs.values():
            try:
                process.wait(25)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def enqueue(self, task: str, **payload: Any) -> Any:
        """Enqueues a task; returns the id of its row."""
        with self.platform.unit() as unit:
            return unit.enqueue(task, payload)

    def row(self, row_id: Any) -> OutboxRow:
        """Returns a row of the outbox."""
        with self.platform.session(write=False) as session:
            return session.scalars(sa.select(OutboxRow).where(OutboxRow.id == row_id)).one()

    def until(self, condition: Callable[[], Any], seconds: float = 120) -> Any:
        """Waits until something is true, and returns it."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.05)
        return found

    def logs(self) -> str:
        """Returns what the programs said last."""
        return "\n".join(
            path.read_text(encoding="utf-8")[-3000:] for path in self.folder.glob("*.log")
        )


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    """A private Redis for a module of tests."""
    with running_redis() as server:
        yield server


@pytest.fixture(scope="module", params=WAYS)
def plant(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plant]:
    """A running installation with the equipment plugin and the probe."""
    way, kind = request.param
    folder = tmp_path_factory.mktemp("plant")
    information = folder / "calibrify_probe-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(METADATA, encoding="utf-8")
    (information / "entry_points.txt").write_text(ENTRY_POINTS, encoding="utf-8")
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CALIBRIFY_")},
        "PYTHONPATH": f"{folder}:{HERE}",
        "CALIBRIFY_DATA_DIR": str(folder / "var"),
        "CALIBRIFY_PLUGINS": "equipment probe",
        "CALIBRIFY_ENVIRONMENT": "testing",
        "CALIBRIFY_LOG_LEVEL": "WARNING",
        "CALIBRIFY_RATE_LIMITS": "false",
    }
    redis = request.getfixturevalue("redis_server") if way == "celery" else None
    if redis is not None:
        environ["CALIBRIFY_REDIS_URL"] = redis.url
        with redis.client() as client:
            client.flushall()
    postgres = request.getfixturevalue("postgres_server") if kind == "postgresql" else None
    database = None if postgres is None else postgres.create_database()
    if postgres is not None:
        environ["CALIBRIFY_DATABASE_URL"] = postgres.url(database)
    settings = load_settings(
        {name: value for name, value in environ.items() if name.startswith("CALIBRIFY_")}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.syspath_prepend(str(HERE))
        platform = root.make_platform(settings)
    client = House(platform, build(platform)).api("metrology_manager")
    made = Plant(platform, client, redis, environ, folder)
    made.start_all()
    try:
        yield made
    finally:
        made.end()
        platform.database.dispose()
        if postgres is not None:
            postgres.drop_database(database)
