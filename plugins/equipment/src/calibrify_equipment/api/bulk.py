"""Many instruments at once: all operations of a body, or none."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from calibrify_core.api.body import validate
from calibrify_core.api.request import Request
from calibrify_core.api.types import Body, Identifier, Shape, changes
from calibrify_core.kernel.errors import CalibrifyError, Conflict, FieldError, Invalid, NotFound
from calibrify_equipment.permissions import CHANGE
from calibrify_equipment.schemas.equipment import all_members, plain_values
from calibrify_equipment.services import equipment
from calibrify_equipment.services.facet_members import Bodies, bodies_of, divide, tell

MOST_OPERATIONS = 1_000


class Operation(Body):
    """One operation: `create` needs data, `update` id and data, `delete` an id."""

    op: Literal["create", "update", "delete"]
    id: Identifier | None = None
    data: dict[str, Any] | None = None


class BulkIn(Body):
    """Operations that are done together, in order."""

    operations: Annotated[list[Operation], Field(min_length=1, max_length=MOST_OPERATIONS)]


class Done(Shape):
    """What was done."""

    op: str
    id: Identifier


class BulkOut(Shape):
    """What was done, in the order of the operations."""

    results: list[Done]


def run(request: Request) -> dict[str, Any]:
    """Does all operations in one transaction.

    Raises:
        Invalid: with the errors of all bodies, or of the first operation that fails.
        Conflict: an operation meets another instrument or an illegal state.
        NotFound: an instrument does not exist for the caller.
    """
    operations: list[Operation] = request.data.operations
    bodies = _bodies(operations, bodies_of(request.platform))
    results = []
    for index, (operation, body) in enumerate(zip(operations, bodies, strict=True)):
        where = f"/operations/{index}"
        try:
            identifier = _do(request, operation, body)
        except Invalid as error:
            raise Invalid(
                [FieldError(f"{where}/data{e.pointer}", e.detail) for e in error.errors]
            ) from None
        except CalibrifyError as error:
            problem = {"pointer": where, "detail": error.detail}
            error.extra = {**error.extra, "errors": [problem]}
            error.detail = f"Operation {index}: {error.detail}"
            raise
        results.append({"op": operation.op, "id": identifier})
    return {"results": results}


def _bodies(operations: list[Operation], schemas: Bodies) -> list[Any]:
    """Checks the bodies of all operations, before the first is done."""
    errors: list[FieldError] = []
    bodies: list[Any] = []
    for index, operation in enumerate(operations):
        where = f"/operations/{index}"
        body = None
        if operation.op != "create" and operation.id is None:
            errors.append(FieldError(f"{where}/id", "This is required."))
        if operation.op == "create" and operation.id is not None:
            errors.append(FieldError(f"{where}/id", "This is not known here, or cannot be set."))
        if operation.op != "delete":
            schema = schemas.new if operation.op == "create" else schemas.change
            try:
                body = validate(schema, operation.data or {}, f"{where}/data")
            except Invalid as error:
                errors += error.errors
        bodies.append(body)
    if errors:
        raise Invalid(errors)
    return bodies


def _do(request: Request, operation: Operation, body: Any) -> Any:
    """Does one operation; returns the id of its instrument."""
    unit = request.unit
    if operation.op == "create":
        values, told = divide(unit, all_members(body))
        made = equipment.register(unit, values)
        tell(unit, made, told)
        return made
    assert operation.id is not None  # noqa: S101 - checked with the bodies
    found = equipment.find(unit, operation.id, CHANGE)
    if operation.op == "update":
        values, told = divide(unit, plain_values(changes(body)))
        equipment.change(unit, found, values)
        tell(unit, found.id, told)
    else:
        equipment.retire(unit, found)
    return found.id


def includeme(config: Any) -> None:
    """Adds the address."""
    config.add_api_view(
        run,
        "equipment",
        "bulk",
        path="equipment/bulk/",
        permission=CHANGE,
        body=BulkIn,
        out=BulkOut,
        errors=(Conflict, NotFound),
        summary="Does up to 1,000 operations, all or none.",
    )
