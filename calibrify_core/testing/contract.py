"""The plugin standard as code: a plugin's tests subclass `PluginContract`."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
import sqlalchemy as sa

from calibrify_core import app as root
from calibrify_core import contributions
from calibrify_core.hooks.manager import Plugins, installed
from calibrify_core.persistence.engine import Database
from calibrify_core.persistence.lineages import Lineage, differences, downgrade, upgrade
from calibrify_core.persistence.scoping import is_scoped
from calibrify_core.testing.contract_doors import Doors, DoorsContract, open_doors
from calibrify_core.testing.contract_names import NamesContract
from calibrify_core.testing.contract_source import SourceContract
from calibrify_core.testing.house import House, build
from calibrify_core.testing.plugin import MakePlatform
from calibrify_core.testing.subject import Subject


class PluginContract(NamesContract, SourceContract, DoorsContract):
    """Tests that every plugin passes; it needs the fixtures of `calibrify_core.testing.plugin`.

    Attributes:
        plugin: name of the installed plugin.
        may_import: modules of other plugins that it may import, besides nothing else.
        public_routes: names of pages that are meant for everybody.
        without_organisation: tables that belong to no organisation, and why is in the test.

    Example::

        class TestStandard(PluginContract):
            plugin = "accessory"
    """

    plugin: ClassVar[str]
    without_organisation: ClassVar[frozenset[str]] = frozenset()

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls) -> Subject:
        """The plugin."""
        return Subject(cls.plugin)

    @pytest.fixture(scope="class")
    @classmethod
    def doors(cls, subject: Subject, make_platform: MakePlatform) -> Doors:
        """Its addresses in an application that runs it and what it needs."""
        platform = make_platform(names=(subject.name, *subject.needs))
        return open_doors(House(platform, build(platform)), subject)

    def test_tables_carry_the_name_of_the_plugin(self, subject: Subject) -> None:
        """``<plugin>_<noun>``; by this its migrations know their own."""
        names = [model.__tablename__ for model in subject.models]
        assert [name for name in names if not name.startswith(f"{subject.name}_")] == []

    def test_every_table_has_an_organisation_and_a_scope(self, subject: Subject) -> None:
        """So that nobody sees rows that were not granted."""
        for model in subject.models:
            if model.__tablename__ not in self.without_organisation:
                assert "organisation_id" in model.__table__.columns, model.__tablename__
                assert is_scoped(model), f"{model.__tablename__} has no scope rule"

    def test_migrations_go_up_down_and_up_again(self, subject: Subject, database: Database) -> None:
        """With a version table of its own, and no table left behind; the models agree."""
        # Tests may have imported a part of another plugin's tables, which name further ones.
        Plugins(contributions, installed()).collect("calibrify_models")
        lineages = root.lineages(subject.plugins)
        own = next(one for one in lineages if one.name == subject.name)
        upgrade(database, lineages)
        assert differences(database, [own]) == []
        before = _tables(database, own)
        assert {model.__tablename__ for model in subject.models} <= before
        downgrade(database, own)
        assert _tables(database, own) == set()
        upgrade(database, lineages)
        assert _tables(database, own) == before
        assert differences(database, [own]) == []


def _tables(database: Database, lineage: Lineage) -> set[str]:
    """Returns the tables of a lineage in a database, but for the version table."""
    with database.reader.connect() as connection:
        names: Any = sa.inspect(connection).get_table_names()
    return {name for name in names if lineage.owns(name)}
