"""The request: who asks, with which rights, in which unit of work.

A subclass instead of added request methods: Pyramid makes a new class for every request as
soon as one property is added to it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, BinaryIO

from pyramid.request import Request as PyramidRequest
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session
from transaction import TransactionManager
from zope.sqlalchemy import datamanager

from calibrify_core.kernel.errors import Unauthenticated
from calibrify_core.persistence.session import Reader, Writer
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork

READING = frozenset({"GET", "HEAD", "OPTIONS"})
SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}", re.ASCII)
PLATFORM = "calibrify.platform"
OWN_TRANSACTIONS = "calibrify.own_transactions"
OWN_PATTERNS = "calibrify.own_transaction_patterns"


class Request(PyramidRequest):  # type: ignore[misc]
    """A request as the views of the core and of the plugins meet it.

    Attributes:
        data: the body, validated by the schema that the view was registered with.
        filters: the query, validated likewise.
        rate: headers that say how much of the rate limit is left.
        matched_version: whether `If-Match` was looked at; see `calibrify_core.api.etag`.
        key_waits: whether an `Idempotency-Key` was sent that nobody has looked at yet.
    """

    data: Any = None
    filters: Any = None
    rate: Sequence[tuple[str, str]] = ()
    matched_version: bool = False
    key_waits: bool = False

    @property
    def platform(self) -> Platform:
        """What all requests of the process share; for somebody, as their organisation has it."""
        found: Platform = self.registry[PLATFORM]
        # Who asks is recognised with the help of this: it is no question before it is answered.
        principal = self.__dict__.get("principal")
        return found if principal is None else found.of(principal.organisation)

    @cached_property
    def request_id(self) -> str:
        """The id under which this request is logged; a sane one of the caller is kept."""
        given = self.environ.get("HTTP_X_REQUEST_ID", "")
        return given if SANE_ID.fullmatch(given) else uuid.uuid4().hex

    @cached_property
    def principal(self) -> Any:
        """Who asks (`calibrify_core.auth.policy.Principal`), or None for nobody."""
        return self.identity

    @cached_property
    def reads(self) -> bool:
        """Whether the method only reads."""
        return self.environ["REQUEST_METHOD"] in READING

    @property
    def body_length(self) -> int:
        """Size of the body in bytes; the guard has looked at it."""
        return int(self.environ.get("CONTENT_LENGTH") or 0)

    def rewound_body(self) -> BinaryIO:
        """Returns the body at its beginning, also when the request is tried again."""
        stream: BinaryIO = self.environ["wsgi.input"]
        if self.environ.get("retry.attempts", 1) > 1:
            stream.seek(0)
        return stream

    @cached_property
    def reader(self) -> Reader:
        """What only reads, outside of any transaction manager."""
        reader = Reader(self.platform.database)
        self.add_finished_callback(lambda _: reader.close())
        return reader

    @property
    def connection(self) -> Connection:
        """The connection on which the request works anyhow, so that it needs no second."""
        return (self.writer if "tm.active" in self.environ else self.reader).connection

    @cached_property
    def writer(self) -> Writer:
        """What writes, in the request's transaction; the transaction tween commits it.

        Raises:
            RuntimeError: the address opens transactions of its own (sign-in), or only reads.
        """
        if "tm.active" not in self.environ:
            raise RuntimeError(f"{self.method} {self.path} has no transaction of its own")
        writer = self.platform.writer()
        # The same as zope.sqlalchemy.register with this state, without its seven listeners.
        datamanager.join_transaction(
            writer, initial_state=datamanager.STATUS_CHANGED, transaction_manager=self.tm
        )
        return writer

    @cached_property
    def tm(self) -> TransactionManager:
        """The transaction manager of this request."""
        return TransactionManager(explicit=True)

    @cached_property
    def unit(self) -> UnitOfWork:
        """All that a service may touch, for who asks.

        Raises:
            Unauthenticated: nobody is signed in.
        """
        return self.unit_on(self.reader if self.reads else self.writer)

    def unit_on(self, source: Session | Reader) -> UnitOfWork:
        """Returns a unit for who asks on a session, or a reader, that the caller closes.

        Raises:
            Unauthenticated: nobody is signed in.
        """
        principal = self.principal
        if principal is None:
            raise Unauthenticated
        return UnitOfWork(
            self.platform, source, principal.actor, principal.organisation, principal.access
        )

    @contextmanager
    def short_unit(self) -> Iterator[UnitOfWork]:
        """Opens a writing unit of its own, committed on success before the answer is made.

        For what must be kept whatever becomes of the request, such as the audit entry of an
        export before its first byte.

        Raises:
            RuntimeError: the request has an `Idempotency-Key` that would not hold here.
        """
        if self.key_waits:
            raise RuntimeError(f"{self.method} {self.path} ignores its Idempotency-Key")
        with self.platform.session(write=True) as session, session.begin():
            yield self.unit_on(session)


def needs_transaction(request: Request) -> bool:
    """Tells the transaction tween whether this request changes something through `unit`."""
    if request.reads:
        return False
    doors: tuple[str, ...] = request.registry[OWN_TRANSACTIONS]
    path = request.environ["PATH_INFO"]
    if doors and path.startswith(doors):
        return False
    patterns: tuple[re.Pattern[str], ...] = request.registry[OWN_PATTERNS]
    return not any(pattern.fullmatch(path) for pattern in patterns)


def add_own_transactions(config: Any, *prefixes: str) -> None:
    """Directive: addresses that open their own short units, such as sign-in and signatures.

    Args:
        config: the configurator.
        *prefixes: beginnings of paths, for example ``/api/v1/auth/``; with a ``*``, which stands
            for one segment, whole paths: ``/api/v1/calibrations/*/approve/``.
    """
    plain = [prefix for prefix in prefixes if "*" not in prefix]
    patterns = [
        re.compile(re.escape(prefix).replace(r"\*", "[^/]+"))
        for prefix in prefixes
        if "*" in prefix
    ]
    config.registry[OWN_TRANSACTIONS] = (*config.registry[OWN_TRANSACTIONS], *plain)
    config.registry[OWN_PATTERNS] = (*config.registry[OWN_PATTERNS], *patterns)


def tries(request: Request) -> int:
    """Tells the retry policy how often a request may be tried."""
    return 2 if request.reads else 3


def abort_on_error(_request: Request, response: Any) -> bool:
    """Tells the transaction tween to undo what was done when the answer is an error."""
    return bool(response.status_int >= 400)


def includeme(config: Any) -> None:
    """Makes this the application's request."""
    config.registry.setdefault(OWN_TRANSACTIONS, ())
    config.registry.setdefault(OWN_PATTERNS, ())
    config.set_request_factory(Request)
    config.add_directive("add_own_transactions", add_own_transactions)
