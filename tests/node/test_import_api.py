"""Spreadsheets over the API: tried, recorded once, and refused row by row."""

import base64
from typing import Any

from node import queries
from node.bootstrap import Node
from tests.node.conftest import Api

GOOD = b"place,item,unit,qty,colour\nHarvey Hub,Blanket,piece,30,red\nNew School,Tarp,piece,12,blue\n"


def body(raw: bytes = GOOD, **more: Any) -> dict[str, Any]:
    return {"name": "list.csv", "data": base64.b64encode(raw).decode()} | more


def blankets(node: Node) -> str:
    return str(queries.stock(node, item="Blanket")[0]["qty"])


def test_a_list_is_tried_first_and_then_recorded_once(api: Api, node: Node):
    before = node.digest()
    tried = api.post("imports", body(dry_run=True))
    assert (tried.status_code, node.digest()) == (200, before)
    told = tried.json
    assert (told["rows"], told["kind"], told["unused"]) == (2, "stock", ["colour"])
    assert told["new"] == {"items": ["Tarp (piece)"], "places": ["New School"]}
    done = api.post("imports", body(), Idempotency_Key="k")
    assert (done.status_code, done.json) == (201, told)
    assert api.post("imports", body(), Idempotency_Key="k").status_code == 200
    assert blankets(node) == "150"


def test_the_same_list_again_is_a_conflict_unless_it_is_said(api: Api, node: Node):
    api.post("imports", body())
    assert api.post("imports", body()).status_code == 409
    assert blankets(node) == "150"
    assert api.post("imports", body(again=True)).status_code == 201
    assert blankets(node) == "180"


def test_each_row_that_cannot_be_recorded_is_named(api: Api, node: Node):
    before = node.digest()
    answer = api.post("imports", body(GOOD + b"Harvey Hub,Blanket,piece,lots,\nHarvey Hub,,piece,3,\n"))
    assert answer.status_code == 422 and set(answer.json["errors"]) == {"line 4 qty", "line 5 item"}
    assert node.digest() == before


def test_columns_may_be_named(api: Api, node: Node):
    raw = b"where,what,how many\nHarvey Hub,Blanket,5\n"
    mapping = {"place": "where", "item": "what", "qty": "how many"}
    assert api.post("imports", body(raw, mapping=mapping, kind="stock")).status_code == 201
    assert blankets(node) == "125"
