"""Equipment tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from calibrify_core.persistence.types import ExactDecimal, UTCDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
SORTED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TRIGRAMS = "ix_equipment_equipment_search_trgm"


def upgrade() -> None:
    """Applies the change."""
    op.create_table(
        "equipment_category",
        sa.Column("default_interval", JSON, nullable=True),
        sa.Column("custom_field_schema", JSON, nullable=False),
        sa.Column("due_soon_days", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("above_id", sa.Uuid(), nullable=False),
        sa.Column("lineage", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisation.id"],
            name=op.f("fk_equipment_category_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["equipment_category.id"], name=op.f("fk_equipment_category_parent_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_equipment_category")),
        sa.UniqueConstraint("above_id", "name", name=op.f("uq_equipment_category_above_id_name")),
    )
    with op.batch_alter_table("equipment_category", schema=None) as batch_op:
        batch_op.create_index(
            "ix_equipment_category_lineage", ["organisation_id", "lineage"], unique=False
        )

    op.create_table(
        "equipment_customer",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("contact", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisation.id"],
            name=op.f("fk_equipment_customer_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_equipment_customer")),
        sa.UniqueConstraint(
            "organisation_id", "name", name=op.f("uq_equipment_customer_organisation_id_name")
        ),
    )
    op.create_table(
        "equipment_location",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("above_id", sa.Uuid(), nullable=False),
        sa.Column("lineage", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisation.id"],
            name=op.f("fk_equipment_location_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["equipment_location.id"], name=op.f("fk_equipment_location_parent_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_equipment_location")),
        sa.UniqueConstraint("above_id", "name", name=op.f("uq_equipment_location_above_id_name")),
    )
    with op.batch_alter_table("equipment_location", schema=None) as batch_op:
        batch_op.create_index(
            "ix_equipment_location_lineage", ["organisation_id", "lineage"], unique=False
        )

    op.create_table(
        "equipment_manufacturer",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisation.id"],
            name=op.f("fk_equipment_manufacturer_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_equipment_manufacturer")),
        sa.UniqueConstraint(
            "organisation_id", "name", name=op.f("uq_equipment_manufacturer_organisation_id_name")
        ),
    )
    op.create_table(
        "equipment_supplier",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("accreditation_number", sa.String(length=100), nullable=False),
        sa.Column("contact", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("phone", sa.String(length=50), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisation.id"],
            name=op.f("fk_equipment_supplier_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_equipment_supplier")),
        sa.UniqueConstraint(
            "organisation_id", "name", name=op.f("uq_equipment_supplier_organisation_id_name")
        ),
    )
    op.create_table(
        "equipment_model",
        sa.Column("manufacturer_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("specification", JSON, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["manufacturer_id"],
            ["equipment_manufacturer.id"],
            name=op.f("fk_equipment_model_manufacturer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisation.id"],
            name=op.f("fk_equipment_model_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_equipment_model")),
        sa.UniqueConstraint(
            "organisation_id",
            "manufacturer_id",
            "name",
            name=op.f("uq_equipment_model_organisation_id_manufacturer_id_name"),
        ),
    )
    op.create_table(
        "equipment_equipment",
        sa.Column("asset_tag", sa.String(length=100), nullable=False),
        sa.Column("tag_key", SORTED, nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("name_key", SORTED, nullable=False),
        sa.Column("serial_number", sa.String(length=200), nullable=False),
        sa.Column("manufacturer_id", sa.Uuid(), nullable=True),
        sa.Column("model_id", sa.Uuid(), nullable=True),
        sa.Column("manufacturer", sa.String(length=200), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("identity_key", sa.Text(), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=True),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("department", sa.String(length=200), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("custodian_id", sa.Uuid(), nullable=True),
        sa.Column("supplier_id", sa.Uuid(), nullable=True),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("ranges", JSON, nullable=False),
        sa.Column("is_reference_standard", sa.Boolean(), nullable=False),
        sa.Column("use_limitation", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("criticality", sa.String(length=8), nullable=False),
        sa.Column("acquired_on", sa.Date(), nullable=True),
        sa.Column("warranty_until", sa.Date(), nullable=True),
        sa.Column("purchase_price", ExactDecimal(), nullable=True),
        sa.Column("firmware_version", sa.String(length=100), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("custom_fields", JSON, nullable=False),
        sa.Column("holder_id", sa.Uuid(), nullable=True),
        sa.Column("held_at_id", sa.Uuid(), nullable=True),
        sa.Column("held_by", sa.Text(), nullable=False),
        sa.Column("held_since", UTCDateTime(), nullable=True),
        sa.Column("expected_return_on", sa.Date(), nullable=True),
        sa.Column("label_code", sa.String(length=16), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id"],
            ["equipment_category.id"],
            name=op.f("fk_equipment_equipment_category_id"),
        ),
        sa.ForeignKeyConstraint(
            ["custodian_id"], ["core_user.id"], name=op.f("fk_equipment_equipment_custodian_id")
        ),
        sa.ForeignKeyConstraint(
            ["held_at_id"],
            ["equipment_location.id"],
            name=op.f("fk_equipment_equipment_held_at_id"),
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["core_user.id"], name=op.f("fk_equipment_equipment_holder_id")
        ),
        sa.ForeignKeyConstraint(
            ["location_id"],
            ["equipment_location.id"],
            name=op.f("fk_equipment_equipment_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["manufacturer_id"],
            ["equipment_manufacturer.id"],
            name=op.f("fk_equipment_equipment_manufacturer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["equipment_model.id"], name=op.f("fk_equipment_equipment_model_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisation.id"],
            name=op.f("fk_equipment_equipment_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["equipment_customer.id"], name=op.f("fk_equipment_equipment_owner_id")
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["equipment_equipment.id"], name=op.f("fk_equipment_equipment_parent_id")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"],
            ["equipment_supplier.id"],
            name=op.f("fk_equipment_equipment_supplier_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_equipment_equipment")),
        sa.UniqueConstraint("label_code", name=op.f("uq_equipment_equipment_label_code")),
        sa.UniqueConstraint(
            "organisation_id",
            "asset_tag",
            name=op.f("uq_equipment_equipment_organisation_id_asset_tag"),
        ),
        sa.UniqueConstraint(
            "organisation_id",
            "identity_key",
            name=op.f("uq_equipment_equipment_organisation_id_identity_key"),
        ),
    )
    with op.batch_alter_table("equipment_equipment", schema=None) as batch_op:
        batch_op.create_index(
            "ix_equipment_equipment_category",
            ["organisation_id", "category_id", "status", "tag_key", "id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_equipment_equipment_location",
            ["organisation_id", "location_id", "tag_key", "id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_equipment_equipment_name", ["organisation_id", "name_key", "id"], unique=False
        )
        batch_op.create_index(
            "ix_equipment_equipment_status",
            ["organisation_id", "status", "tag_key", "id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_equipment_equipment_tag", ["organisation_id", "tag_key", "id"], unique=False
        )
        batch_op.create_index(
            "ix_equipment_equipment_updated", ["organisation_id", "updated_at", "id"], unique=False
        )

    _search_index()


def _search_index() -> None:
    """Makes substring search fast where the database has pg_trgm, or lets us create it.

    The extension is trusted: who owns the database may create it. Without it searches scan.
    """
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    known = "SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'"
    if not connection.execute(sa.text(known)).scalar_one():
        try:
            with connection.begin_nested():
                connection.execute(sa.text("CREATE EXTENSION pg_trgm"))
        except sa.exc.DBAPIError:
            return
    # Without fastupdate a search never pays for a long list of pending entries.
    connection.execute(
        sa.text(
            f"CREATE INDEX {TRIGRAMS} ON equipment_equipment "
            "USING gin (search_text gin_trgm_ops) WITH (fastupdate = off)"
        )
    )


def downgrade() -> None:
    """Takes the change back; the indexes go with their tables."""
    for table in (
        "equipment_equipment",
        "equipment_model",
        "equipment_supplier",
        "equipment_manufacturer",
        "equipment_location",
        "equipment_customer",
        "equipment_category",
    ):
        op.drop_table(table)
