"""What the audit trail says of an instrument."""

from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.schemas.equipment import FACTS


def test_the_trail_calls_the_members_of_an_instrument_as_its_form_does():
    assert {name: Equipment.audit_word(name) for name in FACTS} == {
        name: fact.label for name, fact in FACTS.items()
    }
