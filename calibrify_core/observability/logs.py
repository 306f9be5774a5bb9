"""Structured logs: one event a line, in UTC, with who and for whom, never with a secret.

Code writes ``log = structlog.get_logger()`` and then ``log.info("certificate rendered",
number=number)``; events of other libraries come out in the same form.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any, TextIO

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars, merge_contextvars
from structlog.stdlib import ProcessorFormatter
from structlog.typing import Processor

from calibrify_core.kernel.settings import Settings
from calibrify_core.observability.redaction import redacted


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, so that a second configuration replaces it and leaves those of others."""


def configure_logs(settings: Settings, stream: TextIO | None = None) -> None:
    """Sends all events to one stream, as JSON lines or for the eye.

    Args:
        settings: ``log_format`` and ``log_level``.
        stream: where to, by default standard error.
    """
    stream = sys.stderr if stream is None else stream
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _Handler(stream)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[*_shared(), structlog.stdlib.ExtraAdder()],
            processors=[
                ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redacted,
                _renderer(settings.log_format, stream),
            ],
        )
    )
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    # It warns of each request that waits for a thread, which under load is each request.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    # It tells of each look at a version table; the commands say what was migrated.
    logging.getLogger("alembic.runtime.migration").setLevel(logging.WARNING)


def bind_context(
    *,
    request_id: str | None = None,
    user_id: object | None = None,
    organisation: object | None = None,
) -> None:
    """Puts who and for whom on all further events of this request or task run.

    Args:
        request_id: of the request or task run.
        user_id: who is signed in.
        organisation: id of the organisation.
    """
    known = {"request_id": request_id, "user_id": user_id, "organisation": organisation}
    bind_contextvars(**{name: str(value) for name, value in known.items() if value is not None})


def clear_context() -> None:
    """Forgets what `bind_context` put there: threads serve one request after the other."""
    clear_contextvars()


def _shared() -> list[Processor]:
    """Returns what is added to our events and to those of other libraries."""
    return [
        merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _renderer(form: str, stream: TextIO) -> Processor:
    """Returns what makes a line of an event."""
    if form == "json":
        return structlog.processors.JSONRenderer(serializer=_dumped)
    return structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


def _dumped(event: Any, **_: Any) -> str:
    """Returns an event as one line of JSON, texts in their own script."""
    return json.dumps(event, ensure_ascii=False, default=str)
