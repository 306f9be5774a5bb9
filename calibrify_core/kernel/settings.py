"""Settings: built-in defaults, then the ini file, then ``CALIBRIFY_*`` variables.

Nothing is needed to start. An unknown variable, or a value that does not parse, stops the
start with a sentence that names it: a typing error in a setting is never ignored.
"""

import configparser
import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from calibrify_core.kernel.errors import ConfigurationError

PREFIX = "CALIBRIFY_"
SECRETS = frozenset({"secret_key", "database_url", "metrics_token"})


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


Words = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_listed)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
Moment = Annotated[datetime, BeforeValidator(_moment)]


class Settings(BaseModel):
    """All settings of one installation; each is ``CALIBRIFY_<NAME>`` in the environment."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    environment: Literal["development", "testing", "production"] = Field(
        "development", description="What this installation is for; production is the strictest."
    )
    data_dir: Path = Field(
        Path("var"), description="Folder of the embedded database, files and the secret key."
    )
    database_url: str = Field(
        "", description="SQLAlchemy URL; empty: SQLite in the data folder. postgresql://… works."
    )
    storage_url: str = Field(
        "", description="Where files are kept: file://… ; empty: the folder files of the data dir."
    )
    secret_key: str = Field(
        "", description="At least 64 characters; empty: made on first start in the data folder."
    )
    plugins: Words | None = Field(
        None, description="Names of the plugins to run; unset: all that are installed."
    )
    public_url: str = Field(
        "http://localhost:6543", description="The address that people use; links and codes use it."
    )
    static_url: str = Field("", description="Where static files are served from, if not from here.")
    trusted_proxies: Networks = Field(
        (), description="Networks whose X-Forwarded-* headers are believed."
    )
    allow_http: bool = Field(
        False, description="Allows sign-in over plain http on a host other than this machine."
    )
    clock: Moment | None = Field(
        None, description="A fixed moment for all that the trade dates; not in production."
    )
    time_zone: Zone = Field(
        ZoneInfo("UTC"), description="Time zone of a new organisation (IANA name)."
    )
    log_format: Literal["console", "json"] = Field("console", description="How log lines look.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least severe level that is logged."
    )
    rate_limits: bool = Field(
        True, description="Whether callers are held to the documented rates; off only for load tests."
    )
    metrics_token: str = Field("", description="Bearer token that may read /metrics.")
    metrics_networks: Networks = Field((), description="Networks that may read /metrics.")
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
            shown[name] = "********" if name in SECRETS and value else str(value)
        return shown


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Reads the settings: defaults, the file named by ``CALIBRIFY_CONFIG``, the environment.

    Args:
        environ: the environment, by default the process's own.

    Raises:
        ConfigurationError: naming the first variable that is unknown or does not parse.
    """
    environ = os.environ if environ is None else environ
    raw: dict[str, str] = {}
    origin: dict[str, str] = {}
    plugin_raw: dict[str, dict[str, str]] = {}
    file_name = environ.get(f"{PREFIX}CONFIG")
    if file_name:
        for key, value in _read_file(Path(file_name)).items():
            _put(key, value, f"{file_name}: {key}", raw, origin, plugin_raw)
    for name, value in sorted(environ.items()):
        if name.startswith(PREFIX) and name != f"{PREFIX}CONFIG":
            _put(name.removeprefix(PREFIX).lower(), value, name, raw, origin, plugin_raw)
    try:
        settings = Settings.model_validate({**raw, "plugin_settings": plugin_raw})
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else "settings"
        raise ConfigurationError(f"{origin.get(field, field)}: {first['msg']}.") from None
    if settings.clock is not None and settings.environment == "production":
        raise ConfigurationError("CALIBRIFY_CLOCK is refused in production: unset it.")
    return _with_secret(settings)


def _put(
    key: str,
    value: str,
    name: str,
    raw: dict[str, str],
    origin: dict[str, str],
    plugin_raw: dict[str, dict[str, str]],
) -> None:
    """Files one value under its setting, reading ``*_file`` variants from disk."""
    if "__" in key:
        plugin, _, option = key.partition("__")
        plugin_raw.setdefault(plugin, {})[option] = value
        return
    if key.endswith("_file") and key.removesuffix("_file") in SECRETS:
        key = key.removesuffix("_file")
        try:
            value = Path(value).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigurationError(f"{name}: {error.strerror}: {error.filename}.") from None
    if key == "plugin_settings" or key not in Settings.model_fields:
        raise ConfigurationError(f"{name} is not a setting of Calibrify; remove or correct it.")
    raw[key], origin[key] = value, name


def _read_file(path: Path) -> Mapping[str, str]:
    """Returns the ``[calibrify]`` section of an ini file."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        with path.open(encoding="utf-8") as stream:
            parser.read_file(stream)
        return dict(parser["calibrify"])
    except (OSError, configparser.Error, KeyError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"CALIBRIFY_CONFIG: {path} cannot be read: {error}.") from None


def _with_secret(settings: Settings) -> Settings:
    """Checks the secret key, or keeps one made on the first start in the data folder."""
    if settings.secret_key:
        if len(settings.secret_key) < 64:
            raise ConfigurationError("CALIBRIFY_SECRET_KEY needs at least 64 characters.")
        return settings
    if settings.environment == "production":
        raise ConfigurationError("CALIBRIFY_SECRET_KEY is needed in production.")
    path = settings.data_dir / "secret-key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(48))
    except FileExistsError:
        pass
    except OSError as error:
        raise ConfigurationError(f"The data folder cannot be used: {error}.") from None
    return settings.model_copy(update={"secret_key": path.read_text(encoding="ascii").strip()})
