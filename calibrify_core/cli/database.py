"""``calibrify db``: bring the tables to the newest revision, check them, take them back."""

from __future__ import annotations

import json
from pathlib import Path

import click
from alembic import command as alembic_command
from alembic.config import Config

from calibrify_core.app import lineages
from calibrify_core.auth.organisations import Organisations
from calibrify_core.cli.setup import platform_of
from calibrify_core.kernel.errors import ConfigurationError
from calibrify_core.persistence.lineages import (
    Lineage,
    differences,
    downgrade,
    states,
    upgrade,
)
from calibrify_core.work.platform import Platform


@click.group("db")
def command() -> None:
    """Tables: upgrade, check, downgrade."""


@command.command("upgrade")
def upgrade_command() -> None:
    """Brings core and plugins to their newest revisions; safe to run again."""
    platform = platform_of()
    for line in bring_up(platform):
        click.echo(line)
    click.echo("The database is up to date.")


@command.command("check")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def check_command(as_json: bool) -> None:
    """Says where each lineage stands, and what tables and code disagree on."""
    platform = platform_of()
    known = lineages(platform.plugins)
    found = states(platform.database, known)
    current = all(state.up_to_date for state in found)
    lines = differences(platform.database, known) if current else []
    if as_json:
        lineages_shown = [
            {"name": state.lineage.name, "current": state.current, "newest": state.head}
            for state in found
        ]
        click.echo(json.dumps({"lineages": lineages_shown, "differences": lines}, indent=2))
    else:
        for state in found:
            click.echo(
                f"{state.lineage.name}: {state.current or 'none'} (newest {state.head or 'none'})"
            )
        for line in lines:
            click.echo(line)
    if lines or not current:
        raise ConfigurationError("The tables are not what the code expects.")


@command.command("downgrade", epilog="Example: calibrify db downgrade calibration 0002")
@click.argument("lineage", help="Name of the core or of a plugin.")
@click.argument("revision", default="base", help="To which it goes back; base takes all away.")
@click.confirmation_option(prompt="The tables and data of newer revisions are lost. Go on?")
def downgrade_command(lineage: str, revision: str) -> None:
    """Takes one lineage back to a revision, its data with it; asks first."""
    platform = platform_of()
    for line in downgrade(platform.database, _named(platform, lineage), revision):
        click.echo(line)


@command.command(
    "revision", epilog="Example: calibrify db revision equipment -m 'Country of origin'"
)
@click.argument("lineage", help="Name of the core or of a plugin.")
@click.option("-m", "--message", required=True, help="What the revision does.")
@click.option("--rev-id", help="Its id, for example 0002.")
def revision_command(lineage: str, message: str, rev_id: str | None) -> None:
    """Writes a new revision of a lineage from what the code says, for developers."""
    platform = platform_of()
    wanted = _named(platform, lineage)
    script = wanted.script()
    config = Config()
    config.set_main_option("script_location", str(script.dir))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(Path(script.version_locations[0])))
    with platform.database.writer.connect() as connection:
        config.attributes.update(connection=connection, lineage=wanted)
        alembic_command.revision(
            config,
            message,
            autogenerate=True,
            rev_id=rev_id,
            head="head" if script.get_current_head() else "base",
            version_path=script.version_locations[0],
        )


def bring_up(platform: Platform) -> list[str]:
    """Upgrades all lineages and completes the data; returns a line for each step."""
    lines = upgrade(platform.database, lineages(platform.plugins))
    lines += Organisations(platform).prepare()
    for contribution in platform.plugins.collect("calibrify_after_upgrade"):
        step = contribution.value
        try:
            with platform.session(write=True) as session, session.begin():
                step.run(platform, session)
        except Exception as error:
            raise ConfigurationError(
                f"The step {step.name} of plugin {contribution.plugin} failed: {error}. Its "
                f"tables are upgraded; mend it and run `calibrify db upgrade` again."
            ) from error
    return lines


def _named(platform: Platform, name: str) -> Lineage:
    """Returns a lineage by name.

    Raises:
        ConfigurationError: there is none of this name.
    """
    known = {lineage.name: lineage for lineage in lineages(platform.plugins)}
    if name not in known:
        raise ConfigurationError(f"{name} is no lineage here; there are: {', '.join(known)}.")
    return known[name]
