"""Static files: their versioned addresses, and how they are served where no nginx does it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

from whitenoise import WhiteNoise

CORE = "core"
ASSETS = "calibrify.assets"


class Assets:
    """The static files of the core and of the enabled plugins, under one build's address.

    The address carries a hash over all contents, so that it can be cached for ever and
    relative imports between modules stay valid.

    Args:
        folders: (name, folder) of the core and of each plugin that has any.
        base: origin in front of the addresses (a CDN), empty for this server.
    """

    def __init__(self, folders: Iterable[tuple[str, Path]], base: str = "") -> None:
        self.folders = tuple(folders)
        self.build = _digest(self.folders)
        self.base = base.rstrip("/")
        self.prefix = f"/static/{self.build}/"

    def url(self, path: str, place: str = CORE) -> str:
        """Returns the address of a file.

        Args:
            path: within the folder, for example ``css/tokens.css``.
            place: ``core`` or a plugin's name.
        """
        return f"{self.base}{self.prefix}{place}/{path}"

    def wrap(self, application: Any) -> Any:
        """Returns the application with the files served in front of it."""
        served = WhiteNoise(application, max_age=31_536_000, autorefresh=False)
        served.immutable_file_test = lambda _, url: url.startswith(self.prefix)
        for name, folder in self.folders:
            served.add_files(str(folder), prefix=f"{self.prefix}{name}/")
        return served

    def copy_to(self, target: Path) -> int:
        """Copies all files below a folder as nginx is to serve them; returns how many."""
        count = 0
        for name, path, source in _walk(self.folders):
            goal = target / "static" / self.build / name / path
            goal.parent.mkdir(parents=True, exist_ok=True)
            goal.write_bytes(source.read_bytes())
            count += 1
        return count


def find_assets(plugins: Any, base: str = "") -> Assets:
    """Returns the static files of the core and of the enabled plugins."""
    folders = [(CORE, Path(str(files("calibrify_core.static"))))]
    for plugin in plugins.all[1:]:
        package = plugin.module.__name__.rpartition(".")[0]
        folder = Path(str(files(package))) / "static"
        if folder.is_dir():
            folders.append((plugin.name, folder))
    return Assets(folders, base)


def _walk(folders: Iterable[tuple[str, Path]]) -> Iterable[tuple[str, str, Path]]:
    """Yields (place, path, file) of what is served, in a fixed order."""
    for name, folder in folders:
        for source in sorted(folder.rglob("*")):
            if source.is_file() and source.suffix not in {".py", ".pyc"}:
                yield name, source.relative_to(folder).as_posix(), source


def _digest(folders: Iterable[tuple[str, Path]]) -> str:
    """Returns a short hash over names and contents of all files."""
    total = hashlib.sha256()
    for name, path, source in _walk(folders):
        total.update(f"{name}/{path}\0".encode())
        total.update(hashlib.sha256(source.read_bytes()).digest())
    return total.hexdigest()[:12]
