"""Fetches the third-party front-end files and writes them, with their licences, into ``static/``.

Run ``python static/vendor/build.py`` to download every pinned package with ``npm pack`` and write
the modules, fonts, icon sprite and ``manifest.json`` again; ``icons.txt`` lists the icons. Run it
with ``--check`` (no network) to verify that the files are exactly those that the manifest names.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent
MANIFEST = STATIC / "vendor" / "manifest.json"
MINIFIER = "esbuild-wasm@0.28.2"


@dataclass(frozen=True)
class Package:
    """One npm package and what is taken from it.

    Attributes:
        name: Name on the npm registry.
        version: Exact version.
        licence: SPDX identifier.
        modules: Pairs of path in the package and path under ``static/``; minified on the way.
        files: Pairs of path in the package and path under ``static/``; copied unchanged.
    """

    name: str
    version: str
    licence: str
    modules: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()


PACKAGES = (
    Package(
        "@hotwired/turbo",
        "8.0.23",
        "MIT",
        modules=(("dist/turbo.es2017-esm.js", "vendor/turbo.js"),),
    ),
    Package(
        "@github/hotkey",
        "3.1.4",
        "MIT",
        modules=(("dist/index.js", "vendor/hotkey.js"),),
        files=(("LICENSE", "vendor/licences/hotkey.txt"),),
    ),
    Package(
        "@github/combobox-nav",
        "3.0.2",
        "MIT",
        modules=(("dist/index.js", "vendor/combobox-nav.js"),),
        files=(("LICENSE", "vendor/licences/combobox-nav.txt"),),
    ),
    Package(
        "@fontsource-variable/inter",
        "5.3.0",
        "OFL-1.1",
        files=(
            ("files/inter-latin-wght-normal.woff2", "fonts/inter-latin.woff2"),
            ("files/inter-latin-ext-wght-normal.woff2", "fonts/inter-latin-ext.woff2"),
            ("LICENSE", "vendor/licences/inter.txt"),
        ),
    ),
    Package(
        "@fontsource/ibm-plex-mono",
        "5.3.0",
        "OFL-1.1",
        files=(
            ("files/ibm-plex-mono-latin-400-normal.woff2", "fonts/ibm-plex-mono-400.woff2"),
            ("files/ibm-plex-mono-latin-500-normal.woff2", "fonts/ibm-plex-mono-500.woff2"),
            ("LICENSE", "vendor/licences/ibm-plex-mono.txt"),
        ),
    ),
)

ICONS = Package(
    "lucide-static", "1.62.0", "ISC", files=(("LICENSE", "vendor/licences/lucide.txt"),)
)
ICON_NAMES = STATIC / "vendor" / "icons.txt"


def download(spec: str, folder: Path) -> Path:
    """Fetches one package from the npm registry and unpacks it.

    Args:
        spec: ``name@version``.
        folder: Existing empty folder to work in.

    Returns:
        The ``package`` folder of the archive.

    Raises:
        subprocess.CalledProcessError: ``npm`` is missing the package or cannot reach the registry.
    """
    npm = shutil.which("npm") or "npm"
    command = [npm, "pack", spec, "--silent", "--pack-destination", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    archive = next(folder.glob("*.tgz"))
    shutil.unpack_archive(archive, folder, filter="data")
    return folder / "package"


def minify(source: Path, target: Path, minifier: Path) -> None:
    """Writes ``source`` without white space and with short local names to ``target``.

    Args:
        source: Module as published.
        target: Where the minified module goes.
        minifier: Unpacked esbuild package.
    """
    node = shutil.which("node") or "node"
    script = str(minifier / "bin" / "esbuild")
    options = ["--minify", "--format=esm", "--target=es2022", "--legal-comments=inline"]
    subprocess.run(  # noqa: S603
        [node, script, str(source), *options, "--log-level=error", f"--outfile={target}"],
        check=True,
    )


def sprite(icons: Path) -> str:
    """Builds one SVG document with a ``symbol`` for every icon that the interface uses.

    Args:
        icons: Folder with one SVG file for each icon.

    Returns:
        The sprite as text.

    Raises:
        FileNotFoundError: A wanted icon is not in the package.
    """
    symbols = []
    for name in ICON_NAMES.read_text(encoding="utf-8").split():
        text = (icons / f"{name}.svg").read_text(encoding="utf-8")
        found = re.search(r"<svg[^>]*>(.*)</svg>", text, re.DOTALL)
        if found is None:
            raise ValueError(f"{name}.svg holds no drawing")
        body = re.sub(r"\s*\n\s*", "", found.group(1))
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{body}</symbol>')
    head = '<svg xmlns="http://www.w3.org/2000/svg">'
    return head + "\n" + "\n".join(symbols) + "\n</svg>\n"


def digest(path: Path) -> str:
    """Returns the SHA-256 of a file as hexadecimal text."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def entry(package: Package, target: str) -> dict[str, str]:
    """Describes one written file for the manifest.

    Args:
        package: Where the file comes from.
        target: Path under ``static/``.

    Returns:
        Name, version, licence, file and sha256.
    """
    return {
        "name": package.name,
        "version": package.version,
        "licence": package.licence,
        "file": target,
        "sha256": digest(STATIC / target),
    }


