"""``calibrify live``: serves streams of live events."""

from __future__ import annotations

import asyncio
import signal
import socket

import click

from calibrify_core.cli.setup import ready_platform
from calibrify_core.work.platform import Platform
from calibrify_integration.live.hub import Hub, Limits, listen


@click.command("live", epilog="Example: calibrify live --port 6544")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", default=6544, show_default=True, help="Port to listen at.")
@click.option("--streams", default=1000, show_default=True, help="Most streams in all.")
@click.option("--streams-each", default=10, show_default=True, help="Most streams of an account.")
def live_command(host: str, port: int, streams: int, streams_each: int) -> None:
    """Serves live events by server-sent events; SIGTERM ends all streams."""
    platform = ready_platform()
    listening = listen(host, port)
    try:
        asyncio.run(_serve(platform, listening, Limits(streams, streams_each)))
    finally:
        platform.database.dispose()


async def _serve(platform: Platform, listening: socket.socket, limits: Limits) -> None:
    """Serves until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    host, port = listening.getsockname()[:2]
    await Hub(platform, limits).run(
        listening, stop, lambda: click.echo(f"Live events are on http://{host}:{port}")
    )
