"""Health: whether the process lives, and whether all that it needs answers in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from calibrify_core.hooks.declarations import HealthCheck
from calibrify_core.kernel.errors import CalibrifyError

SECONDS = 3.0
"""How long all checks together may take."""

Check = Callable[[], None]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How one dependency is.

    Attributes:
        name: of the check.
        ok: whether it is well.
        seconds: how long the answer took.
        detail: what is wrong, without addresses and secrets; empty if nothing is.
    """

    name: str
    ok: bool
    seconds: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class HealthReport:
    """How the process is.

    Attributes:
        checks: one result for each dependency, in the order they were given.
    """

    checks: tuple[CheckResult, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything is well."""
        return all(check.ok for check in self.checks)

    @property
    def status(self) -> int:
        """The HTTP status that says so: 200 or 503."""
        return 200 if self.ok else 503


class Health:
    """Asks the named checks, all at once and never for longer than a bound.

    A check that hangs keeps one thread, and is not asked again before it comes back: the
    number of threads is bounded by the number of checks.

    Args:
        checks: by name; each returns if all is well and raises otherwise.
        seconds: how long all together may take.
    """

    def __init__(self, checks: Mapping[str, Check], seconds: float = SECONDS) -> None:
        self._checks = dict(checks)
        self._seconds = seconds
        self._lock = threading.Lock()
        self._runs: dict[str, _Run] = {}

    @classmethod
    def of(cls, services: Any, declared: Iterable[HealthCheck], seconds: float = SECONDS) -> Health:
        """Returns the health by declared checks.

        Args:
            services: of the application, handed to each check.
            declared: the checks.
            seconds: how long all together may take.
        """
        return cls({one.name: partial(one.check, services) for one in declared}, seconds)

    def live(self) -> HealthReport:
        """Returns whether the process lives: it answers, so it does."""
        return HealthReport()

    def ready(self) -> HealthReport:
        """Returns whether all that is needed to serve answers in time."""
        deadline = time.monotonic() + self._seconds
        with self._lock:
            runs = {name: self._started(name, check) for name, check in self._checks.items()}
        return HealthReport(tuple(run.result(deadline) for run in runs.values()))

    def _started(self, name: str, check: Check) -> _Run:
        """Returns the run of a check that is still under way, or starts one."""
        run = self._runs.get(name)
        if run is None or not run.is_alive():
            run = self._runs[name] = _Run(name, check)
            run.start()
        return run


def run_checks(services: Any, declared: Iterable[HealthCheck]) -> HealthReport:
    """Asks declared checks once, as a command does; a server keeps a `Health` instead.

    Args:
        services: of the application, handed to each check.
        declared: the checks.
    """
    return Health.of(services, declared).ready()


class _Run(threading.Thread):
    """One run of one check; a thread that does not hold up the end of the process."""

    def __init__(self, name: str, check: Check) -> None:
        super().__init__(name=f"health-{name}", daemon=True)
        self._check_name = name
        self._check = check
        self._began = time.monotonic()
        self._result: CheckResult | None = None

    def run(self) -> None:
        """Asks the check and keeps what came of it."""
        detail = ""
        try:
            self._check()
        except CalibrifyError as error:
            detail = error.detail
        except Exception as error:
            # The text of a foreign error may name hosts and users; it goes to the log alone.
            log.exception("health check failed", check=self._check_name)
            detail = f"failed ({type(error).__name__})"
        self._result = CheckResult(self._check_name, not detail, self._age(), detail)

    def result(self, deadline: float) -> CheckResult:
        """Waits until the deadline (of the monotonic clock) and returns what is known then."""
        self.join(max(0.0, deadline - time.monotonic()))
        if self._result is None:
            return CheckResult(self._check_name, ok=False, seconds=self._age(), detail="timed out")
        return self._result

    def _age(self) -> float:
        return round(time.monotonic() - self._began, 3)
