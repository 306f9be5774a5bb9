"""The hub: one asyncio loop that holds the streams of live events open.

It looks once a second, for all streams together, which organisations have news, and lets their
streams read on. What a stream still has to tell stays in the log of events: a slow reader costs
no memory, and is dropped when it does not take what was sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import orjson
from sqlalchemy.exc import SQLAlchemyError

from calibrify_core.api.reply import OPTIONS, plain
from calibrify_core.auth.bearer import Bearers
from calibrify_core.kernel import errors
from calibrify_core.work.platform import Platform
from calibrify_integration.domain.event_types import EVERYTHING, is_pattern
from calibrify_integration.domain.stream import BEAT, Head, parse_head, server_sent
from calibrify_integration.live import answers
from calibrify_integration.services import live_events, live_tickets
from calibrify_integration.services.events import Batch
from calibrify_integration.services.live_events import Listener

logger = logging.getLogger(__name__)

PATHS = ("/api/v1/events/stream/", "/api/v1/events/stream")
HEALTH = "/health/live"
HEAD_BYTES = 16 * 1024
BUFFER_BYTES = 64 * 1024
THREADS = 4
SPARE = 64
RETRY_SECONDS = 30

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the hub takes on, and how long it waits.

    Attributes:
        streams: most streams in all.
        streams_each: most streams of one account.
        head_seconds: within which the head of a request must be there.
        look_seconds: between two looks for news.
        beat_seconds: of silence after which the stream says that it lives, and the credential
            is looked up again.
        drain_seconds: within which a reader must take what was sent.
    """

    streams: int = 1000
    streams_each: int = 10
    head_seconds: float = 5.0
    look_seconds: float = 1.0
    beat_seconds: float = 15.0
    drain_seconds: float = 10.0


