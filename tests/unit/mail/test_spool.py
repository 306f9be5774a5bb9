"""Spooled mail lies in private files and is listed newest first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from calibrify_core.kernel.clock import Clock
from calibrify_core.kernel.errors import NotFound, Unavailable
from calibrify_core.mail.message import Message
from calibrify_core.mail.spool import Spool


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "var" / "mail", "calibrify@localhost", Clock())


def test_a_mail_is_kept_and_read_again(spool: Spool) -> None:
    identifier = spool.send(Message("kim@example.org", "Überfällig", "Torque wrench EQ-1 is due."))

    (line,) = spool.list()
    assert (line.id, line.to, line.subject) == (identifier, "kim@example.org", "Überfällig")
    assert abs(line.sent_at - datetime.now(UTC)) < timedelta(minutes=1)
    content = spool.read(identifier)
    assert line.size == len(content)
    assert b"Torque wrench EQ-1 is due." in content


def test_mail_is_private(spool: Spool, tmp_path: Path) -> None:
    spool.send(Message("kim@example.org", "Reset your password", "https://…"))

    folder = tmp_path / "var" / "mail"
    (file,) = folder.iterdir()
    assert file.suffix == ".eml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_the_newest_come_first_and_not_all_of_them(spool: Spool) -> None:
    for number in range(5):
        spool.send(Message("kim@example.org", f"Number {number}", "…"))

    assert [mail.subject for mail in spool.list(limit=3)] == ["Number 4", "Number 3", "Number 2"]


def test_mail_is_dated_by_real_time(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "calibrify@localhost", Clock(datetime(2016, 2, 29, tzinfo=UTC)))
    spool.send(Message("kim@example.org", "Due", "…"))

    assert spool.list()[0].sent_at.year >= 2026


def test_an_empty_spool_lists_nothing(spool: Spool) -> None:
    assert spool.list() == []


@pytest.mark.parametrize(
    "identifier", ["", "x", "../secret-key", "019a0000-0000-7000-8000-000000000000"]
)
def test_what_is_not_there_is_not_found(spool: Spool, identifier: str) -> None:
    with pytest.raises(NotFound):
        spool.read(identifier)


def test_a_folder_that_takes_nothing_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("not a folder", encoding="utf-8")
    spool = Spool(tmp_path / "mail", "calibrify@localhost", Clock())

    with pytest.raises(Unavailable):
        spool.send(Message("kim@example.org", "Due", "…"))
