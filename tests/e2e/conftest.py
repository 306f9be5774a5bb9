"""A real server, a real browser: the product as a person meets it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

# A machine that runs other tests too may need some seconds for a page.
expect.set_options(timeout=20_000)
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_COLOUR = ["color-contrast", "link-in-text-block"]
KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@dataclass
class Server:
    """A server process with its own data.

    Attributes:
        base: its address.
        environ: what it runs with.
        folder: its data folder.
        programs: the folder with the command.
    """

    base: str
    environ: dict[str, str]
    folder: Path
    programs: Path = Path(sys.executable).parent
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self, *options: str) -> None:
        """Starts it and waits until it is ready."""
        port = self.base.rpartition(":")[2]
        log = (self.folder / "server.log").open("ab")
        self.process = subprocess.Popen(
            [str(self.programs / "calibrify"), "serve", "--port", port, *options],
            env=self.environ,
            stdout=log,
            stderr=log,
        )
        log.close()
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.base}/health/ready", timeout=5):
                    return
            except OSError:
                time.sleep(0.2)
        pytest.fail((self.folder / "server.log").read_text(encoding="utf-8")[-3000:])

    def kill(self) -> None:
        """Kills it at once, as a power cut would."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def stop(self) -> None:
        """Asks it to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def run(self, *arguments: str, text: str = "") -> str:
        """Runs a command on the same data; returns what it printed."""
        done = subprocess.run(
            [str(self.programs / "calibrify"), *arguments],
            env=self.environ,
            input=text.encode(),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    @property
    def password(self) -> str:
        """The password of the demonstration's people."""
        return (self.folder / "demo-credentials").read_text(encoding="utf-8").strip()


def free_port() -> int:
    """Returns a port that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


MakeServer = Callable[..., Server]


@pytest.fixture(scope="module")
def make_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MakeServer]:
    """Makes servers on a database of a kind; they end with the module."""
    made: list[Server] = []
    databases: list[str] = []

    def make(kind: str, programs: Path | None = None, **settings: str) -> Server:
        folder = tmp_path_factory.mktemp("var")
        environ = {k: v for k, v in os.environ.items() if not k.startswith("CALIBRIFY_")}
        environ |= {
            "CALIBRIFY_DATA_DIR": str(folder),
            "CALIBRIFY_RATE_LIMITS": "false",
            "CALIBRIFY_LOG_LEVEL": "WARNING",
            **{f"CALIBRIFY_{name.upper()}": value for name, value in settings.items()},
        }
        if kind == "postgresql":
            postgres: Any = request.getfixturevalue("postgres_server")
            databases.append(postgres.create_database())
            environ["CALIBRIFY_DATABASE_URL"] = postgres.url(databases[-1])
        server = Server(f"http://127.0.0.1:{free_port()}", environ, folder)
        environ["CALIBRIFY_PUBLIC_URL"] = server.base
        server.programs = programs or server.programs
        made.append(server)
        return server

    yield make
    for server in made:
        server.stop()
    for name in databases:
        request.getfixturevalue("postgres_server").drop_database(name)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    path = which("chromium")
    assert path, "tests/system-packages.sh installs it"
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield found
        found.close()


def sign_in(page: Page, server: Server, name: str, password: str) -> None:
    """Signs in through the page."""
    page.goto(f"{server.base}/login")
    page.get_by_label("E-mail or username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/login" not in url)


def violations(page: Page) -> list[str]:
    """Returns what axe finds on a page, once its navigation has come to rest."""
    expect(page.locator("html:not([aria-busy])")).to_have_count(1)
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    # In the dark the same markup has other colours: all else was looked at in the light.
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    how = {"type": "rule", "values": OF_COLOUR} if dark else {"type": "tag", "values": RULES}
    found = page.evaluate("how => axe.run({runOnly: how})", how)
    return [
        f"{problem['id']}: {problem['help']}: {problem['nodes'][0]['html'][:160]}"
        for problem in found["violations"]
    ]
