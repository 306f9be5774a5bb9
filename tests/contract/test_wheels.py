"""The wheels alone, in an empty environment, serve Calibrify: no file of the checkout is needed."""

import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wheelhouse import PLUGINS, ROOT, clean_environment, make_environment, run

START_SECONDS = 60.0

pytestmark = pytest.mark.timeout(420)


@pytest.fixture(scope="module")
def environment(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the locked requirements and the wheels, and nothing else."""
    home = tmp_path_factory.mktemp("environment")
    make_environment(home, wheels)
    return home


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except (urllib.error.URLError, ConnectionError):
        return False
    return True


@pytest.fixture(scope="module")
def address(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = tmp_path_factory.mktemp("data")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = data / "server.log"
    command = environment / "venv/bin/calibrify"
    run(command, "db", "upgrade", cwd=data, env=clean_environment(data))
    with log.open("wb") as output:
        server = subprocess.Popen(
            [str(command), "serve", "--host", "127.0.0.1", "--port", str(port)],
            cwd=data,
            env=clean_environment(data),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + START_SECONDS
        while not answers(f"{address}/health/live"):
            said = log.read_text(encoding="utf-8", errors="replace")
            assert server.poll() is None, f"the server ended: {said}"
            assert time.monotonic() < deadline, f"no answer: {said}"
            time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)


def fetch(url: str) -> tuple[int, str, bytes]:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.status, answer.headers["Content-Type"], answer.read()


def test_the_sign_in_page_and_its_style_sheet_are_served(address: str) -> None:
    status, kind, body = fetch(f"{address}/")
    page = body.decode("utf-8")
    assert status == 200
    assert kind.startswith("text/html")
    assert 'type="password"' in page
    sheets = re.findall(r'<link[^>]+href="([^"]+\.css)"', page)
    assert sheets
    for sheet in sheets:
        status, kind, body = fetch(address + sheet)
        assert (status, kind.split(";")[0]) == (200, "text/css")
        assert body


def test_the_command_runs_outside_the_checkout(environment: Path) -> None:
    said = run(
        environment / "venv/bin/python",
        "-c",
        "import calibrify_core, calibrify_core.static; print(calibrify_core.__file__)",
        cwd=environment,
        env=clean_environment(environment),
    )
    assert said.startswith(str(environment))


def shipped(folder: Path, prefix: str) -> set[str]:
    """Name, as in a wheel, each file that a package folder must ship."""
    return {
        f"{prefix}/{path.relative_to(folder).as_posix()}"
        for path in folder.rglob("*")
        if path.is_file() and not {"__pycache__", "requirements"} & set(path.parts)
    }


# What keeps the vendored files up to date, and what only a checkout uses.
LEFT_OUT = {
    "calibrify_core/static/vendor/build.py",
    "calibrify_core/config/oxlint.json",
}


def test_the_wheels_hold_every_file_of_the_packages(wheels: list[Path]) -> None:
    held: set[str] = set()
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            held |= {entry for entry in archive.namelist() if ".dist-info/" not in entry}
    expected = shipped(ROOT / "calibrify_core", "calibrify_core")
    for folder in ("config", "migrations", "static"):
        expected |= shipped(ROOT / folder, f"calibrify_core/{folder}")
    for plugin in PLUGINS:
        package = f"calibrify_{plugin}"
        expected |= shipped(ROOT / "plugins" / plugin / "src" / package, package)
    assert sorted(expected - held - LEFT_OUT) == []
    assert sorted(held - expected) == []
