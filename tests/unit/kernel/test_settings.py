"""Settings: defaults, file, variables; a mistake stops the start with one sentence."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from calibrify_core.kernel.errors import ConfigurationError
from calibrify_core.kernel.settings import Settings, load_settings

KEY = "k" * 64


def load(**variables: object) -> Settings:
    """Loads settings from variables alone, named without their prefix."""
    named = {f"CALIBRIFY_{name.upper()}": str(value) for name, value in variables.items()}
    return load_settings({"PATH": "/bin", "CALIBRIFY_SECRET_KEY": KEY, **named})


def sentence(**variables: object) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(**variables)
    return caught.value.detail


def test_nothing_is_needed(tmp_path: Path) -> None:
    settings = load_settings({"CALIBRIFY_DATA_DIR": str(tmp_path / "var")})

    assert settings.environment == "development"
    assert settings.resolved_database_url == f"sqlite:///{tmp_path}/var/calibrify.sqlite3"
    assert settings.files_dir == tmp_path / "var" / "files"
    assert settings.plugins is None


def test_variables_are_parsed() -> None:
    settings = load(
        plugins="equipment, calibration",
        clock="2016-02-29",
        time_zone="Europe/Vienna",
        trusted_proxies="10.0.0.0/8 ::1",
        allow_http="1",
        public_url="https://lab.example/",
        database_url="postgresql://lab@db/calibrify",
        storage_url="file:///srv/files",
    )

    assert settings.plugins == ("equipment", "calibration")
    assert settings.clock == datetime(2016, 2, 29, tzinfo=UTC)
    assert settings.time_zone == ZoneInfo("Europe/Vienna")
    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1"))
    assert settings.allow_http is True
    assert settings.public_url == "https://lab.example"
    assert settings.resolved_database_url == "postgresql://lab@db/calibrify"
    assert settings.files_dir == Path("/srv/files")


def test_no_plugins_are_not_all_plugins() -> None:
    assert load(plugins="").plugins == ()


def test_a_moment_keeps_its_zone() -> None:
    assert load(clock="2016-02-29T12:00:00+01:00").clock == datetime(2016, 2, 29, 11, tzinfo=UTC)


def test_a_variable_takes_the_place_of_a_line(tmp_path: Path) -> None:
    ini = tmp_path / "calibrify.ini"
    ini.write_text(
        "[calibrify]\nlog_level = DEBUG\nlog_format = json\nequipment__rows = 10%\n", "utf-8"
    )

    settings = load(config=ini, log_level="ERROR")

    assert (settings.log_level, settings.log_format) == ("ERROR", "json")
    assert settings.plugin_settings == {"equipment": {"rows": "10%"}}


def test_plugin_settings_are_filed_by_plugin() -> None:
    settings = load(equipment__import_max_rows="5", calibration__x="y")

    assert settings.plugin_settings == {
        "equipment": {"import_max_rows": "5"},
        "calibration": {"x": "y"},
    }


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        (
            {"databse_url": "x"},
            "CALIBRIFY_DATABSE_URL is not a setting of Calibrify; remove or correct it.",
        ),
        (
            {"plugin_settings": "x"},
            "CALIBRIFY_PLUGIN_SETTINGS is not a setting of Calibrify; remove or correct it.",
        ),
        ({"__x": "y"}, "CALIBRIFY___X is not a setting of Calibrify; remove or correct it."),
        (
            {"log_level_file": "x"},
            "CALIBRIFY_LOG_LEVEL_FILE is not a setting of Calibrify; remove or correct it.",
        ),
        (
            {"time_zone": "Mars/Olympus"},
            "CALIBRIFY_TIME_ZONE: 'Mars/Olympus' is not a time zone of the IANA database.",
        ),
        ({"clock": "soon"}, "CALIBRIFY_CLOCK: Invalid isoformat string: 'soon'."),
        (
            {"log_level": "LOUD"},
            "CALIBRIFY_LOG_LEVEL: Input should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'.",
        ),
        (
            {"public_url": "lab.example"},
            "CALIBRIFY_PUBLIC_URL: it is not an address that starts with http:// or https://.",
        ),
        (
            {"environment": "production", "clock": "2016-02-29"},
            "CALIBRIFY_CLOCK is refused in production: unset it.",
        ),
        ({"secret_key": "short"}, "CALIBRIFY_SECRET_KEY needs at least 64 characters."),
        (
            {"environment": "production", "secret_key": ""},
            "CALIBRIFY_SECRET_KEY is needed in production.",
        ),
    ],
)
def test_a_mistake_is_told_in_one_sentence(variables: dict[str, str], expected: str) -> None:
    assert sentence(**variables) == expected


@pytest.mark.parametrize("value", ["10.0.0.1/8", "10.0.0.0/33", "proxy"])
def test_what_is_no_network_is_told_by_its_name(value: str) -> None:
    assert sentence(trusted_proxies=value).startswith("CALIBRIFY_TRUSTED_PROXIES: ")


def test_a_mistake_in_the_file_names_file_and_line(tmp_path: Path) -> None:
    ini = tmp_path / "calibrify.ini"
    ini.write_text("[calibrify]\nlog_lvel = DEBUG\n", "utf-8")
    assert sentence(config=ini) == (
        f"{ini}: log_lvel is not a setting of Calibrify; remove or correct it."
    )

    ini.write_text("[calibrify]\nallow_http = perhaps\n", "utf-8")
    assert sentence(config=ini).startswith(f"{ini}: allow_http: ")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[other]\n", " has no section [calibrify]."),
        (b"log_level = DEBUG\n", " is no ini file: "),
        (b"[calibrify]\nx = \xff\n", " is no ini file: "),
    ],
)
def test_a_broken_file_is_told(tmp_path: Path, content: bytes, expected: str) -> None:
    ini = tmp_path / "calibrify.ini"
    ini.write_bytes(content)

    assert sentence(config=ini).startswith(f"CALIBRIFY_CONFIG: {ini}{expected}")
    assert "\n" not in sentence(config=ini)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    assert sentence(config=tmp_path / "none.ini") == (
        f"CALIBRIFY_CONFIG: No such file or directory: {tmp_path}/none.ini."
    )


def test_secrets_may_lie_in_files(tmp_path: Path) -> None:
    for name, text in {"key": "s" * 70 + "\n", "url": "postgresql://lab:x@db/c\n"}.items():
        (tmp_path / name).write_text(text, "utf-8")

    settings = load_settings(
        {
            "CALIBRIFY_SECRET_KEY_FILE": str(tmp_path / "key"),
            "CALIBRIFY_DATABASE_URL_FILE": str(tmp_path / "url"),
        }
    )

    assert settings.secret_key == "s" * 70
    assert settings.database_url == "postgresql://lab:x@db/c"


def test_a_secret_and_its_file_are_one_too_many(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s" * 70, "utf-8")

    assert sentence(secret_key_file=tmp_path / "key") == (
        "CALIBRIFY_SECRET_KEY and CALIBRIFY_SECRET_KEY_FILE say the same: unset one."
    )


def test_a_secret_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert sentence(metrics_token_file=tmp_path / "none") == (
        f"CALIBRIFY_METRICS_TOKEN_FILE: No such file or directory: {tmp_path}/none."
    )
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    assert sentence(metrics_token_file=tmp_path / "bytes") == (
        f"CALIBRIFY_METRICS_TOKEN_FILE: {tmp_path}/bytes is not a text file."
    )


def test_the_secret_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    environ = {"CALIBRIFY_DATA_DIR": str(tmp_path / "var")}

    first, second = load_settings(environ), load_settings(environ)

    assert first.secret_key == second.secret_key
    assert len(first.secret_key) >= 64
    path = tmp_path / "var" / "secret-key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secret-key"]
    assert load_settings({"CALIBRIFY_DATA_DIR": str(tmp_path / "2")}).secret_key != first.secret_key


def test_processes_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    environ = {"CALIBRIFY_DATA_DIR": str(tmp_path / "var")}
    with ThreadPoolExecutor(16) as pool:
        keys = {settings.secret_key for settings in pool.map(load_settings, [environ] * 64)}

    assert len(keys) == 1
    assert len(keys.pop()) >= 64


def test_a_cut_off_secret_key_is_told(tmp_path: Path) -> None:
    (tmp_path / "secret-key").write_text("cut", "utf-8")

    with pytest.raises(ConfigurationError) as caught:
        load_settings({"CALIBRIFY_DATA_DIR": str(tmp_path)})

    assert caught.value.detail == (
        f"{tmp_path}/secret-key holds no secret key: restore it, or remove it."
    )


def test_a_data_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file", "utf-8")

    with pytest.raises(ConfigurationError, match="The data folder cannot be used: "):
        load_settings({"CALIBRIFY_DATA_DIR": str(tmp_path / "var")})


def test_masked_settings_show_no_secret() -> None:
    settings = load(
        database_url="postgresql://lab:hush@db/c",
        metrics_token="hush",
        integration__api_token="hush",
        integration__rows="5",
    )
    shown = settings.masked()

    assert "hush" not in str(shown)
    assert KEY not in str(shown)
    assert shown["log_level"] == "INFO"
    assert "'rows': '5'" in shown["plugin_settings"]
    assert load().masked()["metrics_token"] == ""


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().log_level = "DEBUG"
