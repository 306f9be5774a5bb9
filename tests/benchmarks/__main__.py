"""Measures Calibrify beside the limit, on one register, in one run: ``make bench``.

python -m tests.benchmarks [--size 100000] [--number 300] [--only list,detail] [--json FILE]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2

from calibrify_core.testing.postgres import PostgresServer, running_postgres
from tests.benchmarks import bulk, data, workload
from tests.benchmarks.limit import TABLES, token_of
from tests.benchmarks.measure import Client, Cost, cost_of

PASSWORD = "nine purple gauges on a shelf"
CALIBRIFY = str(Path(sys.executable).with_name("calibrify"))


def free_port() -> int:
    """Returns a TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(command: list[str], port: int, environ: Mapping[str, str]) -> Iterator[int]:
    """Runs a server until the end of the context; yields its process id."""
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{command[0]} did not start.")
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def prepare(server: PostgresServer, folder: str, size: int) -> tuple[dict[str, str], Any]:
    """Makes database, administrator and register; returns the environment and a cursor."""
    name = server.create_database()
    environ = os.environ | {
        "CALIBRIFY_DATABASE_URL": server.url(name),
        "CALIBRIFY_DATA_DIR": folder,
        "CALIBRIFY_ENVIRONMENT": "testing",
        "CALIBRIFY_CLOCK": data.NOW,
        "CALIBRIFY_RATE_LIMITS": "false",
        "CALIBRIFY_LOG_LEVEL": "ERROR",
    }
    subprocess.run([CALIBRIFY, "db", "upgrade"], env=environ, check=True, capture_output=True)
    account = [CALIBRIFY, "user", "create", "admin@example.com", "--role", "administrator"]
    subprocess.run(
        [*account, "--password-stdin"],
        env=environ,
        check=True,
        capture_output=True,
        input=PASSWORD.encode(),
    )
    connection = psycopg2.connect(dsn_of(environ))
    connection.autocommit = True
    cursor = connection.cursor()
    data.fill(cursor, size)
    return environ, cursor


def dsn_of(environ: Mapping[str, str]) -> str:
    """Returns the database's address as libpq takes it."""
    return environ["CALIBRIFY_DATABASE_URL"].replace("+psycopg2", "")


def sign_in(port: int) -> Client:
    """Returns a client of the administrator."""
    client = Client(port)
    path, body = "/api/v1/auth/token/", {"username": "admin", "password": PASSWORD}
    client.token = json.loads(client.send(workload.Ask(path, body))[0])["access_token"]
    return client


def measure(server: PostgresServer, options: argparse.Namespace) -> dict[str, Any]:
    """Measures every workload on both servers, one workload after another."""
    with tempfile.TemporaryDirectory(prefix="calibrify-bench-") as folder:
        environ, cursor = prepare(server, folder, options.size)
        port, other, secret = free_port(), free_port(), secrets.token_hex(16)
        serve = [CALIBRIFY, "serve", "--port", str(port)]
        limit = [sys.executable, "-m", "tests.benchmarks.limit", dsn_of(environ), secret]
        with (
            running(serve, port, environ) as ours,
            running([*limit, str(other)], other, os.environ) as theirs,
        ):
            client, bare = sign_in(port), Client(other, token_of(secret.encode()))
            asks = workload.Workload(client, options.size)
            model = json.loads(client.send(asks.model())[0])["id"]
            data.fill_records(cursor, options.size, model)
            cursor.execute(TABLES)
            asks.look_around()
            found: dict[str, Any] = {}
            for name, (ask, least, ratio) in asks.all().items():
                if options.only and name not in options.only.split(","):
                    continue
                bound = cost_of(bare, least, theirs, server.pid, options.number)
                cost = cost_of(client, ask, ours, server.pid, options.number)
                found[name] = show(name, cost, bound, ratio)
            if not options.only:
                found["bulk"] = bulk.measure(client, ours, cursor, environ, options.size)
        return found


def show(name: str, cost: Cost, bound: Cost, ratio: float) -> dict[str, Any]:
    """Prints one line of the table; returns what it says."""
    reached = cost.total / bound.total
    print(
        f"{name:14} {cost.application:6.2f} + {cost.database:5.2f} = {cost.total:6.2f}   "
        f"limit {bound.total:6.2f}   × {reached:5.2f}   to reach × {ratio:4.2f}   "
        f"{'yes' if reached <= ratio else 'no'}",
        flush=True,
    )
    return {
        "calibrify": asdict(cost),
        "limit": asdict(bound),
        "ratio": round(reached, 2),
        "to_reach": ratio,
    }


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=100_000, help="instruments")
    parser.add_argument("--number", type=int, default=300, help="requests of each kind")
    parser.add_argument("--only", default="", help="names of workloads, with commas")
    parser.add_argument("--json", type=Path, help="file for the results")
    options = parser.parse_args()
    print(f"{options.size:,} instruments; CPU ms per request: server + database = total")
    with running_postgres() as server:
        results = measure(server, options)
    machine = {
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "processors": os.cpu_count(),
        "load": os.getloadavg(),
        "python": platform.python_version(),
        "size": options.size,
    }
    if options.json:
        text = json.dumps({"machine": machine, "results": results}, indent=2)
        options.json.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
