"""The guard: a failing plugin is named, counted, and goes no further."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from calibrify_core.kernel.errors import Forbidden
from calibrify_core.observability.guard import guarded
from calibrify_core.observability.metrics import Metrics

if TYPE_CHECKING:
    from tests.unit.observability.conftest import Log


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def count(metrics: Metrics, name: str) -> float | None:
    return metrics.registry.get_sample_value(
        f"calibrify_{name}", {"plugin": "calibration", "what": "calibration.drift"}
    )


def test_what_works_is_returned_and_timed(metrics: Metrics, log: Log) -> None:
    result = guarded(
        "calibration", "calibration.drift", lambda: time.sleep(0.02) or "card", metrics=metrics
    )

    assert result.ok
    assert result.value == "card"
    assert result.error is None
    assert result.seconds >= 0.02
    assert count(metrics, "plugin_call_seconds_count") == 1
    assert count(metrics, "plugin_call_seconds_sum") == pytest.approx(result.seconds)
    assert count(metrics, "plugin_call_failures_total") is None
    assert log.lines() == []


@pytest.mark.parametrize("error", [ZeroDivisionError("by zero"), Forbidden("not yours")])
def test_what_fails_is_named_counted_and_not_raised(
    metrics: Metrics, log: Log, error: Exception
) -> None:
    def fail() -> str:
        raise error

    result = guarded("calibration", "calibration.drift", fail, metrics=metrics)

    assert not result.ok
    assert result.value is None
    assert result.error is error
    assert count(metrics, "plugin_call_failures_total") == 1
    assert count(metrics, "plugin_call_seconds_count") == 1
    (line,) = log.lines()
    assert (line["event"], line["level"]) == ("plugin failed", "error")
    assert (line["plugin"], line["what"]) == ("calibration", "calibration.drift")
    assert type(error).__name__ in line["exception"]


def test_nothing_is_a_result_too(metrics: Metrics) -> None:
    assert guarded("calibration", "calibration.drift", lambda: None, metrics=metrics).ok


def test_the_end_of_the_process_is_not_held_up(metrics: Metrics) -> None:
    def leave() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        guarded("calibration", "calibration.drift", leave, metrics=metrics)
