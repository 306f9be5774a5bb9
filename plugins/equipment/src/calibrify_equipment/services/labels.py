"""Labels: the QR code that leads to an instrument, and the sticker with it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import sqlalchemy as sa

from calibrify_core.exchange.documents import render_pdf
from calibrify_core.kernel.errors import NotFound
from calibrify_core.web.charts import qr_svg
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.permissions import VIEW
from calibrify_equipment.services.equipment import find
from calibrify_equipment.services.listing import read_record
from calibrify_equipment.services.usability import verdict


def label_address(unit: UnitOfWork, code: str) -> str:
    """Returns what a QR code says: the address that leads to the instrument."""
    return f"{str(unit.platform.settings.public_url).rstrip('/')}/q/{code}"


def resolve(unit: UnitOfWork, code: str) -> uuid.UUID:
    """Returns the instrument of a label's code.

    Raises:
        NotFound: there is none within the scope of who asks.
    """
    statement = sa.select(Equipment.id).where(Equipment.label_code == code)
    found = unit.session.execute(unit.restrict(statement, Equipment, VIEW)).one_or_none()
    if found is None:
        raise NotFound("No instrument has this label.")
    identifier: uuid.UUID = found.id
    return identifier


def qr_image(unit: UnitOfWork, equipment_id: uuid.UUID) -> str:
    """Returns the QR code of an instrument as a whole SVG file.

    Raises:
        NotFound: it does not exist, or lies outside of the scope.
    """
    return _svg(label_address(unit, find(unit, equipment_id).label_code))


def _svg(text: str) -> str:
    """Returns a QR code that stands by itself, black on white."""
    head = '<svg xmlns="http://www.w3.org/2000/svg" color="#000" '
    return str(qr_svg(text)).replace("<svg ", head, 1)


def label_pdf(unit: UnitOfWork, equipment_id: uuid.UUID) -> tuple[str, bytes]:
    """Returns file name and PDF of the label of an instrument, 62 mm by 29 mm.

    Raises:
        NotFound: it does not exist, or lies outside of the scope.
    """
    code = find(unit, equipment_id).label_code
    record, _ = read_record(unit, equipment_id)
    template = files("calibrify_equipment") / "templates" / "equipment" / "label.typ"
    data = {**_words(unit, record), "qr": _svg(label_address(unit, code))}
    return f"{record['asset_tag']}.pdf", render_pdf(template, data, created=unit.trade_now())


def _words(unit: UnitOfWork, record: Mapping[str, Any]) -> dict[str, str]:
    """Returns what stands on a label."""
    judged = verdict(unit, record)
    due = judged.due_on.isoformat() if judged.due_on is not None else ""
    return {
        "tag": record["asset_tag"],
        "name": record["name"],
        "serial": record["serial_number"],
        "state": judged.word,
        "due": due,
        "limitation": record["use_limitation"][:120],
        "organisation": unit.organisation.title,
    }
