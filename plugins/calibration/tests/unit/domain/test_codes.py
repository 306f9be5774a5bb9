from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrify_calibration.domain.codes import ALPHABET, normal_code, verification_code
from calibrify_calibration.domain.problems import RuleError


def test_the_alphabet_has_no_look_alikes() -> None:
    assert len(set(ALPHABET)) == 32
    assert not set("ILOU") & set(ALPHABET)


def test_too_little_chance_is_refused() -> None:
    with pytest.raises(RuleError, match="8 random bytes"):
        verification_code(b"1234567")


@given(st.binary(min_size=8, max_size=16))
def test_a_code_survives_being_read_aloud(random_bytes: bytes) -> None:
    code = verification_code(random_bytes)
    assert re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", code)
    assert normal_code(code.lower().replace("-", " ").replace("0", "o").replace("1", "l")) == code


@given(st.integers(0, 2**60 - 1), st.integers(0, 2**60 - 1))
def test_different_numbers_give_different_codes(one: int, other: int) -> None:
    codes = {verification_code(number.to_bytes(8, "big")) for number in (one, other)}
    assert len(codes) == len({one, other})


@pytest.mark.parametrize(
    "entered", ["", "AAAA-AAAA", "AAAA-AAAA-AAAU", "A" * 13, "A" * 9999, "ß" * 12]
)
def test_what_cannot_be_a_code(entered: str) -> None:
    assert normal_code(entered) is None
