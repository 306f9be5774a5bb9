"""Human numbers: no two the same, whoever draws at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from calibrify_core.auth.organisations import Organisations
from calibrify_core.records.numbering import draw
from calibrify_core.work.organisation import OrganisationFacts
from calibrify_core.work.platform import Platform

MASK = "EQ-{YYYY}-{#####}"
NEW_YEAR_S_EVE, NEW_YEAR = date(2026, 12, 31), date(2027, 1, 1)


def drawn(
    platform: Platform,
    house: OrganisationFacts,
    mask: str = MASK,
    on: date = NEW_YEAR_S_EVE,
    series: str = "equipment",
) -> str:
    """Draws one number in a transaction of its own."""
    with platform.unit(house.id) as unit:
        return draw(unit.session, house.id, series, mask, on)


def test_a_hundred_draws_at_once_give_a_hundred_numbers(
    core_platform: Platform, house: OrganisationFacts
) -> None:
    with ThreadPoolExecutor(12) as pool:
        numbers = list(pool.map(lambda _: drawn(core_platform, house), range(100)))
    assert sorted(numbers) == [f"EQ-2026-{value:05d}" for value in range(1, 101)]


def test_a_new_year_begins_a_new_count_and_the_old_one_goes_on(
    core_platform: Platform, house: OrganisationFacts
) -> None:
    dates = [NEW_YEAR_S_EVE, NEW_YEAR, NEW_YEAR, NEW_YEAR_S_EVE]
    numbers = [drawn(core_platform, house, on=on) for on in dates]
    assert numbers == ["EQ-2026-00001", "EQ-2027-00001", "EQ-2027-00002", "EQ-2026-00002"]


def test_without_a_year_in_the_mask_the_count_never_begins_again(
    core_platform: Platform, house: OrganisationFacts
) -> None:
    numbers = [drawn(core_platform, house, "C{###}", on) for on in (NEW_YEAR_S_EVE, NEW_YEAR)]
    assert numbers == ["C001", "C002"]


def test_a_count_that_outgrows_its_mask_keeps_its_digits(
    core_platform: Platform, house: OrganisationFacts
) -> None:
    assert [drawn(core_platform, house, "{#}") for _ in range(11)][-2:] == ["10", "11"]


def test_series_and_organisations_count_for_themselves(
    core_platform: Platform, house: OrganisationFacts
) -> None:
    other = Organisations(core_platform).create("other")
    drawn(core_platform, house)
    assert drawn(core_platform, house, series="calibration") == "EQ-2026-00001"
    assert drawn(core_platform, other) == "EQ-2026-00001"


def test_a_number_of_a_transaction_that_failed_is_drawn_again(
    core_platform: Platform, house: OrganisationFacts
) -> None:
    def fail() -> None:
        with core_platform.unit(house.id) as unit:
            draw(unit.session, house.id, "equipment", MASK, NEW_YEAR)
            raise RuntimeError("undo")

    with pytest.raises(RuntimeError, match="undo"):
        fail()
    assert drawn(core_platform, house, on=NEW_YEAR) == "EQ-2027-00001"
