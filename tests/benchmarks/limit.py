"""The limit: the least that a server on the same tables can spend on the same answers.

A bare WSGI application: it verifies the token, sends one prepared statement, and passes on the
JSON that PostgreSQL builds. No framework, no rights, no audit digest, no verdicts of its own.

    python -m tests.benchmarks.limit DSN SECRET PORT
"""

from __future__ import annotations

import base64
import hmac
import json
import logging
import re
import sys
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import psycopg2
import waitress

from tests.benchmarks.data import TODAY

THREADS = 4
SOON = f"date '{TODAY}' + 30"
E = "equipment_equipment"
S = "calibration_state"
PAIRS = (
    *((name, f"e.{name}") for name in (
        "id", "asset_tag", "name", "serial_number", "manufacturer", "model", "category_id",
        "location_id", "department", "owner_id", "custodian_id", "supplier_id", "parent_id",
        "ranges", "is_reference_standard", "use_limitation", "status", "criticality",
        "acquired_on", "warranty_until", "purchase_price", "firmware_version", "notes",
        "custom_fields", "created_at", "updated_at")),
    ("category", "json_build_object('id', c.id, 'name', c.name)"),
    ("location", "json_build_object('id', l.id, 'name', l.name, 'path', l.path)"),
    ("calibration_required", "s.required"),
    ("calibration_status", f"""CASE WHEN s.due_on < date '{TODAY}' THEN 'overdue'
        WHEN s.due_soon_on <= date '{TODAY}' THEN 'due_soon' ELSE 'current' END"""),
    ("last_calibrated_on", "s.last_calibrated_on"),
    ("due_on", "s.due_on"),
)  # fmt: skip
MEMBERS = ", ".join(f"'{name}', {value}" for name, value in PAIRS)
ROW = f"json_build_object({MEMBERS})"
NAMES = """LEFT JOIN equipment_category c ON c.id = e.category_id
    LEFT JOIN equipment_location l ON l.id = e.location_id"""
BOTH = f"{E} e JOIN {S} s ON s.equipment_id = e.id AND s.organisation_id = e.organisation_id"
OURS = "e.organisation_id = (SELECT id FROM core_organisation)"


def _page(where: str, order: str, joined: bool = False) -> str:
    """Returns the statement of a page of fifty: rows first, then names and JSON for them."""
    source = BOTH if joined else f"{E} e"
    return f"""SELECT coalesce(json_agg({ROW} ORDER BY {order}), '[]')::text FROM (
        SELECT e.* FROM {source} WHERE {OURS} AND {where} ORDER BY {order} LIMIT 50) e
        JOIN {S} s ON s.equipment_id = e.id {NAMES}"""


TAG = "e.tag_key, e.id"
SQL = {
    "list(text)": _page("e.tag_key > $1", TAG),
    "filter(uuid)": _page("e.category_id = $1 AND e.status = 'in_service'", TAG),
    "sort": _page("true", "s.due_on, s.equipment_id", joined=True),
    "due": _page(
        f"e.status = 'in_service' AND s.required AND s.due_on <= {SOON}",
        "s.due_on, s.equipment_id",
        joined=True,
    ),
    "detail(uuid)": f"SELECT {ROW}::text FROM {BOTH} {NAMES} WHERE e.id = $1",
    "records(uuid)": """SELECT coalesce(json_agg(r ORDER BY r.performed_at DESC, r.id), '[]')::text
        FROM (SELECT * FROM calibration_record WHERE equipment_id = $1
              ORDER BY performed_at DESC, id LIMIT 50) r""",
    "summary": f"""SELECT json_build_object(
        'by_status', (SELECT json_object_agg(status, n) FROM limit_counts),
        'due', (SELECT json_agg(d) FROM (
            SELECT category_id, sum(n) FILTER (WHERE due_on < date '{TODAY}') AS overdue,
                sum(n) AS n FROM limit_due WHERE due_on <= {SOON} GROUP BY 1) d),
        'results', (SELECT json_object_agg(outcome, n) FROM (
            SELECT outcome, sum(n) AS n FROM limit_results
            WHERE performed_on > date '{TODAY}' - 30 GROUP BY 1) r))::text""",
    "create(json)": """WITH made AS (
        INSERT INTO equipment_equipment (id, organisation_id, created_at, updated_at, version,
            asset_tag, tag_key, name, name_key, serial_number, manufacturer, model, search_text,
            category_id, location_id, department, ranges, is_reference_standard, use_limitation,
            status, criticality, firmware_version, notes, custom_fields, held_by, label_code)
        SELECT gen_random_uuid(), o.id, now(), now(), 1, $1->>'asset_tag',
            lower($1->>'asset_tag'), $1->>'name', lower($1->>'name'), $1->>'serial_number',
            $1->>'manufacturer', $1->>'model', lower(concat_ws(' ', $1->>'asset_tag',
            $1->>'name', $1->>'serial_number', $1->>'manufacturer', $1->>'model')),
            ($1->>'category_id')::uuid, ($1->>'location_id')::uuid, '', '[]', false, '',
            $1->>'status', $1->>'criticality', '', '', '{}', '',
            left(md5($1->>'asset_tag'), 16) FROM core_organisation o RETURNING *),
        logged AS (INSERT INTO limit_audit (kind, object_id, data)
            SELECT 'create', id, $1::jsonb FROM made)
        SELECT row_to_json(made)::text FROM made""",
    "record(json)": """WITH made AS (
        INSERT INTO limit_record (equipment_id, performed_at, outcome, points)
        SELECT ($1->>'equipment_id')::uuid, ($1->>'performed_at')::timestamptz,
            CASE WHEN (SELECT bool_and((p->'as_found'->>0)::numeric
                BETWEEN (p->>'lower_limit')::numeric AND (p->>'upper_limit')::numeric)
                FROM json_array_elements($1->'points') p) THEN 'pass' ELSE 'fail' END,
            $1->'points' RETURNING *),
        moved AS (UPDATE calibration_state s SET last_calibrated_on = made.performed_at::date
            FROM made WHERE s.equipment_id = made.equipment_id),
        logged AS (INSERT INTO limit_audit (kind, object_id, data)
            SELECT 'record', id, jsonb_build_object('outcome', outcome) FROM made)
        SELECT row_to_json(made)::text FROM made""",
}
TABLES = """
CREATE TABLE limit_audit (id bigserial PRIMARY KEY, at timestamptz DEFAULT now(), kind text,
    object_id uuid, data jsonb);
CREATE TABLE limit_record (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), equipment_id uuid,
    performed_at timestamptz, outcome text, points json);
CREATE INDEX ON limit_record (equipment_id, performed_at);
CREATE TABLE limit_counts AS SELECT status, count(*) AS n FROM equipment_equipment GROUP BY 1;
CREATE TABLE limit_due AS SELECT s.due_on, e.category_id, count(*) AS n
    FROM equipment_equipment e JOIN calibration_state s ON s.equipment_id = e.id
    WHERE e.status = 'in_service' AND s.required GROUP BY 1, 2;
CREATE TABLE limit_results AS SELECT performed_on, outcome, count(*) AS n
    FROM calibration_record WHERE state = 'approved' GROUP BY 1, 2;
CREATE INDEX ON limit_due (due_on) INCLUDE (category_id, n);
CREATE INDEX ON limit_results (performed_on) INCLUDE (outcome, n);
ANALYZE;
"""
NAMED = {text.split("(")[0]: (text, statement) for text, statement in SQL.items()}
DETAIL = re.compile(r"/api/v1/equipment/([0-9a-f-]{36})/(calibrations/)?$")
_local = threading.local()


