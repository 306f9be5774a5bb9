"""``calibrify serve``: several processes on one port, and the end of all of them."""

from __future__ import annotations

import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from calibrify_core.cli.main import main
from calibrify_core.testing.house import House
from calibrify_core.testing.processes import await_answer, calibrify, free_port


def children_of(pid: int) -> list[int]:
    """Returns the processes that a process has started and that live."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8")
    return [int(child) for child in text.split()]


@contextmanager
def serving(house: House, *options: str) -> Iterator[tuple[int, str]]:
    """Runs the server; yields its process id and the address of its health."""
    port = free_port()
    process = calibrify(house.platform.settings, "serve", "--port", str(port), *options, plugins="")
    address = f"http://127.0.0.1:{port}/health/ready"
    try:
        await_answer(process, lambda: answer(address), urllib.error.URLError, 60)
        yield process.pid, address
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def answer(address: str) -> int:
    """Returns what an address answers."""
    with urllib.request.urlopen(address, timeout=10) as response:
        return int(response.status)


def test_several_processes_answer_on_one_port_and_end_together(house: House) -> None:
    with serving(house, "--processes", "2", "--threads", "1") as (pid, address):
        children = children_of(pid)
        assert len(children) == 2
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(lambda _: answer(address), range(40))) == {200}
    assert not [child for child in children if Path(f"/proc/{child}").exists()]
    with pytest.raises(urllib.error.URLError):
        answer(address)


def test_a_port_that_is_taken_is_said_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = CliRunner().invoke(main, ["serve", "--port", port])
    assert told.exit_code == 1
    assert f"Port {port} of 127.0.0.1 cannot be opened" in told.output
    assert "--port" in told.output


@pytest.mark.parametrize(
    ("option", "value"), [("--threads", "0"), ("--processes", "0"), ("--port", "65536")]
)
def test_a_number_that_makes_no_sense_is_refused(option: str, value: str) -> None:
    told = CliRunner().invoke(main, ["serve", option, value])
    assert told.exit_code == 2
    assert option in told.output
