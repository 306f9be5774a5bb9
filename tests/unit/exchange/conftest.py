"""An untidy register of an invented plant, and the fields that it is mapped to."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any, BinaryIO

import pytest

from calibrify_core.exchange.fields import ImportField
from calibrify_core.exchange.options import ImportOptions, parse_options

# Mixed date formats, a placeholder date, trailing blanks, free-text tolerances that look like
# formulas, inch marks, leading zeros, a semicolon in a cell, blank rows and a stray status.
REGISTER = '''\
Tag No.,Description,Maker,Serial No.,Last Cal.,Next Cal.,Freq (days),Limit,Bay,State,Remark
BX-001,TORQUE WRENCH,NORDHOLM,00417,2016-02-14,8/29/2016,182,±4%,BAY 1,RUNNING,within tolerance
BX-002,CALIPER  ,NORDHOLM,00418,1970-01-01,1/2/2016,365,"+0,-0.002""",BAY 1,RUNNING,"ok; file 2"
BX-003,STOP WATCH,N/A,S-77,2015-11-25,5/25/2016,0,-77.5DB+3,QA/WET,SPARE,
,,,,,,,,,,
BX-004,OVEN PROBE,TARN & SON,01,2015-12-04,3/3/2016,365,±5°C,BAY 2,WO#3319,Please enter remark
BX-005,PIN GAUGE SET 1"-2",TARN & SON,,2014-06-02,,730,,BAY 2,IDLE,
'''

STATES = {
    "in_service": "In service",
    "out_of_service": "Out of service",
    "retired": "Retired",
}

FIELDS = (
    ImportField("asset_tag", "Asset tag", synonyms=("Tag No.", "Control No."), example="BX-001"),
    ImportField("name", "Name", synonyms=("Description",), required=True),
    ImportField("manufacturer", "Manufacturer", "reference", ("Maker",)),
    ImportField("serial_number", "Serial number", synonyms=("Serial No.",)),
    ImportField("last_calibrated_on", "Last calibrated on", "date", ("Last Cal.",)),
    ImportField("due_on", "Due on", "date", ("Next Cal.",)),
    ImportField("interval_days", "Interval", "integer", ("Freq (days)",), minimum=0, maximum=9999),
    ImportField("accuracy_text", "Accuracy", synonyms=("Tolerance", "Limit")),
    ImportField("location", "Location", "tree", ("Bay",), split_levels=True),
    ImportField("status", "Status", "choice", ("State",), choices=STATES),
    ImportField("notes", "Notes", synonyms=("Remark",), max_length=4000),
    ImportField("calibration_required", "Calibration required", "boolean"),
    ImportField("reason", "Reason why not"),
    ImportField("price", "Price", "decimal"),
)

MAPPED = {
    "match_on": "asset_tag",
    "null_values": ["n/a"],
    "value_map": {
        "status": {
            "RUNNING": "in_service",
            "SPARE": {
                "status": "in_service",
                "calibration_required": False,
                "reason": "spare",
            },
            "IDLE": "out_of_service",
        }
    },
}


@pytest.fixture
def register() -> BinaryIO:
    return io.BytesIO(REGISTER.encode("cp1252"))


@pytest.fixture
def fields() -> tuple[ImportField, ...]:
    return FIELDS


@pytest.fixture
def mapped_options() -> ImportOptions:
    return parse_options(json.dumps(MAPPED))


@pytest.fixture
def options_with() -> Callable[..., ImportOptions]:
    def build(**changes: Any) -> ImportOptions:
        return parse_options({**MAPPED, **changes})

    return build
