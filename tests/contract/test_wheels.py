"""The wheels alone, in an empty environment, serve Calibrify: no file of the checkout is needed."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(path.parent.name for path in ROOT.glob("plugins/*/setup.cfg"))
UV = Path(sys.executable).with_name("uv")
START_SECONDS = 60.0

pytestmark = pytest.mark.timeout(420)


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Build from a copy of what the tree holds, so that an old build folder cannot help."""
    work = tmp_path_factory.mktemp("wheels")
    source = work / "source"
    kept = ["setup.cfg", "pyproject.toml", "LICENSE", "README.md"]
    kept += ["calibrify_core", "config", "migrations", "static", "plugins"]
    source.mkdir()
    present = [entry for entry in kept if (ROOT / entry).exists()]
    run(
        "tar",
        "--create",
        "--file",
        work / "source.tar",
        "--exclude=__pycache__",
        "--exclude=*.egg-info",
        "--exclude=build",
        *present,
        cwd=ROOT,
    )
    run("tar", "--extract", "--file", work / "source.tar", "--directory", source, cwd=work)
    for home in [source, *(source / "plugins" / plugin for plugin in PLUGINS)]:
        run(
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--no-build-isolation", "--wheel-dir", work / "dist", home),
            cwd=work,
        )
    return sorted((work / "dist").glob("*.whl"))


@pytest.fixture(scope="module")
def environment(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the locked requirements and the wheels, and nothing else."""
    home = tmp_path_factory.mktemp("environment")
    python = home / "venv/bin/python"
    run(UV, "venv", "--quiet", "--python", sys.executable, home / "venv", cwd=home)
    install = (UV, "pip", "install", "--quiet", "--python", python)
    lock = ROOT / "config/requirements/runtime.txt"
    run(*install, "--require-hashes", "--requirement", lock, cwd=home)
    run(*install, "--no-deps", *wheels, cwd=home)
    return home


def clean_environment(data: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"CALIBRIFY_DATA_DIR": str(data)}


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
