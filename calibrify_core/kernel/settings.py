"""Settings: built-in defaults, then the ini file, then ``CALIBRIFY_*`` variables.

Nothing is needed to start. An unknown variable, or a value that does not parse, stops the
start with a sentence that names it: a typing error in a setting is never ignored.
"""

import binascii
import configparser
import os
import secrets
import tempfile
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from calibrify_core.kernel.errors import ConfigurationError

PREFIX = "CALIBRIFY_"
SECRETS = frozenset({"secret_key", "encryption_keys", "database_url", "redis_url", "metrics_token"})
SECRET_BITS = ("password", "secret", "token", "key")
MASK = "********"
SECRET_KEY_LENGTH = 64
ENCRYPTION_KEY_BYTES = 32


def _listed(value: object) -> object:
    """Splits ``a, b c`` into its words; a list passes as it is."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


def _zone(value: object) -> object:
    """Turns the name of a time zone into the zone, and refuses an unknown name."""
    if not isinstance(value, str):
        return value
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{value!r} is not a time zone of the IANA database") from None


def _moment(value: object) -> object:
    """Turns ``2016-02-29`` or an RFC 3339 moment into an aware datetime (UTC by default)."""
    if not isinstance(value, str):
        return value
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _address(value: object) -> object:
    """Refuses what is no http address, and cuts the slash at its end."""
    if not isinstance(value, str):
        return value
    if not value.startswith(("http://", "https://")):
        raise ValueError("it is not an address that starts with http:// or https://")
    return value.rstrip("/")


def _optional_address(value: object) -> object:
    """Lets nothing pass, and what is an http address."""
    return _address(value) if value else value


def _keys(value: object) -> object:
    """Turns ``2026:<base64>, 2025:<base64>`` into pairs of id and key, in their order."""
    if not isinstance(value, str):
        return value
    found: dict[str, bytes] = {}
    for word in value.replace(",", " ").split():
        name, _, text = word.partition(":")
        try:
            key = b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not name.isalnum() or len(key) != ENCRYPTION_KEY_BYTES:
            raise ValueError("a key is <id>:<base64 of 32 bytes>, the id of letters and digits")
        if name in found:
            raise ValueError(f"the id {name} stands for two keys")
        found[name] = key
    return tuple(found.items())


def _redis_address(value: object) -> object:
    """Refuses what is no address of a Redis."""
    if isinstance(value, str) and value and not value.startswith(("redis://", "rediss://")):
        raise ValueError("it is not an address that starts with redis:// or rediss://")
    return value


Words = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_listed)]
EncryptionKeys = Annotated[tuple[tuple[str, bytes], ...], BeforeValidator(_keys)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Address = Annotated[str, BeforeValidator(_address)]
OptionalAddress = Annotated[str, BeforeValidator(_optional_address)]
RedisAddress = Annotated[str, BeforeValidator(_redis_address)]


class Settings(BaseModel):
    """All settings of one installation; each is ``CALIBRIFY_<NAME>`` in the environment."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    environment: Literal["development", "testing", "production"] = Field(
        "development",
        description="What this installation is for; production is the strictest.",
        examples=["production"],
    )
    data_dir: Path = Field(
        Path("var"),
        description="Folder of the embedded database, files and the secret key.",
        examples=["/var/lib/calibrify"],
    )
    database_url: str = Field(
        "",
        description="SQLAlchemy URL; empty: SQLite in the data folder. postgresql://… works.",
        examples=["postgresql://calibrify:password@localhost/calibrify"],
    )
    redis_url: RedisAddress = Field(
        "",
        description="Redis for the queue, shared rate limits and the shared cache: redis://… ; "
        "empty: background work runs beside the web server, the rest in each process.",
        examples=["redis://:password@localhost:6379/0"],
    )
    storage_url: str = Field(
        "",
        description="Where files are kept: file://… or s3://bucket?endpoint_url=… ; "
        "empty: the folder files of the data dir.",
        examples=[
            "s3://calibrify?endpoint_url=https://s3.example.com",
            "file:///srv/calibrify/files",
        ],
    )
    secret_key: str = Field(
        "",
        description="At least 64 characters; empty: made on first start in the data folder.",
        examples=["replace-this-by-what-openssl-rand-hex-48-prints-and-keep-it-to-yourself"],
    )
    encryption_keys: EncryptionKeys = Field(
        (),
        description="Keys that secrets are kept under, id:base64 each; the first encrypts. "
        "Empty: one derived from the secret key.",
        examples=["2026:cmVwbGFjZS10aGlzLWJ5LTMyLXJhbmRvbS1ieXRlcyE="],
    )
    plugins: Words | None = Field(
        None,
        description="Names of the plugins to run; unset: all that are installed.",
        examples=["equipment, calibration"],
    )
    public_url: Address = Field(
        "http://localhost:6543",
        description="The address that people use; links and codes use it.",
        examples=["https://calibrify.example.com"],
    )
    static_url: str = Field(
        "",
        description="Where static files are served from, if not from here.",
        examples=["https://cdn.example.com/calibrify"],
    )
    live_url: OptionalAddress = Field(
        "",
        description="Where browsers reach the server of live events; empty: pages ask instead.",
        examples=["https://calibrify.example.com"],
    )
    trusted_proxies: Networks = Field(
        (),
        description="Networks whose X-Forwarded-* headers are believed.",
        examples=["127.0.0.1/32, 10.0.0.0/8"],
    )
    allow_http: bool = Field(
        False, description="Allows sign-in over plain http on a host other than this machine."
    )
    clock: Moment | None = Field(
        None,
        description="A fixed moment for all that the trade dates; not in production.",
        examples=["2026-02-28T12:00:00Z"],
    )
    time_zone: Zone = Field(
        ZoneInfo("UTC"),
        description="Time zone of a new organisation (IANA name).",
        examples=["Europe/Oslo"],
    )
    log_format: Literal["console", "json"] = Field(
        "console", description="How log lines look.", examples=["json"]
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least severe level that is logged.", examples=["WARNING"]
    )
    rate_limits: bool = Field(
        True,
        description="Whether callers are held to the documented rates; off only for load tests.",
    )
    metrics_token: str = Field(
        "",
        description="Bearer token that may read /metrics.",
        examples=["replace-this-by-what-openssl-rand-hex-32-prints"],
    )
    metrics_networks: Networks = Field(
        (), description="Networks that may read /metrics.", examples=["10.0.0.0/8"]
    )
    plugin_settings: Mapping[str, Mapping[str, str]] = Field(
        default_factory=dict, description="CALIBRIFY_<PLUGIN>__<KEY>, by plugin and key."
    )

    @property
    def resolved_database_url(self) -> str:
        """The database URL, the embedded default filled in."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'calibrify.sqlite3').resolve()}"

    @property
    def files_dir(self) -> Path:
        """The folder of stored files when the storage is the built-in folder."""
        if self.storage_url:
            return Path(self.storage_url.removeprefix("file://"))
        return self.data_dir / "files"

    def masked(self) -> dict[str, str]:
        """Returns the effective values as text, secrets masked, for ``config check``."""
        shown = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            shown[name] = MASK if name in SECRETS and value else str(value)
        shown["plugin_settings"] = str(
            {
                plugin: {
                    key: MASK if any(bit in key for bit in SECRET_BITS) else value
                    for key, value in options.items()
                }
                for plugin, options in self.plugin_settings.items()
            }
        )
        return shown


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Reads the settings: defaults, the file named by ``CALIBRIFY_CONFIG``, the environment.

    Args:
        environ: the environment, by default the process's own.

    Raises:
        ConfigurationError: naming the first variable that is unknown or does not parse.
    """
    environ = os.environ if environ is None else environ
    given = _Given()
    file_name = environ.get(f"{PREFIX}CONFIG")
    if file_name:
        for key, value in _read_file(Path(file_name)).items():
            given.put(key, value, f"{file_name}: {key}")
    # A variable takes the place of a line of the file; twice the same variable is a mistake.
    given.begin_source()
    for name, value in sorted(environ.items()):
        if name.startswith(PREFIX) and name != f"{PREFIX}CONFIG":
            given.put(name.removeprefix(PREFIX).lower(), value, name)
    try:
        settings = Settings.model_validate({**given.values, "plugin_settings": given.plugins})
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else "settings"
        reason = first["msg"].removeprefix("Value error, ").rstrip(".")
        raise ConfigurationError(f"{given.origin.get(field, field)}: {reason}.") from None
    if settings.clock is not None and settings.environment == "production":
        raise ConfigurationError("CALIBRIFY_CLOCK is refused in production: unset it.")
    return _with_secret(settings)


