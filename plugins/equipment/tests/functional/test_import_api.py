"""Importing registers through the API, and exporting them so that they come back the same."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from calibrify_core.audit.entry import AuditEntry
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.testing.client import ApiClient
from calibrify_core.worker import make_runner
from calibrify_equipment.models.equipment import Equipment

REGISTER = Path(__file__).parents[1] / "data" / "plant_like_register.csv"
MAPPING = {
    "Control No.": "asset_tag",
    "Description": "name",
    "Maker": "manufacturer",
    "Model No.": "model",
    "Serial No.": "serial_number",
    "Tolerance": "accuracy_text",
    "Location": "location",
    "Status": "status",
    "Department": "department",
    "Performance": "notes",
}
STATES = {
    "ACTIVE": "in_service",
    "EXTENDED": "in_service",
    "SERVICE": "in_service",
    "IDLE": "out_of_service",
    "BROKEN": "quarantined",
    "AT REPAIR": "in_maintenance",
    "SCRAP": "retired",
    "GONE": "lost",
}
TICKETS = {"T-17": "out_of_service", "T-18": "out_of_service"}
MAKE = ["category", "location", "manufacturer", "model"]


def options(**more: Any) -> dict[str, Any]:
    given = {"create_missing": MAKE, "null_values": ["N/A"], "value_map": {"status": STATES}}
    return {**given, **more}


def send(
    client: ApiClient, content: bytes, name: str = "register.csv", status: int = 202, **fields: Any
) -> Any:
    texts = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in fields.items()
    }
    answer = client.post(
        "/api/v1/equipment/import/",
        params=list(texts.items()),
        upload_files=[("file", name, content)],
        status=status,
    )
    return answer.json


def finished(lab: Any, client: ApiClient, job: dict[str, Any]) -> dict[str, Any]:
    make_runner(lab.platform).drain()
    found = client.get(f"/api/v1/jobs/{job['id']}/").json
    assert found["state"] == "succeeded", found["errors"]
    return found["result"]


def bring(lab: Any, client: ApiClient, content: bytes, **fields: Any) -> dict[str, Any]:
    return finished(lab, client, send(client, content, **fields))


def counts(result: dict[str, Any]) -> tuple[int, int, int, int]:
    return tuple(result[name] for name in ("created", "updated", "unchanged", "failed"))


def table(*rows: list[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


@pytest.fixture(scope="module")
def manager(lab: Any) -> ApiClient:
    return lab.api("metrology_manager")


def test_a_plant_register_from_dry_run_to_round_trip(lab: Any, manager: ApiClient) -> None:
    content = REGISTER.read_bytes()
    first = bring(lab, manager, content, mapping=MAPPING, options=options(), dry_run="true")
    assert counts(first) == (58, 0, 0, 2)
    assert {error["value"] for error in first["errors"]} == {"T-17", "T-18"}
    assert {error["column"] for error in first["errors"]} == {"Status"}
    assert manager.get("/api/v1/equipment/?count=true&department=STANDARD").json["count"] == 0

    mapped = options(value_map={"status": STATES | TICKETS})
    done = bring(lab, manager, content, mapping=MAPPING, options=mapped)
    assert counts(done) == (60, 0, 0, 0)
    assert any("Windows-1252" in note for note in done["notes"])
    again = bring(lab, manager, content, mapping=MAPPING, options=mapped)
    assert counts(again) == (0, 0, 60, 0)

    found = manager.get("/api/v1/equipment/?count=true&limit=500&status=in_service").json
    assert found["count"] == 40
    assert {row["location"]["name"] for row in found["results"] if row["location"]} == {
        "CAL ROOM", "LINE 1/2", "GATE/N", "STORE", "LAB-B",
    }  # fmt: skip
    makers = {row["manufacturer"] for row in found["results"]}
    assert "N/A" not in makers
    assert len({maker.lower() for maker in makers}) == len(makers)
    accuracies = {r["accuracy_text"] for row in found["results"] for r in row["ranges"]}
    assert "±5°C" in accuracies
    assert "=2*0.5%" in accuracies

    for form in ("csv", "xlsx"):
        file = manager.get(f"/api/v1/equipment/export/?format={form}")
        assert f"equipment.{form}" in file.headers["Content-Disposition"]
        back = bring(lab, manager, file.body)
        assert counts(back) == (0, 0, 60, 0), back["errors"]


def test_an_import_sent_twice_with_one_key_is_one(lab: Any, manager: ApiClient) -> None:
    def again(name: str, status: int = 202) -> Any:
        return manager.post(
            "/api/v1/equipment/import/",
            upload_files=[("file", "a.csv", table(["Tag", "Name"], ["", name]))],
            headers={"Idempotency-Key": "import-once"},
            status=status,
        )

    first, second = again("Once"), again("Once")
    assert second.json == first.json
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["Location"] == first.headers["Location"]
    again("Other", 422)
    finished(lab, manager, first.json)
    found = manager.get("/api/v1/equipment/?name=Once&count=true").json
    assert found["count"] == 1


def test_a_token_sees_the_jobs_that_its_scopes_cover(lab: Any, manager: ApiClient) -> None:
    soon = (lab.platform.clock.now() + timedelta(days=1)).isoformat()
    importing, looking = (
        manager.signed_in(
            manager.post_json(
                "/api/v1/api-tokens/",
                {"name": "Script", "scopes": scopes, "expires_at": soon},
                status=201,
            ).json["token"]
        )
        for scopes in (
            ["equipment.equipment:import", "equipment.equipment:change"],
            ["equipment.category:view"],
        )
    )
    job = send(importing, table(["Tag", "Name"], ["TOK-1", "Gauge"]), dry_run="true")
    place = f"/api/v1/jobs/{job['id']}/"
    looking.get(place, status=404)
    looking.delete(place, status=404)
    assert looking.get("/api/v1/jobs/").json["results"] == []
    assert finished(lab, importing, job)["rows"] == 1
    assert manager.get(place).json["state"] == "succeeded"
    for client, told in ((importing, 1), (manager, 1), (looking, 0)):
        rows = client.get("/api/v1/notifications/").json["results"]
        assert len([row for row in rows if row["api"] == place]) == told


def test_an_export_is_filtered_neutralised_and_audited(lab: Any, manager: ApiClient) -> None:
    tag = lab.unique("EXP")
    body = {"name": "=cmd()|calc", "asset_tag": tag, "notes": "two\nlines", "serial_number": "007"}
    manager.post_json("/api/v1/equipment/", body)
    text = manager.get(f"/api/v1/equipment/export/?q={tag}").body.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["asset_tag"] for row in rows] == [tag]
    assert rows[0]["name"] == "'=cmd()|calc"
    assert rows[0]["serial_number"] == "007"
    assert counts(bring(lab, manager, text.encode())) == (0, 0, 1, 0)
    with lab.platform.session(write=False) as session:
        statement = sa.select(AuditEntry).where(AuditEntry.action == "export")
        entries = list(session.scalars(unscoped(statement, AuditEntry, because="test")))
    assert any(entry.changes.get("q") == tag for entry in entries)


@pytest.mark.parametrize(
    ("column", "more"), [("Name", {}), ("Ding", {"mapping": {"Ding": "name"}})]
)
def test_a_file_of_one_column_is_taken_if_it_is_known(
    lab: Any, manager: ApiClient, column: str, more: dict[str, Any]
) -> None:
    content = f"{column}\nGauge\nScale\n".encode()
    assert counts(bring(lab, manager, content, **more)) == (2, 0, 0, 0)
    refused = send(manager, b"Dear all,\n\nplease find it.\n", status=422)
    assert "No header row was found" in refused["errors"][0]["detail"]


def test_known_instruments_change_only_in_what_the_file_says(lab: Any, manager: ApiClient) -> None:
    tag = lab.unique("UPD")
    body = {
        "name": "Gauge", "asset_tag": tag, "notes": "keep", "department": "QA",
        "criticality": "high",
    }  # fmt: skip
    url = manager.post_json("/api/v1/equipment/", body).headers["Location"]
    content = table(["asset_tag", "name", "department"], [tag, "Gauge 2", ""])
    result = bring(lab, manager, content, options={"defaults": {"notes": "x", "status": "lost"}})
    assert counts(result) == (0, 1, 0, 0)
    record = manager.get(url).json
    assert (record["name"], record["notes"], record["status"]) == ("Gauge 2", "keep", "in_service")
    assert (record["department"], record["criticality"]) == ("", "high")
    entries = manager.get(f"{url}history/").json["results"]
    assert entries[0]["changes"] == {"name": ["Gauge", "Gauge 2"], "department": ["QA", ""]}


def test_states_follow_the_lifecycle(lab: Any, manager: ApiClient) -> None:
    tags = [lab.unique("LIFE") for _ in range(3)]
    states = ["Retired", "Lost", "In service"]
    rows = [[tag, "Gauge", state] for tag, state in zip(tags, states, strict=True)]
    header = ["Tag", "Name", "State"]
    assert counts(bring(lab, manager, table(header, *rows))) == (3, 0, 0, 0)
    moved = [[tags[0], "Gauge", "In service"], [tags[1], "Gauge", "Quarantined"],
             [tags[2], "Gauge", "Retired"]]  # fmt: skip
    result = bring(lab, manager, table(header, *moved))
    assert counts(result) == (0, 2, 0, 1)
    (error,) = result["errors"]
    assert (error["row"], error["column"]) == (1, "State")
    assert "cannot become" in error["detail"]


def test_rows_that_cannot_be_are_told_and_the_others_are_kept(lab: Any, manager: ApiClient) -> None:
    a, b, c, d = (lab.unique("ERR") for _ in range(4))
    header = ["asset_tag", "name", "manufacturer", "model", "serial_number", "location", "bought"]
    mapping = {name: name for name in header[:-1]} | {"bought": "acquired_on"}
    content = table(
        header,
        [a, "One", "Tessera", "T1", f"S{a}", "A", ""],
        [b, "Same serial", "TESSERA", "t1", f"s{a}".upper(), "A", ""],
        [a, "Same tag", "", "", "", "", ""],
        [c, "No such place", "", "", "", "Atlantis", ""],
        ["", "", "", "", "", "", "31/31/2020"],
        [d, "x" * 100_000, "", "", "", "", ""],
    )
    making = {"create_missing": ["manufacturer", "model"]}
    result = bring(lab, manager, content, mapping=mapping, options=making)
    assert counts(result) == (1, 0, 0, 5), result["errors"]
    by_row = {error["row"]: error["detail"] for error in result["errors"]}
    assert "Row 1 has the same manufacturer, model and serial number" in by_row[2]
    assert "Row 1 has the same asset tag" in by_row[3]
    assert "There is no location “Atlantis”" in by_row[4]
    assert "100,000" in by_row[6]
    again = bring(
        lab, manager, table(header[:5], [lab.unique(), "Other", "tessera", "T1", f"S{a}"])
    )
    assert f"another instrument: {a}" in again["errors"][0]["detail"]
    assert "Location" not in str(manager.get("/api/v1/locations/?q=atlantis").json["results"])


def test_a_slash_is_text_unless_it_is_said_to_divide(lab: Any, manager: ApiClient) -> None:
    one, two = lab.unique("SLASH"), lab.unique("SLASH")
    content = table(["asset_tag", "name", "location"], [one, "G", "Hall/North"])
    bring(lab, manager, content, options={"create_missing": ["location"]})
    content = table(["asset_tag", "name", "location"], [two, "G", "Hall/North"])
    bring(
        lab, manager, content,
        options={"create_missing": ["location"], "location_separator": "/"},
    )  # fmt: skip
    found = manager.get("/api/v1/equipment/?limit=500").json["results"]
    paths = {row["asset_tag"]: row["location"]["path"] for row in found if row["location"]}
    assert (paths[one], paths[two]) == ("Hall/North", "Hall / North")
    export = manager.get("/api/v1/equipment/export/").body
    assert bring(lab, manager, export)["unchanged"] == len(found)


def test_rights_hold_for_each_row(lab: Any, manager: ApiClient) -> None:
    mine = lab.api("metrology_manager", "location", lab.places["B"])
    theirs, own = lab.unique("SITE"), lab.unique("SITE")
    manager.post_json(
        "/api/v1/equipment/",
        {"name": "At A", "asset_tag": theirs, "location_id": str(lab.places["A1"])},
    )
    content = table(
        ["asset_tag", "name", "location"],
        [theirs, "Taken", "B / B1"],
        [own, "Mine", "B / B1"],
        [lab.unique("SITE"), "Elsewhere", "A / A1"],
        [lab.unique("SITE"), "Nowhere", ""],
        [lab.unique("SITE"), "New site", "C"],
    )
    result = bring(lab, mine, content, options={"create_missing": ["location"]})
    assert counts(result) == (1, 0, 0, 4), result["errors"]
    assert [error["row"] for error in result["errors"]] == [1, 3, 4, 5]
    assert "At A" not in str(result)
    assert [row["name"] for row in mine.get(f"/api/v1/equipment/?q={own}").json["results"]] == [
        "Mine"
    ]
    assert mine.get("/api/v1/equipment/export/").body.count(b"\r\n") == 2
    lab.api("viewer").post(
        "/api/v1/equipment/import/", upload_files=[("file", "a.csv", b"x,y\n1,2\n")], status=403
    )


def test_files_of_somebody_else_and_error_files(lab: Any, manager: ApiClient) -> None:
    content = table(["asset_tag", "name", "status"], [lab.unique(), "=1+1", "melted"])
    job = send(manager, content)
    finished(lab, manager, job)
    path = f"/api/v1/equipment/import/{job['id']}/errors.csv"
    text = manager.get(path).body.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["name"] == "'=1+1"
    assert row["Import row"] == "1"
    assert "melted" in row["Import error"]
    lab.api("metrology_manager").get(path, status=404)
    clean = send(manager, table(["asset_tag", "name"], [lab.unique(), "Good"]))
    finished(lab, manager, clean)
    manager.get(f"/api/v1/equipment/import/{clean['id']}/errors.csv", status=404)


BOMB = io.BytesIO()
with zipfile.ZipFile(BOMB, "w", zipfile.ZIP_DEFLATED) as _archive:
    _archive.writestr("[Content_Types].xml", "<Types/>")
    _archive.writestr("xl/workbook.xml", b" " * 300_000_000)


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (b"", {}),
        (b"1,2,3\n4,5,6\n", {}),
        (b"asset_tag,name\n1,a\0b\n", {}),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, {}),
        (BOMB.getvalue(), {}),
        (b"a,b\n1,2\n", {"options": "{"}),
        (b"a,b\n1,2\n", {"options": "[]"}),
        (b"a,b\n1,2\n", {"options": '{"colour": 1}'}),
        (b"asset_tag,name\n1,2\n", {"options": '{"defaults": {"purchase_price": NaN}}'}),
        (b"asset_tag,name\n1,2\n", {"options": '{"match_on": "name"}'}),
        (b"asset_tag,name\n1,2\n", {"options": '{"create_missing": ["owner"]}'}),
        (b"asset_tag,name\n1,2\n", {"options": '{"null_values": ["\\ud800"]}'}),
        (b"asset_tag,name\n1,2\n", {"mapping": '{"name": "nothing"}'}),
        (b"asset_tag,name\n1,2\n", {"mapping": '{"x": "name"}'}),
        (b"asset_tag,name\n1,2\n", {"dry_run": "maybe"}),
        (b"asset_tag,name\n1,2\n", {"dry_run": ""}),
        (b"a,b\n1,2\n", {}),
    ],
)
def test_what_cannot_be_imported_is_refused(
    lab: Any, manager: ApiClient, content: bytes, fields: dict[str, str]
) -> None:
    answer = send(manager, content, status=422, **fields)
    assert answer["errors"]


def test_control_characters_are_row_errors(lab: Any, manager: ApiClient) -> None:
    tag = lab.unique("NUL")
    content = f"asset_tag,name\n{tag},a\x86b\n{tag}b,fine\n".encode()
    result = bring(lab, manager, content)
    assert counts(result) == (1, 0, 0, 1)
    assert "U+0086" in result["errors"][0]["detail"]


def test_stopping_at_the_first_error_keeps_what_stands_before(lab: Any, manager: ApiClient) -> None:
    rows = [[lab.unique("STOP"), "Gauge", "in_service"] for _ in range(4)]
    rows[2][2] = "melted"
    content = table(["asset_tag", "name", "status"], *rows)
    result = bring(lab, manager, content, options={"on_error": "stop"})
    assert counts(result) == (2, 0, 0, 1)
    assert (result["ended"], result["stopped_at"]) == ("stopped", 3)


def test_an_import_without_tags_draws_numbers_and_knows_serials_again(
    lab: Any, manager: ApiClient
) -> None:
    serial = lab.unique("SER")
    content = table(["name", "maker", "model no.", "s/n"], ["Scale", "Ohm", "O1", serial])
    making = {"create_missing": ["manufacturer", "model"]}
    assert counts(bring(lab, manager, content, options=making)) == (1, 0, 0, 0)
    assert counts(bring(lab, manager, content, options=making)) == (0, 0, 1, 0)
    (found,) = manager.get(f"/api/v1/equipment/?q={serial}").json["results"]
    assert found["asset_tag"].startswith("EQ-")


def test_every_imported_instrument_stands_in_the_trail(lab: Any, manager: ApiClient) -> None:
    tag = lab.unique("TRAIL")
    bring(lab, manager, table(["asset_tag", "name"], [tag, "Gauge"]))
    with lab.platform.session(write=False) as session:
        which = sa.select(Equipment.id).where(Equipment.asset_tag == tag)
        identifier = session.execute(unscoped(which, Equipment, because="test")).scalar_one()
        statement = sa.select(AuditEntry).where(AuditEntry.object_id == identifier)
        (entry,) = session.scalars(unscoped(statement, AuditEntry, because="test"))
    assert (entry.action, entry.object_type, entry.label) == ("create", "equipment", f"{tag} Gauge")
    assert entry.changes["asset_tag"] == [None, tag]
