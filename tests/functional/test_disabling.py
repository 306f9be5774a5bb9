"""A plugin that is left out of the installation: gone from sight, its data whole, and back."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
import sqlalchemy as sa

from calibrify_core import app as root
from calibrify_core.auth.grants import Grants
from calibrify_core.auth.recognition import Visit
from calibrify_core.auth.roles import Roles
from calibrify_core.auth.tokens import Tokens
from calibrify_core.auth.users import Users
from calibrify_core.cli.database import bring_up
from calibrify_core.kernel.errors import ConfigurationError
from calibrify_core.kernel.settings import Settings
from calibrify_core.persistence.lineages import Lineage, differences, downgrade, states
from calibrify_core.testing.client import ApiClient
from calibrify_core.testing.house import PASSWORD
from calibrify_core.work.platform import Platform
from calibrify_core.worker import make_runner

E = "/api/v1/equipment/"
PROGRAM = str(Path(sys.executable).parent / "calibrify")
BOTH = ("equipment", "calibration")


@contextmanager
def installation(settings: Settings) -> Iterator[tuple[Platform, Any]]:
    """Opens the installation with the plugins of its settings, its tables brought up."""
    platform = root.make_platform(settings)
    try:
        bring_up(platform)
        yield platform, root.make_app(settings, platform)
    finally:
        platform.database.dispose()


def hire(platform: Platform) -> None:
    """Makes an administrator who is a metrology manager too."""
    with platform.unit() as unit:
        user = Users(unit).create(username="boss", password=PASSWORD)
        for name in ("administrator", "metrology_manager"):
            role = Roles(unit).named(name)
            assert role is not None
            Grants(unit).give(role.id, user_id=user.id)


def client(platform: Platform, app: Any) -> ApiClient:
    """Returns a client of that administrator."""
    return ApiClient(app, Tokens(platform).issue("boss", PASSWORD, Visit()).access_token)


def rows(platform: Platform) -> dict[str, int]:
    """Returns how many rows the tables of calibration have."""
    with platform.database.reader.connect() as connection:
        names = sa.inspect(connection).get_table_names()
        return {
            name: connection.execute(sa.text(f"SELECT count(*) FROM {name}")).scalar_one()
            for name in names
            if name.startswith("calibration_")
        }


def calibrate(api: ApiClient, equipment_id: str) -> str:
    """Records a calibration by an outside laboratory."""
    body = {
        "equipment_id": equipment_id,
        "performed_at": "2026-11-20T09:30:00Z",
        "kind": "periodic",
        "points": [
            {"parameter": "Voltage", "unit": "V", "nominal": "10", "lower_limit": "9",
             "upper_limit": "11", "as_found": ["10.1"]}
        ],
    }  # fmt: skip
    return str(api.post_json("/api/v1/calibrations/", body, status=201).json["id"])


def test_disabled_and_enabled_again(make_settings: Callable[..., Settings]) -> None:
    with installation(make_settings(plugins=BOTH)) as (platform, app):
        hire(platform)
        api = client(platform, app)
        early = api.post_json(E, {"name": "Registered early"}).json
        record = calibrate(api, early["id"])
        held = api.get("/api/v1/users/me/").json["permissions"]
        with platform.unit() as unit:
            unit.enqueue("calibration.render_certificate", {"certificate_id": record})
        before = rows(platform)

    with installation(make_settings(plugins=("equipment",))) as (platform, app):
        assert rows(platform) == before
        lineages = root.lineages(platform.plugins)
        assert all(state.up_to_date for state in states(platform.database, lineages))
        assert differences(platform.database, lineages) == []
        assert [one for one in platform.plugins.named("calibrify_tasks") if "calib" in one] == []
        api = client(platform, app)
        for address in ("/api/v1/calibrations/", f"{E}{early['id']}/calibrations/"):
            api.get(address, status=404)
        found = {row["name"]: row for row in api.get(E).json["results"]}
        assert "due_on" not in found["Registered early"]
        api.get(f"{E}?calibration_status=overdue", status=422)
        without = api.get("/api/v1/users/me/").json["permissions"]
        assert [name for name in without if name.startswith("calibration.")] == []
        assert set(without) < set(held)
        late = api.post_json(E, {"name": "Registered late"}).json
        make_runner(platform).drain()
        parked = outbox(platform)
        assert (
            "parked",
            "No enabled plugin declares the task calibration.render_certificate.",
        ) in (parked)
        assert rows(platform) == before
        with pytest.raises(ConfigurationError) as caught:
            downgrade(platform.database, Lineage("equipment", "calibrify_equipment.migrations"))
        assert caught.value.detail.startswith("The tables of equipment stay: calibration_")
        assert caught.value.detail.endswith(
            "Take calibration back first: `calibrify db downgrade calibration`."
        )

    with installation(make_settings(plugins=BOTH)) as (platform, app):
        api = client(platform, app)
        assert api.get("/api/v1/users/me/").json["permissions"] == held
        found = {row["name"]: row for row in api.get(E).json["results"]}
        assert found["Registered late"]["calibration_status"] == "never_calibrated"
        assert api.get(f"/api/v1/calibrations/{record}/").json["equipment_id"] == early["id"]
        assert api.get(f"{E}{late['id']}/calibrations/").json["results"] == []


def outbox(platform: Platform) -> set[tuple[str, str | None]]:
    """Returns state and error of all rows of the outbox."""
    with platform.database.reader.connect() as connection:
        found = connection.execute(sa.text("SELECT state, error FROM core_outbox"))
        return {(row.state, row.error) for row in found}


@contextmanager
def serving(environ: dict[str, str]) -> Iterator[str]:
    """Runs the server as a process of its own; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [PROGRAM, "serve", "--port", str(port)],
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 90
        while status(f"{address}/health/live") != 200:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def status(address: str) -> int:
    """Returns what an address answers, 0 if nobody does."""
    try:
        with urlopen(address, timeout=5) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except (URLError, ConnectionError, TimeoutError):
        return 0


