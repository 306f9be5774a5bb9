"""Secrets are known by the names of values and by their looks."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from calibrify_core.kernel.settings import Settings
from calibrify_core.observability.redaction import MASK, redacted, scrubbed

TOKEN = "eyJhbGciOiJIUzUxMiJ9.eyJzdWIiOiI1In0.c2lnbmF0dXJl"


def redact(**event: Any) -> dict[str, Any]:
    return redacted(None, "info", event)


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "new_password",
        "Passwd",
        "secret_key",
        "token",
        "access_token",
        "Authorization",
        "cookie",
        "Set-Cookie",
        "api_key",
        "X-CSRF-Token",
        "credential_id",
        "totp_secret",
        "session_id",
        "encryption_keys",
        "database_url",
        "recovery_codes",
    ],
)
def test_a_secret_is_known_by_its_name(name: str) -> None:
    assert redact(**{name: "open sesame"}) == {name: MASK}
    assert redact(outer=[{"inner": {name: ["open sesame"]}}]) == {
        "outer": [{"inner": {name: MASK}}]
    }


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"sent {TOKEN} along", f"sent {MASK} along"),
        ("Authorization: Bearer cafe.babe-1", f"Authorization: {MASK} {MASK}"),
        ("header was Basic dXNlcjpwYXNz", f"header was Basic {MASK}"),
        ("redis://:hush@cache:6379/0", f"redis://:{MASK}@cache:6379/0"),
        ("smtp://me:pa:ss@mail", f"smtp://me:{MASK}@mail"),
        ("POST /login?password=hush&next=/", f"POST /login?password={MASK}&next=/"),
        ('{"token": "hu sh", "id": 5}', f'{{"token": {MASK}, "id": 5}}'),
        ("Settings(secret_key='hush', plugins=None)", f"Settings(secret_key={MASK}, plugins=None)"),
        ("got cals_" + "x" * 43, f"got {MASK}"),
        ("got cal_" + "x" * 43 + ".", f"got {MASK}."),
    ],
)
def test_a_secret_is_known_by_its_looks(text: str, clean: str) -> None:
    assert scrubbed(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "Torque wrench EQ-2026-00042 is due: 10.0010 N·m",
        "http://localhost:6543/equipment/?q=token",
        "the password was changed",
        "calibration_interval and calibrify_core",
        "basic unit",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert scrubbed(text) == text


def test_values_become_plain_data() -> None:
    identifier = uuid.uuid4()
    moment = datetime(2026, 1, 1, tzinfo=UTC)

    assert redact(
        id=identifier,
        moment=moment,
        value=Decimal("1.0010"),
        n=5,
        flag=True,
        none=None,
        pair=(1, "x"),
        token=None,
    ) == {
        "id": str(identifier),
        "moment": "2026-01-01 00:00:00+00:00",
        "value": "1.0010",
        "n": 5,
        "flag": True,
        "none": None,
        "pair": [1, "x"],
        "token": None,
    }


def test_an_object_that_shows_its_secrets_is_masked() -> None:
    settings = Settings(secret_key="hush" * 20, database_url="postgresql://lab:hush@db/c")

    assert "hush" not in str(redact(settings=settings, error=ValueError("token=hush")))


def test_endless_nesting_ends() -> None:
    deep: list[Any] = []
    deep.append(deep)

    assert "…" in str(redact(deep=deep))
