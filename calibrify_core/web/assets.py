"""Static files: their versioned addresses, and how they are served where no nginx does it."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from whitenoise import WhiteNoise

CORE = "core"
ASSETS = "calibrify.assets"
TEXT = frozenset({".css", ".js", ".svg", ".json", ".txt"})


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

    def wrap(self, application: Any, cache: Path) -> Any:
        """Returns the application with the files served in front of it.

        Args:
            application: what answers everything else.
            cache: a folder for copies, compressed ones too; a build is laid out there once.
        """
        laid_out = cache / "static" / self.build
        if not laid_out.is_dir():
            with TemporaryDirectory(dir=_made(cache)) as draft:
                self.copy_to(Path(draft))
                # Another process may have been faster: its files are the same.
                with suppress(OSError):
                    (Path(draft) / "static" / self.build).rename(
                        _made(laid_out.parent) / self.build
                    )
        served = WhiteNoise(application, max_age=31_536_000, autorefresh=False)
        served.immutable_file_test = lambda _, url: url.startswith(self.prefix)
        served.add_files(str(laid_out), prefix=self.prefix)
        return served

    def copy_to(self, target: Path) -> int:
        """Copies all files below a folder as a web server is to serve them; returns how many.

        Text has a compressed copy beside it, which nginx finds with ``gzip_static on``.
        """
        count = 0
        for name, path, source in _walk(self.folders):
            goal = target / "static" / self.build / name / path
            _made(goal.parent)
            content = source.read_bytes()
            goal.write_bytes(content)
            if source.suffix in TEXT:
                goal.with_name(f"{goal.name}.gz").write_bytes(gzip.compress(content, mtime=0))
            count += 1
        return count


def _made(folder: Path) -> Path:
    """Returns a folder, made if it was not there."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


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