def write(package: Package, unpacked: Path, minifier: Path) -> Iterator[dict[str, str]]:
    """Writes the files of one package below ``static/``.

    Args:
        package: What to take.
        unpacked: The unpacked package.
        minifier: Unpacked esbuild package.

    Yields:
        One manifest entry for each file.
    """
    for source, target in (*package.modules, *package.files):
        path = STATIC / target
        path.parent.mkdir(parents=True, exist_ok=True)
        if (source, target) in package.modules:
            minify(unpacked / source, path, minifier)
        else:
            shutil.copyfile(unpacked / source, path)
        yield entry(package, target)


def build() -> None:
    """Downloads everything, writes the files and the manifest."""
    entries: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        minifier = download(MINIFIER, Path(tempfile.mkdtemp(dir=folder)))
        for package in (*PACKAGES, ICONS):
            spec = f"{package.name}@{package.version}"
            unpacked = download(spec, Path(tempfile.mkdtemp(dir=folder)))
            entries.extend(write(package, unpacked, minifier))
            if package is ICONS:
                drawing = sprite(unpacked / "icons")
                (STATIC / "images" / "icons.svg").write_text(drawing, encoding="utf-8")
                entries.append(entry(package, "images/icons.svg"))
    entries.sort(key=lambda item: item["file"])
    MANIFEST.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")


def check() -> list[str]:
    """Compares the files in the tree with the manifest, offline.

    Returns:
        One sentence for each difference; empty when all is well.
    """
    problems = []
    entries = json.loads(MANIFEST.read_text(encoding="utf-8"))
    for item in entries:
        path = STATIC / item["file"]
        if not path.is_file():
            problems.append(f"{item['file']} is missing")
        elif digest(path) != item["sha256"]:
            problems.append(f"{item['file']} differs from {item['name']} {item['version']}")
    pinned = {package.name: package.version for package in (*PACKAGES, ICONS)}
    listed = {item["name"]: item["version"] for item in entries}
    if pinned != listed:
        problems.append("manifest.json names other packages or versions than build.py")
    return problems


def main(arguments: list[str] | None = None) -> int:
    """Runs the build, or the check with ``--check``.

    Args:
        arguments: Command line without the program name; the real one if absent.

    Returns:
        Exit status: 0 when all is well, 1 when a file differs.
    """
    parser = argparse.ArgumentParser(description="Vendor the third-party front-end files.")
    parser.add_argument("--check", action="store_true", help="verify the hashes, offline")
    if not parser.parse_args(arguments).check:
        build()
    problems = check()
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
