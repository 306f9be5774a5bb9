"""The front door of integration: what another plugin may import to bring a connector."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from pydantic import BaseModel

from calibrify_core.kernel.errors import CalibrifyError
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork

Opener = Callable[[], AbstractContextManager[UnitOfWork]]


class ConnectorFailed(CalibrifyError):
    """A run of a connector came to nothing; the text says why, as a sentence."""

    code = "connector_failed"
    title = "The connector failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one file that a connector brought.

    Attributes:
        known: the same content was imported before, and was not imported again.
        report: counters and problems of the import, as JSON; empty for what was known.
        errors: the rows that failed as a CSV file, or None.
    """

    known: bool
    report: Mapping[str, Any]
    errors: bytes | None = None

    @property
    def failed(self) -> int:
        """How many rows could not be imported."""
        return int(self.report.get("failed", 0))


class Work(Protocol):
    """What a run of a connector is handed.

    Attributes:
        platform: the application's shared services.
        organisation: short name of the organisation.
        settings: the connector's settings, validated.
        secret: what the connector keeps encrypted, or None.
        cursor: where the last run ended, as it was kept.
    """

    platform: Platform
    organisation: str
    settings: Any
    secret: str | None
    cursor: Mapping[str, Any]

    def deliver(
        self,
        stream: BinaryIO,
        name: str,
        *,
        cursor: Mapping[str, Any] | None = None,
        once: bool = False,
    ) -> Delivery:
        """Imports a file with the rights of the connector's owner.

        Args:
            stream: the file, CSV or XLSX, that can be sought.
            name: of the file.
            cursor: where the next run goes on; kept together with the end of the import.
            once: content that was imported before is not imported again.

        Raises:
            Invalid: it cannot be read, or mapping and options do not fit it.
        """

    def keep(self, cursor: Mapping[str, Any]) -> None:
        """Keeps where the next run goes on."""

    def log(self, text: str) -> None:
        """Adds a line to the log of the run."""

    def stop_if_cancelled(self) -> None:
        """Ends the run between two steps if somebody asked for that.

        Raises:
            JobCancelled: somebody did.
        """


@dataclass(frozen=True, slots=True)
class ConnectorKind:
    """A way in which data comes from another system.

    Attributes:
        name: unique, ``<plugin>.<what>``.
        title: as people read it.
        settings: schema of a connector's settings.
        check: called with (unit, settings) before they are kept; raises `Invalid` with pointers
            below ``/settings``.
        run: called with the `Work` of a run.
        target: settings member that names where a secret is sent; a change asks for the secret
            again. Empty: it takes no secret.
        needs_key: the options must say by which field a row finds its record.
    """

    name: str
    title: str
    settings: type[BaseModel]
    check: Callable[[UnitOfWork, Any], None]
    run: Callable[[Work], None]
    target: str = ""
    needs_key: bool = False
