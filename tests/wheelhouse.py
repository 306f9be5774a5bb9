"""Wheels of this tree, and environments that hold nothing but wheels."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLUGINS = sorted(path.parent.name for path in ROOT.glob("plugins/*/setup.cfg"))
UV = Path(sys.executable).with_name("uv")
LOCKS = ROOT / "config" / "requirements"
KEPT = ("setup.cfg", "pyproject.toml", "LICENSE", "README.md", "calibrify_core", "config",
        "migrations", "static", "plugins")  # fmt: skip


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Runs a command that must succeed; returns what it printed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build_wheels(work: Path) -> list[Path]:
    """Builds from a copy of what the tree holds, so that an old build folder cannot help."""
    source = work / "source"
    source.mkdir()
    present = [entry for entry in KEPT if (ROOT / entry).exists()]
    left_out = [f"--exclude={name}" for name in ("__pycache__", "*.egg-info", "build")]
    archive = work / "source.tar"
    run("tar", "--create", "--file", archive, *left_out, *present, cwd=ROOT)
    run("tar", "--extract", "--file", archive, "--directory", source, cwd=work)
    homes = [source, *(source / "plugins" / plugin for plugin in PLUGINS)]
    run(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--no-build-isolation", "--wheel-dir", work / "dist", *homes),
        cwd=work,
    )
    return sorted((work / "dist").glob("*.whl"))


def make_environment(home: Path, wheels: Sequence[Path], *options: str) -> Path:
    """Makes an environment with the locked requirements and some wheels, and nothing else.

    Args:
        home: an empty folder.
        wheels: to install.
        options: of ``uv venv``.

    Returns:
        The folder with its programs.
    """
    programs = home / "venv" / "bin"
    run(UV, "venv", "--quiet", *options, "--python", sys.executable, home / "venv", cwd=home)
    install = (UV, "pip", "install", "--quiet", "--python", programs / "python")
    run(*install, "--require-hashes", "--requirement", LOCKS / "runtime.txt", cwd=home)
    run(*install, "--no-deps", *wheels, cwd=home)
    return programs


def clean_environment(data: Path, **more: str) -> dict[str, str]:
    """Returns the variables of a process that knows nothing of this tree."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"CALIBRIFY_DATA_DIR": str(data)} | more
