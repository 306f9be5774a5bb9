"""``calibrify serve``: the web server, with the background work beside it."""

from __future__ import annotations

import os
import signal
import socket
import sys
from dataclasses import dataclass
from typing import Any

import click
import waitress

from calibrify_core.app import make_app
from calibrify_core.cli.database import bring_up
from calibrify_core.cli.demo import load_demo, show_credentials
from calibrify_core.cli.setup import platform_of, ready_platform, settings_of
from calibrify_core.kernel.errors import ConfigurationError
from calibrify_core.work.platform import Platform
from calibrify_core.worker import make_relay

THREADS = 4
DRAIN_SECONDS = 15


@dataclass(frozen=True, slots=True)
class _Door:
    """Where a process listens, and how many requests it answers at a time."""

    host: str
    port: int
    threads: int

    def bound(self, *options: int) -> socket.socket:
        """Returns a socket at the address, with further options of sockets.

        Raises:
            OSError: the address cannot be had.
        """
        made = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET)
        try:
            for option in (socket.SO_REUSEADDR, *options):
                made.setsockopt(socket.SOL_SOCKET, option, 1)
            made.bind((self.host, self.port))
        except OSError:
            made.close()
            raise
        return made

    def check(self) -> None:
        """Checks that one can listen there.

        Raises:
            ConfigurationError: the sentence says why not, and what to do.
        """
        try:
            self.bound().close()
        except OSError as error:
            raise ConfigurationError(
                f"Port {self.port} of {self.host} cannot be opened ({error.strerror}): stop what "
                f"listens there, or choose another address with --host and --port."
            ) from None


@click.command("serve", epilog="Example: calibrify serve --port 8080 --processes 4")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option(
    "--port",
    default=6543,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port to listen at.",
)
@click.option(
    "--processes",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="How many, on Linux.",
)
@click.option(
    "--threads",
    default=THREADS,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Requests that a process answers at a time.",
)
@click.option("--demo", is_flag=True, help="Set everything up first, demonstration included.")
def command(host: str, port: int, processes: int, threads: int, demo: bool) -> None:
    """Serves pages and API, with the background work beside it.

    SIGTERM lets running requests finish.
    """
    door = _Door(host, port, threads)
    door.check()
    if demo:
        platform = platform_of()
        bring_up(platform)
        if load_demo(platform):
            click.echo("The demonstration laboratory is loaded.")
        show_credentials(platform)
    else:
        platform = ready_platform()
    shown = "localhost" if host in {"127.0.0.1", "0.0.0.0", "::"} else host  # noqa: S104
    click.echo(f"Calibrify is on http://{shown}:{port}")
    if processes == 1:
        _serve(platform, door, None)
        return
    # Engines must not cross a fork: each child makes its own on first use.
    platform.database.dispose()
    _serve_many(platform, door, processes)


def _serve(platform: Platform, door: _Door, shared: socket.socket | None) -> None:
    """Serves in this process until it is told to stop."""
    application = make_app(settings_of(), platform)
    options: dict[str, Any]
    options = {"sockets": [shared]} if shared else {"host": door.host, "port": door.port}
    server = waitress.create_server(
        application,
        threads=door.threads,
        ident="",
        clear_untrusted_proxy_headers=False,
        channel_timeout=60,
        max_request_body_size=80 * 2**20,
        **options,
    )
    # With Redis, `calibrify worker`, `relay` and `scheduler` do the background work.
    relay = make_relay(platform) if platform.redis is None else None
    if relay is not None:
        relay.start()

    # waitress ends its loop on SystemExit and lets the requests at hand finish.
    signal.signal(signal.SIGTERM, _leave)
    try:
        server.run()
    finally:
        if relay is not None:
            relay.stop(DRAIN_SECONDS)
        platform.database.dispose()


def _leave(*_: Any) -> None:
    """Ends the server's loop; a second signal does not disturb the end."""
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, signal.SIG_IGN)
    sys.exit(0)


def _serve_many(platform: Platform, door: _Door, processes: int) -> None:
    """Serves in several processes, each on a socket of its own on the same port."""
    children = [_fork(platform, door) for _ in range(processes)]

    def stop(*_: Any) -> None:
        for child in children:
            os.kill(child, signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while children:
        gone, _ = os.wait()
        children.remove(gone)


def _fork(platform: Platform, door: _Door) -> int:
    """Starts one child and returns its process id."""
    child = os.fork()
    if child:
        return child
    mine = door.bound(socket.SO_REUSEPORT)
    mine.listen(1024)
    _serve(platform, door, mine)
    os._exit(0)
