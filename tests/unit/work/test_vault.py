"""The vault: what is sealed opens in its place, under its key, unchanged, and nowhere else."""

from __future__ import annotations

from base64 import b64encode

import pytest

from calibrify_core.kernel.errors import ConfigurationError
from calibrify_core.kernel.settings import load_settings
from calibrify_core.work.platform import Platform
from calibrify_core.work.vault import Vault

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
PLACE = "integration_webhook:secret:1"


def test_a_secret_comes_back_and_does_not_show() -> None:
    vault = Vault({"2025": OLD})
    sealed = vault.seal("whsec_µ", PLACE)

    assert vault.open(sealed, PLACE) == "whsec_µ"
    assert "whsec" not in sealed
    assert sealed != vault.seal("whsec_µ", PLACE)


def test_after_a_new_key_old_secrets_open_and_new_ones_use_it() -> None:
    sealed = Vault({"2025": OLD}).seal("secret", PLACE)
    vault = Vault({"2026": NEW, "2025": OLD})

    assert vault.open(sealed, PLACE) == "secret"
    assert vault.seal("secret", PLACE).startswith("2026:")


@pytest.mark.parametrize("change", [lambda s: s[:-4] + "AAA=", lambda s: s[:8], lambda s: s + "!"])
def test_a_changed_secret_does_not_open(change: object) -> None:
    vault = Vault({"2025": OLD})
    assert callable(change)

    with pytest.raises(ConfigurationError, match="does not open"):
        vault.open(change(vault.seal("secret", PLACE)), PLACE)


def test_a_secret_that_was_moved_to_another_row_does_not_open() -> None:
    vault = Vault({"2025": OLD})

    with pytest.raises(ConfigurationError, match="does not open"):
        vault.open(vault.seal("secret", PLACE), "integration_webhook:secret:2")


def test_a_key_that_is_gone_is_named() -> None:
    with pytest.raises(ConfigurationError, match="put it back into CALIBRIFY_ENCRYPTION_KEYS"):
        Vault({"2026": NEW}).open(Vault({"2025": OLD}).seal("secret", PLACE), PLACE)


def test_what_the_derived_key_sealed_opens_under_keys_that_were_set_later(
    core_platform: Platform,
) -> None:
    sealed = core_platform.vault.seal("secret", PLACE)
    keys = f"2026:{b64encode(NEW).decode()}"
    settings = load_settings(
        {
            "CALIBRIFY_SECRET_KEY": core_platform.settings.secret_key,
            "CALIBRIFY_ENCRYPTION_KEYS": keys,
        }
    )
    later = Vault({**dict(settings.encryption_keys), "derived": core_platform.keys.encryption})

    assert sealed.startswith("derived:")
    assert later.open(sealed, PLACE) == "secret"
    assert "encryption_keys" in settings.masked()
    assert b64encode(NEW).decode() not in str(settings.masked())


@pytest.mark.parametrize(
    "text", ["2026", "2026:AAAA", f":{b64encode(OLD).decode()}", f"a.b:{b64encode(OLD).decode()}"]
)
def test_what_is_no_key_stops_the_start(text: str) -> None:
    with pytest.raises(ConfigurationError, match="CALIBRIFY_ENCRYPTION_KEYS: a key is <id>"):
        load_settings({"CALIBRIFY_SECRET_KEY": "k" * 64, "CALIBRIFY_ENCRYPTION_KEYS": text})
