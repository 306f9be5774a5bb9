"""Names that an import makes: many in few statements, and each as if it were made alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from calibrify_core.audit.entry import AuditEntry
from calibrify_core.auth.grants import Grants
from calibrify_core.auth.roles import Roles
from calibrify_core.kernel.errors import Invalid
from calibrify_core.persistence.bulk import WORTH_A_COPY
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.testing.client import ApiClient
from calibrify_core.worker import make_runner
from calibrify_equipment import permissions
from calibrify_equipment.services.locations import TREE
from calibrify_equipment.services.trees import MOST_LEVELS, NewNodes

MAKING = {
    "create_missing": ["category", "location", "manufacturer", "model"],
    "location_separator": "/",
}
HEADER = "tag,name,maker,model,category,location"
COLUMNS = ("asset_tag", "name", "manufacturer", "model", "category", "location")
MAPPING = dict(zip(HEADER.split(","), COLUMNS, strict=True))
REFUSED = "There is no location “{}”, and your rights do not add it."


def bring(lab: Any, client: ApiClient, *rows: str, **fields: Any) -> dict[str, Any]:
    """Imports rows and returns the result."""
    given = {"options": json.dumps(MAKING), "mapping": json.dumps(MAPPING), **fields}
    content = "\n".join((HEADER, *rows)).encode()
    job = client.post(
        "/api/v1/equipment/import/",
        params=list(given.items()),
        upload_files=[("file", "register.csv", content)],
        status=202,
    ).json
    make_runner(lab.platform).drain()
    found = client.get(f"/api/v1/jobs/{job['id']}/").json
    assert found["state"] == "succeeded", found["errors"]
    return found["result"]


def at(lab: Any, *paths: str) -> list[str]:
    """Returns a row for each location."""
    return [f"{lab.unique('AT')},Gauge,,,,{path}" for path in paths]


def made(lab: Any, object_type: str, word: str) -> list[str]:
    """Returns what the trail says was made, in order: paths of nodes that have a word in them."""
    statement = (
        sa.select(AuditEntry.changes)
        .where(AuditEntry.action == "create", AuditEntry.object_type == object_type)
        .order_by(AuditEntry.id)
    )
    marked = unscoped(statement, AuditEntry, because="a test reads it")
    with lab.unit() as unit:
        paths = [changes["path"][1] for changes in unit.session.scalars(marked)]
    return [path for path in paths if word in path]


@pytest.fixture(scope="module")
def manager(lab: Any) -> ApiClient:
    """Somebody who may import, and make everything."""
    return lab.api("metrology_manager")


def dry_run(lab: Any, manager: ApiClient, fresh: int) -> list[str]:
    """Returns the statements of a dry run of 60 rows that name so many new things of each kind."""
    word = lab.unique("S")
    rows = [
        f"{lab.unique('DRY')},Gauge,Maker {word} {n},Model {n},"
        f"Kind {word} / Kind {n},A / A1 / {word} {n % 5} / Room {n}"
        for n in (row % fresh for row in range(60))
    ]
    with lab.statements() as seen:
        result = bring(lab, manager, *rows, dry_run="true")
    assert result["created"] == 60, result["errors"]
    assert not made(lab, "location", word)
    return [text for text in seen if "equipment_" in text or "core_audit_entry" in text]


def test_a_dry_run_costs_the_same_for_few_new_names_and_many(lab: Any, manager: ApiClient) -> None:
    few, many = (dry_run(lab, manager, fresh) for fresh in (WORTH_A_COPY, 60))
    assert len(few) == len(many)
    assert len([text for text in many if "INSERT INTO equipment_location" in text]) == 1


def test_each_node_is_made_once_and_told_from_the_top_down(lab: Any, manager: ApiClient) -> None:
    top = lab.unique("Top")
    rows = at(
        lab, f"{top} / Hall / Bench", f"{top} / hall", f"{top.upper()} / Yard / Bench", f"A / {top}"
    )  # fmt: skip
    assert bring(lab, manager, *rows, *at(lab, f"{top} / Yard"))["created"] == 5
    # Short ways come first, and decide how a name is spelt.
    assert made(lab, "location", top) == [
        *(top, f"{top} / hall", f"A / {top}", f"{top} / Yard"),
        *(f"{top} / hall / Bench", f"{top} / Yard / Bench"),
    ]
    found = manager.get("/api/v1/equipment/?limit=500").json["results"]
    paths = {item["asset_tag"]: (item["location"] or {}).get("path") for item in found}
    assert [paths[row.split(",")[0]] for row in rows] == [
        *(f"{top} / hall / Bench", f"{top} / hall", f"{top} / Yard / Bench", f"A / {top}"),
    ]


def test_rights_are_asked_for_each_way(lab: Any) -> None:
    mine = lab.api("metrology_manager", "location", lab.places["B"])
    new = lab.unique("New")
    ways = (f"B / {new} / Deep", f"A / {new}", f"A / {new} / Deep", new, f"A / Other {new}")
    result = bring(lab, mine, *at(lab, *ways))
    assert [error["detail"] for error in result["errors"]] == [
        REFUSED.format(text) for text in ("A", "A", new, "A")
    ]
    assert made(lab, "location", new) == [f"B / {new}", f"B / {new} / Deep"]


def test_names_above_that_are_seen_only_take_no_new_ones(lab: Any) -> None:
    mine = lab.api("metrology_manager", "location", lab.places["B1"])
    new = lab.unique("New")
    ways = [f"B / {new} {n}" for n in range(3)]
    result = bring(lab, mine, *at(lab, *ways, f"B / B1 / {new}"))
    assert [error["detail"] for error in result["errors"]] == [REFUSED.format(way) for way in ways]
    assert made(lab, "location", new) == [f"B / B1 / {new}"]


def test_a_tree_does_not_grow_too_deep(lab: Any) -> None:
    with lab.unit() as unit:
        nodes = NewNodes(unit, TREE)
        node = nodes.add({"name": lab.unique("Deep")})
        for _ in range(MOST_LEVELS - 1):
            node = nodes.add({"name": "Below", "parent_id": node.id})
        with pytest.raises(Invalid, match="at most 20 levels"):
            nodes.add({"name": "Too low", "parent_id": node.id})
        nodes.write()


def test_a_name_out_of_sight_is_a_conflict_of_its_row_alone(lab: Any) -> None:
    every = (permissions.IMPORT, permissions.VIEW, permissions.CHANGE, permissions.LOCATION_CHANGE)
    name = lab.hire(permissions=every)
    with lab.unit() as unit:
        role = Roles(unit).create(
            name="sees_b", title="Sees B", permissions=(permissions.LOCATION_VIEW,)
        )
        Grants(unit).give(
            role.id, user_id=lab.id_of(name), scope_type="location", scope_id=lab.places["B"]
        )
    new = lab.unique("New")
    result = bring(lab, lab.client_of(name), *at(lab, f"B / {new}", f"A / {new}", new))
    assert [(error["row"], error["detail"]) for error in result["errors"]] == [
        (2, "There is a location of this name already.")
    ]
    assert made(lab, "location", new) == [f"B / {new}", new]