def _cursor(dsn: str) -> Any:
    """Returns the thread's own cursor."""
    if not hasattr(_local, "cursor"):
        connection = psycopg2.connect(dsn)
        connection.autocommit = True
        _local.cursor, _local.prepared = connection.cursor(), set()
    return _local.cursor


def _run(dsn: str, name: str, *values: str) -> str:
    """Sends a prepared statement."""
    cursor = _cursor(dsn)
    if name not in _local.prepared:
        head, statement = NAMED[name]
        cursor.execute(f"PREPARE ask_{head} AS {statement}")
        _local.prepared.add(name)
    places = f"({','.join(['%s'] * len(values))})" if values else ""
    cursor.execute(f"EXECUTE ask_{name}{places}", values or None)
    return str(cursor.fetchone()[0])


def _search(dsn: str, words: list[str]) -> str:
    """Searches; the statement is planned with its real words."""
    condition = " AND ".join(["e.search_text LIKE %s"] * len(words))
    cursor = _cursor(dsn)
    cursor.execute(_page(condition, TAG), [f"%{word}%" for word in words])
    return str(cursor.fetchone()[0])


def _trusted(header: str, secret: bytes) -> bool:
    """Tells whether a bearer token is signed by us and still good."""
    body, _, signature = header.removeprefix("Bearer ").rpartition(".")
    given = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    if not hmac.compare_digest(hmac.digest(secret, body.encode(), "sha256"), given):
        return False
    claims = body.split(".")[1]
    facts = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    return bool(facts["exp"] > time.time())


def token_of(secret: bytes) -> str:
    """Returns a token that the limit trusts for an hour."""

    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    claims = json.dumps({"sub": "somebody", "exp": time.time() + 3600}).encode()
    body = part(b'{"alg":"HS256","typ":"JWT"}') + "." + part(claims)
    return f"{body}.{part(hmac.digest(secret, body.encode(), 'sha256'))}"


def _list(dsn: str, query: dict[str, str]) -> str:
    """Answers the list of instruments."""
    if "q" in query:
        return _search(dsn, query["q"].lower().split())
    if "category" in query:
        return _run(dsn, "filter", query["category"])
    if query.get("ordering") == "due_on":
        return _run(dsn, "sort")
    return _run(dsn, "list", query.get("after", ""))


def _answer(dsn: str, path: str, query: dict[str, str], body: str) -> str:
    """Answers a request with JSON."""
    match = DETAIL.match(path)
    if match:
        return _run(dsn, "records" if match[2] else "detail", match[1])
    if body:
        return _run(dsn, "create" if path == "/api/v1/equipment/" else "record", body)
    if path == "/api/v1/equipment/":
        return _list(dsn, query)
    return _run(dsn, "due" if path == "/api/v1/calibrations/due/" else "summary")


def make_app(dsn: str, secret: bytes) -> Callable[..., list[bytes]]:
    """Returns the WSGI application."""

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        status, content = "200 OK", b'{"ok":true}'
        if not _trusted(environ.get("HTTP_AUTHORIZATION", ""), secret):
            status, content = "401 Unauthorized", b"{}"
        elif environ.get("HTTP_IF_NONE_MATCH"):
            start("304 Not Modified", [("ETag", environ["HTTP_IF_NONE_MATCH"])])
            return []
        else:
            body = ""
            if environ["REQUEST_METHOD"] == "POST":
                status = "201 Created"
                body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()
            query = dict(parse_qsl(environ["QUERY_STRING"]))
            content = _answer(dsn, environ["PATH_INFO"], query, body).encode()
        size = str(len(content))
        start(status, [("Content-Type", "application/json"), ("Content-Length", size)])
        return [content]

    return application


if __name__ == "__main__":
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    app = make_app(sys.argv[1], sys.argv[2].encode())
    waitress.serve(app, host="127.0.0.1", port=int(sys.argv[3]), threads=THREADS)