class _Given:
    """What was given as settings, as text, and where each value comes from.

    Attributes:
        values: by setting.
        origin: as what each was given, to be named when it does not parse.
        plugins: values of plugin settings, by plugin and key.
    """

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.origin: dict[str, str] = {}
        self.plugins: dict[str, dict[str, str]] = {}
        self._seen: dict[str, str] = {}

    def begin_source(self) -> None:
        """Starts a source that may give each setting once more."""
        self._seen.clear()

    def put(self, key: str, value: str, name: str) -> None:
        """Files one value under its setting, reading ``*_file`` variants from disk.

        Raises:
            ConfigurationError: there is no such setting, it is given twice, or its file
                cannot be read.
        """
        plugin, separator, option = key.partition("__")
        if separator and plugin and option:
            self.plugins.setdefault(plugin, {})[option] = value
            return
        if key.endswith("_file") and key.removesuffix("_file") in SECRETS:
            key, value = key.removesuffix("_file"), _read_secret(Path(value), name)
        if key == "plugin_settings" or key not in Settings.model_fields:
            raise ConfigurationError(f"{name} is not a setting of Calibrify; remove or correct it.")
        if key in self._seen:
            raise ConfigurationError(f"{self._seen[key]} and {name} say the same: unset one.")
        self.values[key], self.origin[key], self._seen[key] = value, name, name


