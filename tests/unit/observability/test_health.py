"""Health: every dependency is asked, none is waited for without end, nothing is given away."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from calibrify_core.hooks.declarations import HealthCheck
from calibrify_core.kernel.errors import Unavailable
from calibrify_core.observability.health import Health, run_checks

if TYPE_CHECKING:
    from tests.unit.observability.conftest import Log


def well() -> None:
    """Is well."""


def test_a_process_that_answers_lives() -> None:
    def never() -> None:
        raise AssertionError("asked")

    report = Health({"database": never}).live()

    assert report.ok
    assert report.checks == ()


def test_all_is_well() -> None:
    report = Health({"database": well, "storage": well}).ready()

    assert report.ok
    assert report.status == 200
    assert [(check.name, check.ok, check.detail) for check in report.checks] == [
        ("database", True, ""),
        ("storage", True, ""),
    ]


def test_one_that_fails_is_told_and_gives_nothing_away(log: Log) -> None:
    def away() -> None:
        raise ConnectionError("postgresql://lab@10.0.0.5 refused")

    report = Health({"database": away, "storage": well}).ready()

    assert not report.ok
    assert report.status == 503
    assert [check.detail for check in report.checks] == ["failed (ConnectionError)", ""]
    (line,) = log.lines()
    assert line["check"] == "database"
    assert "10.0.0.5 refused" in line["exception"]


def test_our_own_sentences_are_shown() -> None:
    def behind() -> None:
        raise Unavailable("The schema of core is behind: run calibrify db upgrade.")

    (check,) = Health({"schema": behind}).ready().checks

    assert check.detail == "The schema of core is behind: run calibrify db upgrade."


def test_one_that_hangs_is_not_waited_for() -> None:
    release = threading.Event()
    asked = []

    def hang() -> None:
        asked.append(1)
        release.wait(20)

    health = Health({"hangs": hang, "hangs too": lambda: release.wait(20), "well": well}, 0.2)
    began = time.monotonic()
    report = health.ready()
    again = health.ready()
    took = time.monotonic() - began
    release.set()

    assert took < 2
    assert [(check.ok, check.detail) for check in report.checks] == [
        (False, "timed out"),
        (False, "timed out"),
        (True, ""),
    ]
    assert not again.ok
    assert len(asked) == 1, "a check that hangs keeps one thread, not one for each question"


def test_one_that_comes_back_is_asked_again() -> None:
    release = threading.Event()
    health = Health({"slow": lambda: release.wait(20)}, 0.1)
    assert not health.ready().ok

    release.set()
    deadline = time.monotonic() + 5
    while not health.ready().ok:
        assert time.monotonic() < deadline


def test_declared_checks_are_handed_the_services() -> None:
    asked = []

    report = run_checks("services", [HealthCheck("database", asked.append)])

    assert report.ok
    assert asked == ["services"]
    assert [check.name for check in report.checks] == ["database"]
