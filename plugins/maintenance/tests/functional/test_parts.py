"""Parts and their stock, through the API, on both databases."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
import sqlalchemy as sa

from calibrify_core.kernel.errors import Conflict
from calibrify_core.testing.client import ApiClient
from calibrify_maintenance.services import stock
from plugins.maintenance.tests.workshop import API, Workshop

P = f"{API}parts/"


def move(api: ApiClient, part: str, verb: str, status: int = 200, **body: object) -> dict:
    return api.post_json(f"{P}{part}/{verb}/", body, status=status).json


def ledger(shop: Workshop, part: str) -> list[tuple[str, str, str]]:
    rows = shop.viewer.get(f"{P}{part}/movements/").json["results"]
    return [(row["kind"], row["change"], row["stock_after"]) for row in rows]


def test_a_part_is_entered_changed_and_given_up(shop: Workshop) -> None:
    made = shop.manager.post_json(P, {"name": "O-ring 12 × 2", "price": "0.50", "minimum": 5})
    part = made.json
    assert made.headers["Location"].endswith(f"/parts/{part['id']}/")
    assert part["number"].startswith("P-")
    assert (part["stock"], part["minimum"], part["price"]) == ("0", "5", "0.50")
    assert part["below_minimum"] is True
    one = f"{P}{part['id']}/"
    tag = shop.manager.get(one).headers["ETag"]
    changed = shop.manager.patch_json(one, {"location": "Shelf 4"}, headers={"If-Match": tag})
    assert changed.json["location"] == "Shelf 4"
    shop.manager.patch_json(one, {"location": "x"}, headers={"If-Match": tag}, status=412)
    replaced = shop.manager.put_json(one, {"name": "O-ring", "unit": "m"}).json
    assert (replaced["name"], replaced["unit"], replaced["location"]) == ("O-ring", "m", "")
    assert replaced["number"] == part["number"]
    shop.manager.delete(one, status=204)
    shop.manager.get(one, status=404)


def test_stock_is_never_typed_and_numbers_are_unique(shop: Workshop) -> None:
    part = shop.part()
    shop.manager.patch_json(f"{P}{part['id']}/", {"stock": "4"}, status=422)
    twice = shop.manager.post_json(P, {"name": "x", "number": part["number"]}, status=422)
    assert twice.json["errors"][0]["pointer"] == "/number"


@pytest.mark.parametrize("quantity", ["0", "-1", "0.0001", "1e12", "NaN", True, None, "x"])
def test_a_quantity_that_cannot_be_is_refused(shop: Workshop, quantity: object) -> None:
    part = shop.part()["id"]
    move(shop.technician, part, "receive", 422, quantity=quantity)
    assert ledger(shop, part) == []


def test_the_ledger_says_where_every_part_went(shop: Workshop) -> None:
    part = shop.part(opening_stock="10", price="2.40", unit="m")["id"]
    order = shop.order()
    assert move(shop.technician, part, "receive", quantity="2.5")["stock"] == "12.5"
    assert move(shop.technician, part, "issue", order_id=order, quantity=4)["stock"] == "8.5"
    assert move(shop.technician, part, "return", order_id=order, quantity="1.5")["stock"] == "10"
    counted = {"counted": "9.25", "reason": "Counted at the end of the year"}
    assert move(shop.manager, part, "correct", **counted)["stock"] == "9.25"
    assert ledger(shop, part) == [
        ("correction", "-0.75", "9.25"),
        ("return", "1.5", "10"),
        ("issue", "-4", "8.5"),
        ("receipt", "2.5", "12.5"),
        ("correction", "10", "10"),
    ]
    rows = shop.viewer.get(f"{P}{part}/movements/?kind=issue").json["results"]
    assert [row["order_id"] for row in rows] == [order]
    assert rows[0]["order_number"].startswith("WO-")


def test_an_order_is_charged_with_what_it_took(shop: Workshop) -> None:
    seal = shop.part(opening_stock="10", price="2.40")
    oil = shop.part(name="Oil", number=shop.unique("A"), unit="l", opening_stock="3")
    order = shop.order(cost=Decimal("40.00"))
    move(shop.technician, seal["id"], "issue", order_id=order, quantity=3)
    shop.manager.patch_json(f"{P}{seal['id']}/", {"price": "9"})
    move(shop.technician, seal["id"], "return", order_id=order, quantity=1)
    move(shop.technician, oil["id"], "issue", order_id=order, quantity="0.5")
    found = shop.viewer.get(f"{API}maintenance/{order}/").json
    assert (found["cost"], found["total_cost"]) == ("40.00", "44.80")
    shown = [(part["name"], part["quantity"], part["cost"]) for part in found["parts"]]
    assert shown == [("Oil", "0.5", None), ("Seal", "2", "4.80")]


def test_no_more_is_taken_than_there_is_and_no_more_comes_back(shop: Workshop) -> None:
    part, order = shop.part(opening_stock="3")["id"], shop.order()
    refused = move(shop.technician, part, "issue", 409, order_id=order, quantity="3.001")
    assert refused["detail"] == "There are 3 pcs in stock, 3.001 were asked for."
    move(shop.technician, part, "issue", order_id=order, quantity=3)
    move(shop.technician, part, "return", 409, order_id=order, quantity=4)
    move(shop.technician, part, "return", order_id=order, quantity=3)
    move(shop.technician, part, "return", 409, order_id=order, quantity=1)
    assert shop.viewer.get(f"{P}{part}/").json["stock"] == "3"


def test_many_hands_never_take_more_than_there_is(shop: Workshop) -> None:
    part, orders = shop.part(opening_stock="10")["id"], [shop.order() for _ in range(4)]
    start = threading.Barrier(16)

    def take(number: int) -> bool:
        start.wait()
        try:
            with shop.platform.unit() as unit:
                stock.issue(unit, uuid.UUID(part), uuid.UUID(orders[number % 4]), Decimal("0.75"))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        taken = sum(pool.map(take, range(16)))
    assert taken == 13
    assert shop.viewer.get(f"{P}{part}/").json["stock"] == "0.25"
    rows = ledger(shop, part)
    assert sum(Decimal(change) for _, change, _ in rows) == Decimal("0.25")
    assert len({after for _, _, after in rows}) == 14


def test_the_ledger_cannot_be_rewritten(shop: Workshop) -> None:
    part = shop.part(opening_stock="3")["id"]
    for verb in ("UPDATE maintenance_part_movement SET reason = 'x'",
                 "DELETE FROM maintenance_part_movement"):  # fmt: skip
        with (
            shop.platform.database.writer.begin() as connection,
            pytest.raises(sa.exc.DBAPIError, match="append-only"),
        ):
            connection.execute(sa.text(verb))
    assert len(ledger(shop, part)) == 1


def test_parts_below_their_minimum_are_found(shop: Workshop) -> None:
    low = shop.part(minimum="5", opening_stock="4.999")["id"]
    enough = shop.part(minimum="5", opening_stock="5")["id"]
    gone = shop.part(minimum="5", active=False)["id"]

    def found(value: str) -> set[str]:
        rows = shop.viewer.get(f"{P}?below_minimum={value}&limit=500").json["results"]
        return {row["id"] for row in rows}

    assert low in found("true")
    assert not {enough, gone} & found("true")
    assert {enough, gone} <= found("false")
    shop.viewer.get(f"{P}?below_minimum=perhaps", status=422)


def test_who_may_what(shop: Workshop) -> None:
    part, order = shop.part(opening_stock="3")["id"], shop.order()
    move(shop.viewer, part, "issue", 403, order_id=order, quantity=1)
    move(shop.technician, part, "correct", 403, counted=9, reason="x")
    shop.technician.post_json(P, {"name": "x"}, status=403)
    move(shop.technician, part, "issue", 422, order_id=str(uuid.uuid4()), quantity=1)
    move(shop.technician, str(uuid.uuid4()), "issue", 404, order_id=order, quantity=1)
    move(shop.manager, part, "correct", 409, counted=3, reason="x")
    move(shop.manager, part, "correct", 422, counted=4, reason="")
    closed = shop.order(status="completed")
    move(shop.technician, part, "issue", 409, order_id=closed, quantity=1)


def test_a_part_with_a_history_stays_in_it(shop: Workshop) -> None:
    part = shop.part(opening_stock="1")["id"]
    shop.manager.delete(f"{P}{part}/", status=409)
    move(shop.manager, part, "correct", counted=0, reason="Scrapped")
    shop.manager.delete(f"{P}{part}/", status=204)
    assert shop.viewer.get(f"{P}{part}/").json["active"] is False


def test_another_site_sees_the_store_and_not_the_orders(shop: Workshop) -> None:
    here, there = shop.place(shop.unique("A")), shop.place(shop.unique("B"))
    part, order = shop.part(opening_stock="5")["id"], shop.order(shop.instrument(location_id=here))
    move(shop.technician, part, "issue", order_id=order, quantity=1)
    other = shop.api("technician", "location", uuid.UUID(there))
    row = other.get(f"{P}{part}/movements/").json["results"][0]
    assert (row["order_id"], row["order_number"], row["change"]) == (None, None, "-1")
    move(other, part, "issue", 422, order_id=order, quantity=1)
    move(other, part, "return", 422, order_id=order, quantity=1)
    abroad = shop.api("metrology_manager", "location", uuid.UUID(there))
    move(abroad, part, "correct", 403, counted=0, reason="x")
    abroad.post_json(P, {"name": "x"}, status=403)
