"""Figures: right names, few labels, and a gauge that fails alone."""

from __future__ import annotations

import pytest

from calibrify_core.observability.metrics import Metrics


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def lines(metrics: Metrics) -> list[str]:
    return [line for line in metrics.rendered().decode().splitlines() if not line.startswith("#")]


def test_requests_are_counted_by_route_method_and_class_of_status(metrics: Metrics) -> None:
    metrics.observe_request("GET", "equipment.equipment.list", 200, 0.02)
    metrics.observe_request("GET", "equipment.equipment.list", 204, 0.2)
    metrics.observe_request("POST", None, 404, 0.001)

    found = lines(metrics)
    labels = 'method="GET",route="equipment.equipment.list",status="2xx"'
    assert f"calibrify_request_seconds_count{{{labels}}} 2.0" in found
    listed = 'calibrify_request_seconds_bucket{le="0.025",' + labels + "} 1.0"
    assert listed in found
    assert 'calibrify_request_seconds_count{method="POST",route="none",status="4xx"} 1.0' in found


def test_invented_methods_do_not_multiply(metrics: Metrics) -> None:
    for method in ("PURGE", "X1", "X2"):
        metrics.observe_request(method, None, 501, 0.001)

    assert 'method="other"' in metrics.rendered().decode()
    assert "X1" not in metrics.rendered().decode()


def test_tasks_are_counted_by_outcome(metrics: Metrics) -> None:
    metrics.observe_task("core.seal_audit", "done", 0.1)

    assert 'calibrify_task_seconds_count{outcome="done",task="core.seal_audit"} 1.0' in lines(
        metrics
    )


def test_the_depth_of_the_outbox_is_asked_for_at_each_reading(metrics: Metrics) -> None:
    waiting = [3, 5]
    metrics.outbox_depth(waiting.pop)

    assert "calibrify_outbox_depth 5.0" in lines(metrics)
    assert "calibrify_outbox_depth 3.0" in lines(metrics)


def test_a_gauge_that_fails_takes_nothing_along(metrics: Metrics) -> None:
    metrics.outbox_depth([].pop)
    metrics.gauge_of("sessions", "Open sessions.", lambda: 7)

    assert lines(metrics) == ["calibrify_sessions 7.0"]


def test_a_later_gauge_takes_the_place_of_an_earlier(metrics: Metrics) -> None:
    metrics.outbox_depth(lambda: 1)
    metrics.outbox_depth(lambda: 2)

    assert lines(metrics) == ["calibrify_outbox_depth 2.0"]


def test_plugins_make_figures_of_their_own(metrics: Metrics) -> None:
    metrics.counter("equipment_imports", "Imports.", ("outcome",)).labels("done").inc()
    metrics.gauge("equipment_devices", "Devices.").set(9)

    found = lines(metrics)
    assert 'calibrify_equipment_imports_total{outcome="done"} 1.0' in found
    assert "calibrify_equipment_devices 9.0" in found


def test_two_figures_of_one_name_are_refused(metrics: Metrics) -> None:
    with pytest.raises(ValueError, match="Duplicated"):
        metrics.counter("task_seconds", "Again.")


def test_processes_in_one_test_run_do_not_mix(metrics: Metrics) -> None:
    Metrics().observe_task("core.seal_audit", "done", 0.1)

    assert lines(metrics) == []
