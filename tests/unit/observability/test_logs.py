"""Log lines: structured, in UTC, with who and for whom, never with a secret."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from calibrify_core.kernel.settings import Settings
from calibrify_core.observability.logs import bind_context, clear_context, configure_logs

if TYPE_CHECKING:
    import pytest

    from tests.unit.observability.conftest import Log

ours = structlog.get_logger()


def test_an_event_is_one_line_of_json(log: Log) -> None:
    ours.info("certificate rendered", number="CAL-2026-00001", pages=2, unit="µm")

    (line,) = log.lines()
    assert line["event"] == "certificate rendered"
    assert line["level"] == "info"
    assert (line["number"], line["pages"], line["unit"]) == ("CAL-2026-00001", 2, "µm")
    assert line["logger"].endswith("test_logs")
    assert datetime.fromisoformat(line["timestamp"]).utcoffset() == timedelta(0)


def test_other_libraries_come_out_in_the_same_form(log: Log) -> None:
    logging.getLogger("alembic").warning("at %s", "core0001", extra={"table": "core_user"})

    (line,) = log.lines()
    assert (line["event"], line["level"], line["logger"]) == ("at core0001", "warning", "alembic")
    assert line["table"] == "core_user"
    assert "timestamp" in line


def test_who_and_for_whom_stand_on_every_line(log: Log) -> None:
    bind_context(request_id="r-1", user_id=5, organisation="main")
    ours.info("one")
    logging.getLogger("other").error("two")
    clear_context()
    ours.info("three")

    one, two, three = log.lines()
    for line in (one, two):
        assert (line["request_id"], line["user_id"], line["organisation"]) == ("r-1", "5", "main")
    assert "request_id" not in three


def test_less_severe_events_are_left_out(log: Log) -> None:
    ours.debug("noise")
    logging.getLogger("other").debug("noise")

    assert log.lines() == []


def test_secrets_are_masked_in_both_kinds_of_events(log: Log) -> None:
    ours.info("sign-in", password="open sesame", headers={"Authorization": "Bearer abcdefgh"})
    logging.getLogger("other").info("GET /x?token=%s", "open-sesame")

    assert "open" not in log.getvalue()
    assert len(log.lines()) == 2


def test_an_exception_is_told_without_its_secrets(log: Log) -> None:
    try:
        raise ConnectionError("postgresql://lab:open-sesame@db/calibrify is away")
    except ConnectionError:
        ours.exception("database away")
        logging.getLogger("other").exception("database away")

    for line in log.lines():
        assert "Traceback" in line["exception"]
        assert "postgresql://lab:********@db/calibrify is away" in line["exception"]
    assert "open-sesame" not in log.getvalue()


def test_sent_text_cannot_forge_a_line(log: Log, restored_logging: None) -> None:
    configure_logs(Settings(log_format="console"), log)
    ours.info("unknown user\n2026-01-01 [info] signed in as admin", name="x\ny\x1b[31m")

    text = log.getvalue()
    assert text.count("\n") == 1
    assert "\x1b[31m" not in text
    assert "unknown user\\n2026" in text


def test_the_console_shows_tracebacks_over_lines(log: Log) -> None:
    configure_logs(Settings(log_format="console"), log)
    try:
        raise ValueError("wrong")
    except ValueError:
        ours.exception("failed")

    assert "\nTraceback (most recent call last):\n" in log.getvalue()
    assert "ValueError: wrong" in log.getvalue()


def test_configuring_twice_logs_once(log: Log) -> None:
    configure_logs(Settings(log_format="json"), log)
    ours.info("once")

    assert len(log.lines()) == 1


def test_a_full_queue_is_no_news(log: Log) -> None:
    logging.getLogger("waitress.queue").warning("Task queue depth is 1")
    logging.getLogger("waitress.queue").error("it broke")

    assert [line["event"] for line in log.lines()] == ["it broke"]


def test_without_a_stream_lines_go_to_standard_error(
    restored_logging: None, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(Settings(log_format="json"))
    ours.warning("seen")

    assert '"event": "seen"' in capsys.readouterr().err
