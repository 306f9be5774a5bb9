from __future__ import annotations

from calibrify_core.exchange.fields import ImportField, guess_mapping, known_names

TAG = ImportField("asset_tag", "Asset tag", synonyms=("Control No.", "ID"))
SERIAL = ImportField("serial_number", "Serial number", synonyms=("Serial No.", "S/N"))
INTERVAL = ImportField("interval_days", "Interval", "integer", synonyms=("Freq",))


def test_name_label_and_synonyms_are_found_in_any_spelling() -> None:
    columns = ["asset_tag", "SERIAL NUMBER ", "freq"]
    assert guess_mapping(columns, [TAG, SERIAL, INTERVAL]) == {
        "asset_tag": "asset_tag",
        "SERIAL NUMBER ": "serial_number",
        "freq": "interval_days",
    }
    assert guess_mapping(["s/n"], [SERIAL]) == {"s/n": "serial_number"}


def test_what_stands_in_brackets_does_not_count() -> None:
    assert guess_mapping(["Freq (days)"], [INTERVAL]) == {"Freq (days)": "interval_days"}


def test_a_field_is_given_once_and_to_the_exact_name_first() -> None:
    guess = guess_mapping(["ID (old)", "Control No.", "ID"], [TAG])
    assert guess == {"ID (old)": None, "Control No.": "asset_tag", "ID": None}


def test_names_that_differ_in_punctuation_alone_are_told_apart() -> None:
    fields = [ImportField("a_b", "A-B"), ImportField("ab", "A B")]
    for columns in (["ab", "a_b"], ["A B", "A-B"]):
        assert guess_mapping(columns, fields) == dict(zip(columns, ["ab", "a_b"], strict=True))


def test_unknown_columns_are_left_open() -> None:
    assert guess_mapping(["Colour"], [TAG]) == {"Colour": None}


def test_known_names_are_all_of_them() -> None:
    assert known_names([TAG]) == {"asset_tag", "Asset tag", "Control No.", "ID"}
