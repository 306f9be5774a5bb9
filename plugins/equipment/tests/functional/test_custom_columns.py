"""Custom fields in files: out and in again, and what a row may say of them."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from webtest import Upload

from calibrify_core.testing.client import ApiClient
from calibrify_core.worker import make_runner
from calibrify_equipment.services import categories

E = "/api/v1/equipment/"
MASS = [
    {"name": "class", "label": "Class", "type": "choice", "choices": ["E2", "F1", "-"]},
    {"name": "nominal", "label": "Nominal value", "type": "decimal", "required": True},
    {"name": "density", "type": "decimal"},
    {"name": "density_", "type": "text"},
    {"name": "pieces", "type": "integer"},
    {"name": "boxed", "type": "boolean"},
    {"name": "made_on", "label": "Made on", "type": "date"},
    {"name": "remark", "type": "text"},
]
OVEN = [{"name": "nominal", "label": "Set point", "type": "text"}, {"name": "fan", "type": "date"}]
FULL = {
    "class": "-", "nominal": "0.10", "density": "1e200", "density_": "-77.5DB+3",
    "pieces": 9007199254740992, "boxed": False, "made_on": "2011-02-03", "remark": "=1+1",
}  # fmt: skip


@pytest.fixture(scope="module")
def manager(lab: Any) -> ApiClient:
    with lab.unit() as unit:
        for name, fields in (("Weights", MASS), ("Ovens", OVEN)):
            values = {"name": name, "custom_field_schema": {"fields": fields}}
            lab.kinds[name] = categories.add(unit, values).id
    return lab.api("metrology_manager")


def enter(lab: Any, manager: ApiClient, kind: str | None, **fields: Any) -> tuple[str, str]:
    """Enters an instrument; returns its tag and address."""
    body = {"asset_tag": lab.unique("CU"), "name": "Thing", "custom_fields": fields}
    body["category_id"] = str(lab.kinds[kind]) if kind else None
    return body["asset_tag"], manager.post_json(E, body).headers["Location"]


def ask(lab: Any, kind: str, fields: list[dict[str, Any]]) -> None:
    """Changes what a category asks for."""
    with lab.unit() as unit:
        category = categories.find(unit, lab.kinds[kind])
        categories.change(unit, category, {"custom_field_schema": {"fields": fields}})


def send(lab: Any, client: ApiClient, content: bytes, **fields: Any) -> dict[str, Any]:
    """Imports a file and returns the result, with the ``id`` of the job."""
    answer = client.post(
        f"{E}import/",
        params=[(name, json.dumps(value)) for name, value in fields.items()],
        upload_files=[("file", "register", content)],
    )
    make_runner(lab.platform).drain()
    job = client.get(f"/api/v1/jobs/{answer.json['id']}/").json
    assert job["state"] == "succeeded", job["errors"]
    return {**job["result"], "id": job["id"]}


def table(*rows: list[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def counts(result: dict[str, Any]) -> tuple[int, ...]:
    return tuple(result[name] for name in ("created", "updated", "unchanged", "failed"))


def custom(client: ApiClient, url: str) -> dict[str, Any]:
    return client.get(url).json["custom_fields"]


def exported(client: ApiClient, tags: str) -> list[dict[str, str]]:
    text = client.get(f"{E}export/?q={tags}").body.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_is_exported_comes_back_the_same(lab: Any, manager: ApiClient, form: str) -> None:
    enter(lab, manager, "Weights", **FULL)
    oven, _ = enter(lab, manager, "Ovens", nominal="low\r\nheat", fan="2012-03-04")
    enter(lab, manager, "Ovens")
    enter(lab, manager, None)
    # What a category asks for changes, and what was entered before stays as it was.
    old = [{"name": "nominal", "type": "text"}, {"name": "fan", "type": "text"}]
    ask(lab, "Ovens", [*old, {"name": "gone", "type": "text"}])
    enter(lab, manager, "Ovens", nominal="20240101", fan="at will", gone="x")
    ask(lab, "Ovens", [*OVEN, {"name": "seal", "type": "text", "required": True}])
    file = manager.get(f"{E}export/?format={form}")
    ask_back = send(lab, manager, file.body)
    assert ask_back["created"] == ask_back["updated"] == ask_back["failed"] == 0, ask_back["errors"]
    assert ask_back["unchanged"] >= 5
    ask(lab, "Ovens", OVEN)
    (row,) = exported(manager, oven)
    assert row["custom_fields.nominal"] == "low\r\nheat"
    assert row["custom_fields.made_on"] == ""
    assert "custom_fields.gone" not in row


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_an_export_fills_another_register(lab: Any, manager: ApiClient, form: str) -> None:
    tag, url = enter(lab, manager, "Weights", **{**FULL, "density": "1.0010"})
    content = manager.get(f"{E}export/?format={form}&q={tag}").body
    manager.patch_json(url, {"asset_tag": lab.unique("MOVED")}, headers=match(manager, url))
    assert counts(send(lab, manager, content)) == (1, 0, 0, 0)
    (made,) = manager.get(f"{E}?q={tag}").json["results"]
    assert made["custom_fields"] == {**FULL, "density": "1.0010"}


def match(client: ApiClient, url: str) -> dict[str, str]:
    return {"If-Match": client.get(url).headers["ETag"]}


def test_an_export_shows_each_value_under_its_name(lab: Any, manager: ApiClient) -> None:
    tag, _ = enter(lab, manager, "Weights", **FULL)
    (row,) = exported(manager, tag)
    names = [name for name in row if name.startswith("custom_fields.")]
    assert names == sorted(names)
    assert {name: row[f"custom_fields.{name}"] for name in FULL} == {
        "class": "'-", "nominal": "0.10", "density": "1e200", "density_": "'-77.5DB+3",
        "pieces": "9007199254740992", "boxed": "false", "made_on": "2011-02-03",
        "remark": "'=1+1",
    }  # fmt: skip


def test_columns_are_known_by_name_and_label_and_read_as_the_import_says(
    lab: Any, manager: ApiClient
) -> None:
    tag, url = enter(lab, manager, "Weights", nominal="1", remark="gone", boxed=True)
    header = ["Tag", "Nominal value", "made on", "custom_fields.density", "Boxed"]
    header.append("custom_fields.remark")
    content = table(header, [tag, " 0,50 ", "03/12/2011", "1.0", "NO", ""])
    asking = send(lab, manager, content)
    assert counts(asking) == (0, 0, 0, 1)
    assert "give the date format" in asking["errors"][0]["detail"]
    options = {"date_format": {"made on": "%d/%m/%Y"}}
    assert counts(send(lab, manager, content, options=options)) == (0, 1, 0, 0)
    assert custom(manager, url) == {
        "nominal": "0.50", "made_on": "2011-12-03", "density": "1.0", "boxed": False,
    }  # fmt: skip
    newest = manager.get(f"{url}history/").json["results"][0]
    assert newest["changes"]["custom_fields"] == [
        {"nominal": "1", "remark": "gone", "boxed": True},
        custom(manager, url),
    ]
    assert manager.get(url).headers["ETag"].startswith('"v2-')
    assert counts(send(lab, manager, content, options=options)) == (0, 0, 1, 0)
    # A day that can only be one tells of the whole column.
    other = table(header[:3], [tag, "0.50", "03/12/2011"], [lab.unique(), "", "31/12/2011"])
    assert counts(send(lab, manager, other)) == (0, 0, 1, 1)


def test_words_and_defaults_stand_for_values(lab: Any, manager: ApiClient) -> None:
    names = ["custom_fields.class", "custom_fields.boxed", "custom_fields.nominal"]
    tags = [lab.unique("WD") for _ in range(2)]
    rows = [[tags[0], "A", "Weights", "fine", "in a box"], [tags[1], "B", "Ovens", "", ""]]
    options = {
        "value_map": {names[0]: {"fine": "E2"}, names[1]: {"in a box": True}},
        "defaults": {names[0]: "F1", names[2]: "10"},
    }
    content = table(["tag", "name", "category", *names[:2]], *rows)
    result = send(lab, manager, content, options=options)
    assert counts(result) == (2, 0, 0, 0), result["errors"]
    found = [manager.get(f"{E}?q={tag}").json["results"][0]["custom_fields"] for tag in tags]
    assert found == [{"class": "E2", "boxed": True, "nominal": "10"}, {"nominal": "10"}]


def test_what_a_category_does_not_take_is_a_row_error(lab: Any, manager: ApiClient) -> None:
    known, url = enter(lab, manager, "Weights", nominal="1")
    header = ["tag", "name", "category", "custom_fields.nominal", "class", "pieces", "boxed"]
    fields = ["asset_tag", *header[1:4], *(f"custom_fields.{name}" for name in header[4:])]
    mapping = dict(zip(header, fields, strict=True))
    news = [lab.unique("BAD") for _ in range(6)]
    content = table(
        header,
        [news[0], "A", "Weights", "heavy", "F1", "", ""],
        [news[1], "A", "Weights", "1", "F3", "", ""],
        [news[2], "A", "Weights", "1", "", "1.5", "perhaps"],
        [news[3], "A", "Ovens", "warm", "E2", "", ""],
        [news[4], "A", "", "", "", "2", ""],
        [news[5], "A", "Balances", "1", "", "", ""],
        [lab.unique("BAD"), "A", "Weights", "", "F1", "", ""],
        [known, "A", "Weights", "", "F1", "", ""],
        [lab.unique("GOOD"), "A", "Ovens", "warm", "", "", ""],
        [lab.unique("GOOD"), "A", "Weights", "7", "f1", "12", "yes"],
    )
    given = {"mapping": mapping, "options": {"create_missing": ["category"]}}
    tried = send(lab, manager, content, **given, dry_run=True)
    result = send(lab, manager, content, **given)
    assert tried["errors"] == result["errors"]
    assert counts(tried) == counts(result) == (2, 0, 0, 8)
    told = [(e["row"], e["column"], e["value"], e["detail"]) for e in result["errors"]]
    assert told == [
        (1, header[3], "heavy", "“heavy” is no number."),
        (2, "class", "F3", "“F3” is no class. Map it to one of: E2, F1, -."),
        (3, "pieces", "1.5", "“1.5” is no whole number."),
        (3, "boxed", "perhaps", "“perhaps” is neither yes nor no."),
        (4, "class", "E2", "The category “Ovens” has no such custom field."),
        (5, "pieces", "2", "An instrument without a category has no custom fields."),
        (6, header[3], "1", "The category “Balances” has no such custom field."),
        (7, header[3], "", "The category asks for this."),
        (8, header[3], "", "The category asks for this."),
    ]
    assert custom(manager, url) == {"nominal": "1"}
    assert manager.get("/api/v1/categories/?q=balances").json["results"] == []


def test_an_instrument_that_moves_takes_what_its_new_category_asks(
    lab: Any, manager: ApiClient
) -> None:
    tag, url = enter(lab, manager, "Ovens", nominal="200", fan="2012-03-04")
    plain = table(["tag", "category"], [tag, "Weights"])
    (error,) = send(lab, manager, plain)["errors"]
    assert error["detail"] == "custom_fields.fan: This field is not known in the category."
    moved = table(["tag", "category", "fan", "class"], [tag, "Weights", "", "F1"])
    given = {"mapping": {"tag": "asset_tag", "category": "category", "fan": "custom_fields.fan",
                         "class": "custom_fields.class"}}  # fmt: skip
    result = send(lab, manager, moved, **given)
    assert counts(result) == (0, 1, 0, 0)
    assert custom(manager, url) == {"nominal": "200", "class": "F1"}
    (row,) = exported(manager, tag)
    assert (row["category"], row["custom_fields.nominal"]) == ("Weights", "200")
    manager.post(f"{E}import/{result['id']}/undo/")
    make_runner(lab.platform).drain()
    assert custom(manager, url) == {"nominal": "200", "fan": "2012-03-04"}


def test_a_category_that_asks_is_heard_without_a_column_too(lab: Any, manager: ApiClient) -> None:
    content = table(["tag", "name", "category"], [lab.unique("REQ"), "A", "Weights"])
    (error,) = send(lab, manager, content)["errors"]
    assert error["detail"] == "custom_fields.nominal: The category asks for this."


def test_files_cost_one_look_at_the_categories(lab: Any, manager: ApiClient) -> None:
    def asked(seen: list[str]) -> int:
        return sum("custom_field_schema" in statement for statement in seen)

    prefix = lab.unique("CO")
    costs = []
    for columns in (["custom_fields.nominal"], ["custom_fields.fan"], []):
        rows = [
            [f"{prefix}{n}", "A", "Ovens", *("2012-03-04" for _ in columns)] for n in range(120)
        ]
        file = table(["tag", "name", "category", *columns], *rows)
        make_runner(lab.platform).drain()
        with lab.statements() as seen:
            send(lab, manager, file)
        assert asked(seen) == 2, "once when it is ordered, once when it runs"
        costs.append(len(seen))
    assert costs[1] - costs[2] < 8, "columns cost no statement for each row"
    lengths = []
    for limit in (f"{prefix}1", prefix):
        manager.get(f"{E}export/?q={limit}")
        with lab.statements() as seen:
            rows = exported(manager, limit)
        assert asked(seen) == 1
        lengths.append((len(rows), len(seen)))
    assert lengths[0][0] < lengths[1][0] == 120
    assert lengths[0][1] == lengths[1][1]


def test_the_pages_offer_custom_fields(lab: Any, manager: ApiClient) -> None:
    browser = lab.browser("metrology_manager")
    start = browser.get("/equipment/import")
    assert "Set point / Nominal value (custom field)" in start
    form = ours(start)
    tag = lab.unique("PAGE")
    text = (
        f"tag,name,category,nominal,custom_fields.class,made_on\n{tag},A,Weights,1,-,2011-01-02\n"
    )
    form["file"] = Upload("register.csv", text.encode())
    columns = form.submit().follow()
    chosen = [option["value"] for option in columns.html.select("tbody option[selected]")]
    assert chosen[3:] == ["custom_fields.nominal", "custom_fields.class", "custom_fields.made_on"]
    values = ours(columns).submit().follow()
    (word,) = values.html.select("tbody th[dir=auto]")
    assert word.get_text(strip=True) == "-"
    assert values.html.select_one("tbody option[selected]")["value"] == "-"
    assert "not said" not in values
    waiting = ours(values).submit().follow()
    make_runner(lab.platform).drain()
    ours(browser.get(waiting.request.path)).submit()
    make_runner(lab.platform).drain()
    (made,) = manager.get(f"{E}?q={tag}").json["results"]
    assert made["custom_fields"] == {"nominal": "1", "class": "-", "made_on": "2011-01-02"}
    template = browser.get("/equipment/import/template?format=csv").body
    page = ours(start)
    page["file"] = Upload("template.csv", template)
    again = page.submit().follow()
    assert not again.html.select("tbody option[value=''][selected]")
    assert len(again.html.select("tbody option[selected]")) == len(again.html.select("tbody tr"))


def ours(page: Any) -> Any:
    """Returns the form of the page itself."""
    return next(f for f in page.forms.values() if f.method == "post" and "out" not in f.action)
