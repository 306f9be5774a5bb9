"""Fault reports by whoever holds an instrument: found by its label, bounded, and passed on.

Nobody is signed in here. What is shown is the instrument's name and tag; what is written is one
work order, by the system, and only where the organisation switched it on.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO

from sqlalchemy.orm import Session

from calibrify_core.auth import throttle
from calibrify_core.auth.address import throttle_key
from calibrify_core.kernel.actor import Actor
from calibrify_core.kernel.errors import Invalid, NotFound, UnsupportedMediaType
from calibrify_core.records.attachments import HEAD, Attachments, recognised
from calibrify_core.work.access import Access
from calibrify_core.work.organisation import OrganisationFacts
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.labels import instrument_of_label
from calibrify_maintenance.events import FaultReported
from calibrify_maintenance.models.work_order import WorkOrder
from calibrify_maintenance.schemas.fault_report import FaultReportIn
from calibrify_maintenance.services import work_orders

PLUGIN = "maintenance"
POLICY = "public_fault_reports"
ANONYMOUS = "Somebody without an account"
PER_ADDRESS = 10
PER_INSTRUMENT = 5
WINDOW = timedelta(hours=1)
MOST_PHOTO = 8 << 20
PHOTOS = frozenset({"image/jpeg", "image/png", "image/webp"})


@dataclass(frozen=True, slots=True)
class Reportable:
    """An instrument that faults can be reported of.

    Attributes:
        equipment_id: which one.
        asset_tag: its tag.
        name: what it is.
        organisation: whose it is.
    """

    equipment_id: uuid.UUID
    asset_tag: str
    name: str
    organisation: OrganisationFacts


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture of the fault.

    Attributes:
        name: as the sender calls it.
        stream: its content, at its beginning.
    """

    name: str
    stream: BinaryIO


def find_reportable(platform: Platform, session: Session, code: str) -> Reportable:
    """Returns the instrument of a label, if its organisation takes reports from anybody.

    Raises:
        NotFound: there is no such label, the organisation takes no reports, or the instrument
            is not in use yet or any more: nobody learns which.
    """
    found = instrument_of_label(session, code)
    if found is not None:
        organisation = platform.organisation(session, found.organisation_id)
        here = PLUGIN not in organisation.plugins_off
        if here and organisation.policies.get(POLICY, False) is True:
            return Reportable(found.id, found.asset_tag, found.name, organisation)
    raise NotFound("Nothing can be reported here.")


def check_photo(photo: Photo) -> None:
    """Checks a picture by its content; its name and what the sender says count for nothing.

    Raises:
        Invalid: it is no picture, or too large.
    """
    size = photo.stream.seek(0, 2)
    photo.stream.seek(0)
    head = photo.stream.read(HEAD)
    photo.stream.seek(0)
    if size > MOST_PHOTO:
        raise Invalid.field("photo", f"A photo has at most {MOST_PHOTO >> 20} MiB.")
    try:
        kind = recognised(head, "")
    except UnsupportedMediaType:
        kind = ""
    if kind not in PHOTOS:
        raise Invalid.field("photo", "Send a photo as JPEG, PNG or WebP.")


def report(
    platform: Platform,
    session: Session,
    found: Reportable,
    said: FaultReportIn,
    photo: Photo | None,
    *,
    address: str,
    request_id: str,
) -> WorkOrder:
    """Opens a work order for a reported fault.

    Args:
        platform: the application's shared services.
        session: a writing session, whose transaction the caller commits.
        found: the instrument.
        said: what is wrong.
        photo: a picture of it.
        address: of the peer, by which reports are counted.
        request_id: for the audit trail.

    Raises:
        TooManyRequests: this address, or everybody together for this instrument, has reported
            too often; the counters live in the database and hold for all processes.
        Invalid: the picture is none.
    """
    quotas = (
        throttle.Quota(f"fault:{throttle_key(address)}"[:120], PER_ADDRESS, WINDOW),
        throttle.Quota(f"fault:{found.equipment_id}", PER_INSTRUMENT, WINDOW),
    )
    throttle.admit(session, quotas, platform.clock.now())
    organisation = found.organisation
    author = Actor("system", "Fault report", request_id=request_id, address=address)
    unit = UnitOfWork(
        platform, session, author, organisation, Access(organisation.id, unlimited=True)
    )
    if photo is not None:
        check_photo(photo)
    values = {
        **work_orders.DEFAULTS,
        "title": said.title,
        "description": _description(said),
        "priority": said.priority,
    }
    order = work_orders.open_order(
        unit, found.equipment_id, values, requested_by=said.reporter or ANONYMOUS
    )
    if photo is not None:
        Attachments(unit).attach(
            photo.stream, photo.name or "photo", "work_order", order.id, "photo"
        )
    unit.publish(FaultReported(order.id, found.equipment_id, order.number, order.priority))
    return order


def _description(said: FaultReportIn) -> str:
    """Returns what was said, and how the reporter can be reached.

    >>> _description(FaultReportIn(title="It leaks", contact="ext. 214"))
    'Reported by the label. Contact: ext. 214'
    """
    origin = "Reported by the label."
    if said.contact:
        origin += f" Contact: {said.contact}"
    return f"{said.description}\n\n{origin}" if said.description else origin
