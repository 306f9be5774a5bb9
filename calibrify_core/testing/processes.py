"""Programs that tests run beside themselves: on private ports, stopped by their pid."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from calibrify_core.kernel.settings import Settings

_STOP_SECONDS = 10.0


class NotStarted(Exception):
    """A program ended before it answered, or did not answer in time."""


def free_port() -> int:
    """Return a port of the loopback address that nobody uses just now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def started(
    command: Sequence[str], text: str | None = None, environ: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a server program that says nothing, and ends with us even where we are killed.

    Args:
        command: program and arguments.
        text: what it reads on its standard input, if anything.
        environ: its environment, by default ours.
    """
    setpriv = shutil.which("setpriv")
    before = [setpriv, "--pdeathsig", "KILL"] if setpriv is not None else []
    process = subprocess.Popen(
        [*before, *command],
        stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environ,
        # A Ctrl-C in the terminal is for pytest, which then stops the program itself.
        start_new_session=True,
    )
    if process.stdin is not None and text is not None:
        with process.stdin as stream:
            stream.write(text.encode())
    return process


def calibrify(settings: Settings, *arguments: str, **named: str) -> subprocess.Popen[bytes]:
    """Start the command ``calibrify`` with the database, the files and the key of a test.

    Args:
        settings: of the test's application.
        arguments: of the command.
        named: further settings by name, such as ``plugins="equipment"``.
    """
    given = {
        "data_dir": str(settings.data_dir),
        "database_url": settings.resolved_database_url,
        "secret_key": settings.secret_key,
        "environment": "testing",
        **named,
    }
    environ = os.environ | {f"CALIBRIFY_{name.upper()}": value for name, value in given.items()}
    program = Path(sys.executable).with_name("calibrify")
    return started([str(program), *arguments], environ=environ)


def killed_when(
    process: subprocess.Popen[bytes], happened: Callable[[], object], seconds: float = 60.0
) -> None:
    """Kill a program as soon as something is seen that it does.

    Args:
        process: the program.
        happened: tells whether it has; asked again and again.
        seconds: how long to wait at most.

    Raises:
        NotStarted: the program ended before that, or the time is over; it is killed then too.
    """
    deadline = time.monotonic() + seconds
    try:
        while not happened():
            if process.poll() is not None or time.monotonic() > deadline:
                raise NotStarted
            time.sleep(0.005)
    finally:
        process.kill()
        process.wait()


def await_answer(
    process: subprocess.Popen[bytes],
    ask: Callable[[], object],
    not_yet: type[Exception],
    seconds: float,
) -> None:
    """Wait until a program that was started answers; one that does not is stopped.

    Args:
        process: the program.
        ask: asks it something; returns once it answers.
        not_yet: what `ask` raises before that.
        seconds: how long to wait at most.

    Raises:
        NotStarted: it ended, or the time is over.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            ask()
            return
        except not_yet as error:
            if process.poll() is not None or time.monotonic() > deadline:
                stopped(process)
                raise NotStarted from error
        time.sleep(0.02)


def stopped(process: subprocess.Popen[bytes]) -> None:
    """Stop a program by its pid; one that does not leave is killed."""
    process.terminate()
    try:
        process.wait(timeout=_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