@pytest.mark.timeout(400)
def test_a_process_runs_what_its_environment_names(tmp_path: Path) -> None:
    environ = {
        **os.environ,
        "CALIBRIFY_DATA_DIR": str(tmp_path),
        "CALIBRIFY_SECRET_KEY": "k" * 64,
        "CALIBRIFY_ENVIRONMENT": "testing",
    }
    for plugins, command, expected in (
        ("equipment,calibration", "upgrade", 401),
        ("equipment", "check", 404),
    ):
        environ["CALIBRIFY_PLUGINS"] = plugins
        subprocess.run([PROGRAM, "db", command], env=environ, check=True, capture_output=True)
        with serving(environ) as address:
            assert status(f"{address}/api/v1/equipment/") == 401
            assert status(f"{address}/api/v1/calibrations/") == expected


def test_a_plugin_whose_needs_are_gone_is_told_with_the_reason(tmp_path: Path) -> None:
    folder = tmp_path / "calibrify_lonely-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: calibrify-lonely\nVersion: 1.0\n"
        "Requires-Dist: calibrify-vanished\n",
        encoding="utf-8",
    )
    (folder / "entry_points.txt").write_text(
        "[calibrify.plugins]\nlonely = calibrify_lonely.plugin\n", encoding="utf-8"
    )
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
        "CALIBRIFY_DATA_DIR": str(tmp_path / "var"),
        "CALIBRIFY_SECRET_KEY": "k" * 64,
    }
    reason = (
        "Plugin lonely needs calibrify-vanished, which is not installed: install it, or leave "
        "lonely out of CALIBRIFY_PLUGINS."
    )

    def told(*arguments: str) -> str:
        done = subprocess.run(
            [PROGRAM, *arguments], env=environ, check=False, capture_output=True, text=True
        )
        return done.stdout + done.stderr

    assert f"lonely 1.0 (calibrify-lonely): cannot run: {reason}" in told("plugin", "list")
    assert reason in told("doctor")
    assert reason in told("db", "upgrade")
