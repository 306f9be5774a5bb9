"""The log, caught as its lines."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from calibrify_core.kernel.settings import Settings
from calibrify_core.observability.logs import clear_context, configure_logs


class Log(io.StringIO):
    """What was logged since the test began."""

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def restored_logging() -> Iterator[None]:
    """Leaves logging as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("waitress.queue").setLevel(logging.NOTSET)
    structlog.reset_defaults()
    clear_context()


@pytest.fixture
def log(restored_logging: None) -> Log:
    """The log in JSON."""
    caught = Log()
    configure_logs(Settings(log_format="json", log_level="INFO"), caught)
    return caught
