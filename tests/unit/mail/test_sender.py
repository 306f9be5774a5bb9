"""The address that mail comes from is a setting, and must be one."""

from __future__ import annotations

from pathlib import Path

import pytest

from calibrify_core.app import make_platform
from calibrify_core.kernel.errors import ConfigurationError
from calibrify_core.kernel.settings import Settings
from calibrify_core.mail.message import Message


def settings(tmp_path: Path, **core: str) -> Settings:
    return Settings(
        environment="testing",
        data_dir=tmp_path,
        secret_key="k" * 64,
        plugins=(),
        plugin_settings={"core": core},
    )


def test_mail_comes_from_the_address_that_was_set(tmp_path: Path) -> None:
    mailer = make_platform(settings(tmp_path, mail_sender="lab@example.org")).mailer
    mailer.send(Message("kim@example.org", "Due", "Torque wrench EQ-1 is due."))
    (file,) = (tmp_path / "mail").iterdir()
    assert b"From: lab@example.org" in file.read_bytes()


@pytest.mark.parametrize("sender", ["nonsense", "", "a@b\nBcc: x@y", "Lab <lab@example.org>"])
def test_what_is_no_address_stops_the_start(tmp_path: Path, sender: str) -> None:
    with pytest.raises(ConfigurationError, match="CALIBRIFY_CORE__MAIL_SENDER"):
        make_platform(settings(tmp_path, mail_sender=sender))
