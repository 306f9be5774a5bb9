"""The register that is measured: the same rows every time, made by the database itself."""

from __future__ import annotations

from string import Template
from typing import Any

CATEGORIES = 30
LOCATIONS = 500
TODAY = "2026-01-15"
NOW = f"{TODAY}T09:30:00Z"


def _id(kind: str, number: str) -> str:
    """Returns an id that follows from a number, as an SQL expression."""
    return f"md5('{kind}' || {number})::uuid"


TREES = "\n".join(
    f"""
    INSERT INTO equipment_{table} (id, organisation_id, created_at, updated_at, version, name,
        above_id, lineage, path, {column})
    SELECT {_id(table, "g")}, o.id, '{NOW}', '{NOW}', 1, '{word} ' || g, o.id,
        replace({_id(table, "g")}::text, '-', '') || '/', '{word} ' || g, {value}
    FROM core_organisation o, generate_series(1, {number}) g;
    """
    for table, word, number, column, value in (
        ("category", "Category", CATEGORIES, "custom_field_schema, due_soon_days", "'{}', 30"),
        ("location", "Room", LOCATIONS, "kind", "'room'"),
    )
)

MAKERS = "(array['Fluke','Keysight','Mitutoyo','Zeiss','Testo','Wika','Sartorius','Ametek'])"
KINDS = (
    "(array['Digital multimeter','Torque wrench','Caliper','Micrometer','Thermometer',"
    "'Pressure gauge','Balance','Oscilloscope','Gauge block','Data logger'])"
)
STATUSES = (
    "(array['in_service','in_service','in_service','in_service','out_of_service',"
    "'in_service','quarantined','in_service','in_service','retired'])"
)

INSTRUMENTS = f"""
INSERT INTO equipment_equipment (id, organisation_id, created_at, updated_at, version, asset_tag,
    tag_key, name, name_key, serial_number, manufacturer, model, identity_key, search_text,
    category_id, location_id, department, ranges, is_reference_standard, use_limitation, status,
    criticality, firmware_version, notes, custom_fields, held_by, label_code)
SELECT {_id("equipment", "g")}, o.id, '{NOW}', '{NOW}', 1, tag, lower(tag), label, lower(label),
    serial, maker, model, lower(maker || '|' || model || '|' || serial),
    lower(concat_ws(E'\\n', tag, label, serial, maker, model)),
    {_id("category", f"(1 + g * 7 % {CATEGORIES})")},
    {_id("location", f"(1 + g * 13 % {LOCATIONS})")},
    'Quality', '[]', false, '', {STATUSES}[1 + g * 3 % 10], 'normal', '', '', '{{}}', '', 'L' || g
FROM core_organisation o, generate_series(1, $size) g, LATERAL (
    SELECT 'EQ-' || lpad(g::text, 7, '0') AS tag,
        {MAKERS}[1 + g % 8] || ' ' || {KINDS}[1 + g * 7 % 10] AS label,
        'SN' || lpad((g::bigint * 7919 % 1000003)::text, 8, '0') AS serial,
        {MAKERS}[1 + g % 8] AS maker, 'M' || g % 400 AS model) f;
"""

DUE = f"date '{TODAY}' - 60 + (g::bigint * 104729 % 800)::int"
STATES = f"""
INSERT INTO calibration_schedule (id, organisation_id, created_at, updated_at, version,
    equipment_id, kind, interval_value, interval_unit, anchor, weekend_rule, active,
    opening_due_on, due_on, ordinary_due_on, due_source, failed)
SELECT {_id("schedule", "g")}, o.id, '{NOW}', '{NOW}', 1, {_id("equipment", "g")}, 'calibration',
    12, 'months', 'exact', 'none', true, {DUE}, {DUE}, {DUE}, 'opening', false
FROM core_organisation o, generate_series(1, $size) g;
INSERT INTO calibration_state (organisation_id, equipment_id, required, not_required_reason,
    failed, has_accepted, due_on, ordinary_due_on, due_soon_on, is_limited, last_calibrated_on,
    interval_value, interval_unit, last_certificate_number)
SELECT o.id, {_id("equipment", "g")}, true, '', false, true, {DUE}, {DUE}, {DUE} - 30, false,
    {DUE} - 365, 12, 'months', ''
FROM core_organisation o, generate_series(1, $size) g
ON CONFLICT (equipment_id) DO NOTHING;
"""

RECORDS = f"""
INSERT INTO calibration_record
SELECT r.* FROM calibration_record k, generate_series(1, $records) g,
    LATERAL jsonb_populate_record(k, jsonb_build_object(
        'id', {_id("record", "g")}, 'equipment_id', {_id("equipment", "(1 + g % $size)")},
        'number', 'B-' || g, 'state', 'approved', 'outcome', 'pass',
        'performed_at', timestamptz '{NOW}' - make_interval(days => 1 + g * 31 % 700),
        'performed_on', date '{TODAY}' - (1 + g * 31 % 700))) r
WHERE k.id = '$model';
"""


def fill(cursor: Any, size: int) -> None:
    """Makes categories, locations, instruments and schedules.

    Args:
        cursor: of an autocommit connection to a migrated database with one organisation.
        size: how many instruments.
    """
    cursor.execute(TREES)
    cursor.execute(Template(INSTRUMENTS + STATES).substitute(size=size))
    cursor.execute("VACUUM ANALYZE")


def fill_records(cursor: Any, size: int, model: str) -> None:
    """Copies one calibration to all instruments, four for every three of them.

    Args:
        cursor: of an autocommit connection.
        size: how many instruments there are.
        model: id of a calibration that the application recorded, with its points.
    """
    records = size * 4 // 3
    cursor.execute(Template(RECORDS).substitute(size=size, records=records, model=model))
    cursor.execute("VACUUM ANALYZE")