class Hub:
    """Serves streams of live events until it is told to stop.

    Args:
        platform: the application's shared services.
        limits: how much it takes on.
    """

    def __init__(self, platform: Platform, limits: Limits | None = None) -> None:
        self._platform = platform
        self._limits = limits or Limits()
        self._bearers = Bearers(platform)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="live")
        self._position: int | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._streams: Counter[uuid.UUID] = Counter()
        self._waiting: dict[asyncio.Event, uuid.UUID] = {}
        self._used: dict[bytes, int] = {}

    async def run(
        self,
        listening: socket.socket,
        stop: asyncio.Event,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        """Serves on a socket until `stop` is set; then ends all streams.

        Args:
            listening: bound, as `listen` makes it.
            stop: set to end.
            ready: called when the first stream can be opened.
        """
        self._position, _ = await self._ask(partial(live_events.news, self._platform, None))
        server = await asyncio.start_server(self._accept, sock=listening, limit=HEAD_BYTES)
        looking = asyncio.create_task(self._look())
        ready()
        try:
            await stop.wait()
        finally:
            server.close()
            looking.cancel()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(looking, *self._connections, return_exceptions=True)
            self._threads.shutdown(cancel_futures=True)

    async def _ask(self, call: Callable[[], R]) -> R:
        """Calls what asks the database, in a thread: the loop never waits for it."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    async def _look(self) -> None:
        """Looks for news for all streams, again and again."""
        while True:
            await asyncio.sleep(self._limits.look_seconds)
            try:
                call = partial(live_events.news, self._platform, self._position)
                self._position, changed = await self._ask(call)
            except SQLAlchemyError as error:
                logger.warning("the log of events cannot be read just now: %s", error)
                continue
            for woken, organisation_id in self._waiting.items():
                if organisation_id in changed:
                    woken.set()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Takes one connection on, unless there are too many."""
        if len(self._connections) >= self._limits.streams + SPARE:
            writer.transport.abort()
            return
        writer.transport.set_write_buffer_limits(high=BUFFER_BYTES)
        task = asyncio.create_task(self._attend(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection, whatever becomes of it."""
        try:
            await self._serve(reader, writer)
        except (ConnectionError, TimeoutError):
            # Who went away, or does not take what is sent, gets nothing more.
            writer.transport.abort()
        except Exception:
            logger.exception("a stream of live events failed")
            writer.transport.abort()
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Reads a request and answers it."""
        cross: list[answers.Header] = []
        try:
            head = await self._head(reader)
            origin = head.headers.get("origin", "")
            cross = answers.cross_origin(self._platform.settings.public_url, origin)
            if head.path == HEALTH:
                await self._send(writer, answers.plain(200, '{"status":"ok"}'))
                return
            if head.path not in PATHS:
                raise errors.NotFound("There is nothing at this address.")
            if head.method == "OPTIONS":
                await self._send(writer, answers.head(204, cross))
                return
            if head.method != "GET":
                raise errors.MethodNotAllowed
            await self._open(head, cross, reader, writer)
        except errors.CalibrifyError as error:
            await self._send(writer, answers.problem(error, cross))
        except SQLAlchemyError:
            away = errors.Unavailable("The database does not answer just now.")
            await self._send(writer, answers.problem(away, cross))

    async def _head(self, reader: asyncio.StreamReader) -> Head:
        """Reads the head of a request, within bounds of size and time."""
        try:
            async with asyncio.timeout(self._limits.head_seconds):
                data = await reader.readuntil(b"\r\n\r\n")
            return parse_head(data)
        except asyncio.LimitOverrunError:
            raise answers.HeadTooLarge from None
        except asyncio.IncompleteReadError as error:
            raise ConnectionAbortedError from error
        except ValueError:
            raise errors.Malformed from None

    async def _open(
        self,
        head: Head,
        cross: list[answers.Header],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Opens a stream for who may have one, and keeps it until one side ends it."""
        listener = await self._recognise(head)
        cursor = head.headers.get("last-event-id") or head.parameter("after")
        if listener.only_news or not cursor:
            cursor = str(self._position)
        if self._streams.total() >= self._limits.streams:
            raise errors.Unavailable("As many streams as there may be are open.", RETRY_SECONDS)
        if self._streams[listener.user_id] >= self._limits.streams_each:
            raise errors.TooManyRequests(RETRY_SECONDS, "Close another stream first.")
        woken = asyncio.Event()
        self._streams[listener.user_id] += 1
        self._waiting[woken] = listener.organisation_id
        try:
            call = partial(live_events.read, self._platform, listener, cursor)
            batch = await self._ask(call)
            await self._send(writer, answers.head(200, [*answers.STREAM, *cross]) + BEAT)
            following = asyncio.create_task(self._follow(listener, cursor, batch, woken, writer))
            gone = asyncio.create_task(reader.read(1))
            try:
                await asyncio.wait({following, gone}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                gone.cancel()
                following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following
        finally:
            del self._waiting[woken]
            self._streams[listener.user_id] -= 1
            self._streams += Counter()

    async def _recognise(self, head: Head) -> Listener:
        """Returns who asks for a stream, and of what."""
        patterns = head.query.get("type", [EVERYTHING])
        wrong = [name for name in patterns if not is_pattern(name)]
        if wrong or len(patterns) > 100:
            raise errors.Invalid.field("/query/type", "This is no type of events.")
        text = head.parameter("ticket")
        ticket = self._take(text) if text else None
        call = partial(
            live_events.recognise,
            self._platform,
            self._bearers,
            head.headers.get("authorization", ""),
            ticket,
        )
        found = await self._ask(call)
        listener = Listener(
            found.kind, found.credential_id, found.user_id, found.organisation.id, patterns
        )
        found.access.require(listener.permission)
        return listener

    def _take(self, text: str) -> live_tickets.Ticket:
        """Returns what a ticket says, and never lets it in again.

        Raises:
            Unauthenticated: it is none, has expired, or was used.
        """
        now = time.time()
        self._used = {nonce: end for nonce, end in self._used.items() if end >= now}
        ticket = live_tickets.read(self._platform, text, self._platform.clock.now())
        if ticket is None or ticket.nonce in self._used:
            raise errors.Unauthenticated("The ticket is wrong, used or expired: ask for another.")
        self._used[ticket.nonce] = ticket.expires
        return ticket

    async def _follow(
        self,
        listener: Listener,
        cursor: str,
        batch: Batch,
        woken: asyncio.Event,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Tells what happened, as it happens, until the reader is no longer let in."""
        while True:
            await self._tell(listener, cursor, batch, writer)
            cursor = batch.cursor
            if not batch.more:
                try:
                    async with asyncio.timeout(self._limits.beat_seconds):
                        await woken.wait()
                except TimeoutError:
                    await self._send(writer, BEAT)
            woken.clear()
            try:
                batch = await self._ask(partial(live_events.read, self._platform, listener, cursor))
            except (errors.CalibrifyError, SQLAlchemyError) as error:
                logger.info("a stream of live events ends: %s", error)
                return

    async def _tell(
        self,
        listener: Listener,
        cursor: str,
        batch: Batch,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Sends a piece of the feed, one event after the other."""
        for event in batch.events:
            text = orjson.dumps(event, default=plain, option=OPTIONS).decode()
            await self._send(writer, server_sent(event["sequence"], text))
        if listener.only_news and batch.cursor != cursor:
            await self._send(writer, server_sent(batch.cursor, "{}", "news"))
        elif batch.cursor != cursor and not batch.more:
            # What is not for this reader is passed over: a new stream need not look at it again.
            await self._send(writer, server_sent(batch.cursor))

    async def _send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        """Sends something to a reader who takes it in time.

        Raises:
            TimeoutError: the reader is too slow.
        """
        writer.write(data)
        async with asyncio.timeout(self._limits.drain_seconds):
            await writer.drain()


def listen(host: str, port: int) -> socket.socket:
    """Returns a listening socket; what the system buffers for each stream is bounded."""
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
    made.bind((host, port))
    made.listen(1024)
    return made
