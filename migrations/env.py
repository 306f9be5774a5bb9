"""Alembic's environment for writing a new revision; `calibrify db revision` comes here.

Upgrades and downgrades do not pass through this file: they walk the lineages
(`calibrify_core.persistence.lineages`).
"""

from alembic import context

from calibrify_core.persistence.base import Base

lineage = context.config.attributes["lineage"]

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=lineage.version_table,
    render_as_batch=True,
    include_name=lambda name, kind, _parents: kind != "table" or lineage.owns(name),
    include_object=lambda _item, name, kind, *_: kind != "table" or lineage.owns(name),
)
with context.begin_transaction():
    context.run_migrations()