def _read_secret(path: Path, name: str) -> str:
    """Returns the text of a file that holds one secret."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"{name}: {error.strerror}: {path}.") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{name}: {path} is not a text file.") from None


def _read_file(path: Path) -> Mapping[str, str]:
    """Returns the ``[calibrify]`` section of an ini file."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        with path.open(encoding="utf-8") as stream:
            parser.read_file(stream)
    except OSError as error:
        raise ConfigurationError(f"CALIBRIFY_CONFIG: {error.strerror}: {path}.") from None
    except (configparser.Error, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ConfigurationError(f"CALIBRIFY_CONFIG: {path} is no ini file: {reason}.") from None
    if not parser.has_section("calibrify"):
        raise ConfigurationError(f"CALIBRIFY_CONFIG: {path} has no section [calibrify].")
    return dict(parser["calibrify"])


def _with_secret(settings: Settings) -> Settings:
    """Checks the secret key, or keeps one made on the first start in the data folder."""
    if settings.secret_key:
        if len(settings.secret_key) < SECRET_KEY_LENGTH:
            raise ConfigurationError("CALIBRIFY_SECRET_KEY needs at least 64 characters.")
        return settings
    if settings.environment == "production":
        raise ConfigurationError("CALIBRIFY_SECRET_KEY is needed in production.")
    path = settings.data_dir / "secret-key"
    try:
        if not path.exists():
            _make_secret(path)
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The data folder cannot be used: {error}.") from None
    if len(secret) < SECRET_KEY_LENGTH:
        raise ConfigurationError(f"{path} holds no secret key: restore it, or remove it.")
    return settings.model_copy(update={"secret_key": secret})


def _make_secret(path: Path) -> None:
    """Writes a new secret key; of several processes that start at once, one makes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # It appears under its name only when it is whole: nobody starts with half a key.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".secret-key-")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(48))
        path.hardlink_to(name)
    except FileExistsError:
        pass
    finally:
        Path(name).unlink()
