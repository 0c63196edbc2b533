"""Every kind of bad input at every address that records: the right status, a sentence, and nothing recorded."""

import base64
import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node import moving, needing, papers, record
from node.api.endpoints import BODY_BYTES_MAX, WRITES
from node.bootstrap import Node
from node.events import Need, Receipt
from node.requests import DispatchIn, ItemIn, KitLineIn, LineIn, NeedIn, PlaceIn, ReceiptIn, ReceiptLineIn
from tests.node.conftest import Api

LINE = {"item": "Blanket", "qty": "2"}
GOOD: dict[str, dict[str, Any]] = {
    "receipts": {"place": "Harvey Hub", "lines": [LINE]},
    "distributions": {"place": "Harvey Hub", "lines": [LINE], "people": 3},
    "losses": {"place": "Harvey Hub", "lines": [LINE], "reason": "damaged"},
    "counts": {"place": "Harvey Hub", "lines": [LINE]},
    "dispatches": {"place": "Harvey Hub", "to": "The Van", "lines": [LINE], "vehicle": "white van"},
    "arrivals": {"dispatch": "ab" * 32, "place": "Harvey Hub", "lines": [LINE | {"damaged": "1"}]},
    "moves": {"place": "Harvey Hub", "to": "The Van", "lines": [LINE]},
    "returns": {"vehicle": "Harvey Hub", "to": "The Van", "lines": [LINE]},
    "repacks": {"place": "Harvey Hub", "in": [LINE], "out": [LINE]},
    "kits/build": {"place": "Harvey Hub", "qty": "2"},
    "kits/break": {"place": "Harvey Hub", "qty": "2"},
    "waybills": {"text": "the text of a dispatch's code, from the fixture below"},
    "write-offs": {"place": "Harvey Hub"},
    "items": {"name": "Soap", "unit": "bar"},
    "places": {"name": "Old Mill", "kind": "site"},
    "closings": {"until": "2020-01-31", "zone": "America/Chicago"},
    "same-as": {"id": "Blanket", "same": "Insulin", "kind": "item", "anyway": True},
    "keeps": {"place": "Harvey Hub", "item": "Blanket", "minimum": "9"},
    "alerts/seen": {"entry": "all"},
    "needs": {"place": "Harvey Hub", "lines": [LINE], "urgency": "urgent"},
    "needs/renew": {"note": "still there"},
    "needs/close": {"why": "met"},
    "pledges": {"place": "Harvey Hub", "lines": [LINE]},
    "imports": {
        "name": "list.csv",
        "data": base64.b64encode(b"place,item,unit,qty\nHarvey Hub,Blanket,piece,3\n").decode(),
    },
    "templates": {"template": {"name": "ours", "items": [{"name": "Rope", "unit": "metre"}]}},
    "entries/void": {"why": "twice"},
    "entries/correct": {"why": "slip", "note": "new"},
    "entries/redact": {"why": "a name"},
}
DEEP = 30_000
RAW: dict[str, bytes] = {
    "NaN": b'{"place": NaN}',
    "a minus infinity": b'{"place": -Infinity}',
    "a number without end": b'{"place": 1e999}',
    "a float": b'{"place": 1.5}',
    "an escaped lone surrogate": b'{"place": "\\ud800"}',
    "a raw lone surrogate": b'{"place": "\xed\xa0\x80"}',
    "a key twice": b'{"place": "a", "place": "b"}',
    "a key twice inside": b'{"place": "a", "lines": [{"item": "a", "item": "b", "qty": "1"}]}',
    "no UTF-8": b'{"place": "\xff"}',
    "objects nested too deep": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "lists nested too deep": b'{"a":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "an endless opening": b"[" * DEEP,
    "an integer beyond 64 bits": b'{"place": 99999999999999999999}',
    "an integer of five thousand digits": b'{"place": ' + b"9" * 5000 + b"}",
    "nothing": b"",
    "a list": b"[]",
    "a string": b'"x"',
    "null": b"null",
    "half an object": b'{"place": ',
    "two objects": b"{}{}",
    "a zero byte": b"\x00",
    "a byte order mark": b"\xef\xbb\xbf{}",
}


def spoilt(name: str) -> dict[str, tuple[Any, int]]:
    """Good bodies with one thing wrong, and the status for it."""
    good = GOOD[name]
    first = next(iter(good))
    cases = {
        "an unknown field": (good | {"nonsense": 1}, 400),
        **(
            {}
            if name in ("entries/redact", "needs/renew")
            else {"a missing field": ({k: v for k, v in good.items() if k != first}, 400)}
        ),
        "a number for a text": (good | {first: 5}, 400),
        "a list for a text": (good | {first: []}, 400),
    }
    if name in ("receipts", "distributions", "losses", "counts", "dispatches", "arrivals", "moves", "needs", "pledges"):
        cases |= {
            "a place that isn't": (good | {"place": "Atlantis"}, 422),
            "an item that isn't": (good | {"lines": [{"item": "unobtainium", "qty": "1"}]}, 422),
            "a quantity as a number": (good | {"lines": [{"item": "Blanket", "qty": 2}]}, 400),
            "four decimal places": (good | {"lines": [{"item": "Blanket", "qty": "1.0001"}]}, 400),
            "a quantity beyond all bounds": (good | {"lines": [{"item": "Blanket", "qty": "9" * 16}]}, 422),
            "less than nothing": (good | {"lines": [{"item": "Blanket", "qty": "-1"}]}, 422),
            "no lines": (good | {"lines": []}, 422),
            "a time that isn't": (good | {"at": "yesterday"}, 400),
            "a note without end": (good | {"note": "x" * 100_000}, 422),
        }
    if name.startswith("kits/"):
        cases["a place that isn't"] = (good | {"place": "Atlantis"}, 422)
        cases["half a kit"] = (good | {"qty": "1.5"}, 422)
        cases["a word for a number"] = (good | {"qty": "few"}, 400)
    if name == "needs":
        cases["an urgency that isn't"] = (good | {"urgency": "panic"}, 422)
    if name == "pledges":
        cases["a need that isn't"] = (good | {"need": "ab" * 32}, 422)
    if name in ("needs", "pledges", "needs/renew"):
        cases["over before it begins"] = (good | {"until": "2001-01-01T00:00Z"}, 422)
    if name == "write-offs":
        del cases["a missing field"]  # it needs none
        cases["a place that isn't"] = (good | {"place": "Atlantis"}, 422)
    if name == "repacks":
        cases["nothing came of it"] = (good | {"out": []}, 422)
        cases["a day that isn't"] = (good | {"out": [LINE | {"expiry": "soon"}]}, 400)
    if name == "distributions":
        cases["less than nobody"] = (good | {"people": -1}, 422)
    if name in ("dispatches", "moves"):
        cases["from a place to itself"] = (good | {"to": "harvey hub"}, 422)
    if name == "arrivals":
        cases["a dispatch that isn't"] = (good | {"dispatch": "K3MQ7ZPA"}, 422)
        cases["a waybill that isn't"] = (good | {"dispatch": "BL1:AAAA"}, 400)
    if name == "same-as":
        cases["an item that isn't"] = (good | {"id": "unobtainium"}, 422)
        cases["the same as itself"] = (good | {"same": "blanket"}, 422)
    if name == "keeps":
        cases["a place that isn't"] = (good | {"place": "Atlantis"}, 422)
        cases["less than nothing"] = (good | {"minimum": "-1"}, 422)
    if name == "imports":
        empty, off = (base64.b64encode(raw).decode() for raw in (b"", b"place,item,qty\nHarvey Hub,Blanket,lots\n"))
        cases["no base64"] = (good | {"data": "no base64!"}, 400)
        cases["an empty file"] = (good | {"data": empty}, 400)
        cases["a row that can't be read"] = (good | {"data": off}, 422)
        cases["only tried, and off"] = (good | {"data": off, "dry_run": True}, 422)
        cases["neither CSV nor XLSX"] = (good | {"name": "list.pdf"}, 415)
        cases["a kind that isn't"] = (good | {"kind": "wishes"}, 422)
        cases["a column that isn't"] = (good | {"mapping": {"item": "Article"}}, 400)
    if name == "templates":
        cases["two at once"] = (good | {"name": "storm"}, 400)
        cases["a name that isn't"] = ({"name": "parade"}, 422)
        cases["an item without a unit"] = ({"template": {"name": "x", "items": [{"name": "Rope"}]}}, 400)
        cases["a kit of what isn't"] = (
            {"template": {"name": "x", "items": [{"name": "Rope", "unit": "m", "kit": {"unobtainium": "1"}}]}},
            422,
        )
        cases["a kind that isn't"] = ({"template": {"name": "x", "places": [{"name": "a", "kind": "castle"}]}}, 422)
        cases["only tried, and off"] = (
            {"template": {"name": "x", "items": [{"name": "Rope", "unit": ""}]}, "dry_run": True},
            400,
        )
    if name == "losses":
        cases["a reason that isn't"] = (good | {"reason": "magic"}, 422)
    if name == "places":
        cases["a kind that isn't"] = (good | {"kind": "castle"}, 422)
        cases["beyond the pole"] = (good | {"lat": "91", "lon": "0"}, 422)
    return cases


@pytest.fixture(autouse=True)
def van(node: Node) -> None:
    """A second place, a kit, a waybill, a need, and last an entry with words to undo, correct or redact."""
    record.add_place(node, PlaceIn(name="The Van", kind="vehicle"))
    record.add_item(node, ItemIn(name="Bed", unit="kit", kit=[KitLineIn(item="Blanket", qty="2")]))
    sent = moving.dispatch(node, DispatchIn(place="Harvey Hub", to="The Van", lines=[LineIn(**LINE)]))
    GOOD["waybills"]["text"] = papers.text_of(node, sent.entry)
    needing.add(node, NeedIn(place="The Van", lines=[LineIn(**LINE)]))
    lines = [ReceiptLineIn(item="Blanket", qty="5")]
    record.receive(node, ReceiptIn(place="Harvey Hub", lines=lines, note="left at the gate"))


SPOILT = [(name, case) for name in GOOD for case in spoilt(name)]


def address(name: str, node: Node) -> str:
    """Where a body goes; some addresses name the entry or the need that it is about."""
    entries = node.log.latest(10_000)
    need = next(entry.id.hex() for entry in entries if isinstance(entry.fact, Need))
    receipts = sorted(
        (entry for entry in entries if isinstance(entry.fact, Receipt)), key=lambda one: not one.fact.note
    )
    noted = receipts[0].id.hex()
    return (
        name.replace("entries/", f"entries/{noted}/").replace("needs/", f"needs/{need}/").replace("kits/", "kits/Bed/")
    )


def check_refused(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    told = json.loads(answer.text)
    assert told["status"] == status
    assert told["title"] and told["detail"]
    for leak in ("Traceback", 'File "', "/node/", "msgspec", "sqlite"):
        assert leak not in answer.text
    return told


def test_every_address_that_records_has_a_good_body_here() -> None:
    assert {re.sub(r"{\w+}/", "", name) for name in WRITES} == set(GOOD)


@pytest.mark.parametrize("name", GOOD)
def test_the_good_bodies_are_good(api: Api, node: Node, name: str) -> None:
    answer = api.post(address(name, node), GOOD[name])
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("kind", RAW)
@pytest.mark.parametrize("name", GOOD)
def test_bytes_that_are_no_strict_json_are_malformed(api: Api, node: Node, name: str, kind: str) -> None:
    before = node.digest()
    check_refused(api.post_raw(address(name, node), RAW[kind]), 400)
    assert node.digest() == before


@pytest.mark.parametrize("name, case", SPOILT)
def test_a_body_with_one_thing_wrong_is_refused_and_says_what(api: Api, node: Node, name: str, case: str) -> None:
    body, status = spoilt(name)[case]
    before = node.digest()
    told = check_refused(api.post(address(name, node), body), status)
    assert told.get("errors"), told
    assert node.digest() == before


@pytest.mark.parametrize("name", GOOD)
def test_a_body_that_is_too_large_is_refused(api: Api, node: Node, name: str) -> None:
    before = node.digest()
    check_refused(api.post_raw(address(name, node), b'{"place": "' + b"x" * BODY_BYTES_MAX + b'"}'), 413)
    assert node.digest() == before


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
@pytest.mark.parametrize("name", GOOD)
def test_another_media_type_is_not_supported(api: Api, node: Node, name: str, kind: str) -> None:
    before = node.digest()
    check_refused(api.post_raw(address(name, node), json.dumps(GOOD[name]).encode(), Content_Type=kind), 415)
    assert node.digest() == before


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("name", GOOD)
def test_another_method_is_not_allowed(api: Api, node: Node, name: str, method: str) -> None:
    before = node.digest()
    answer = api.client.open(f"/api/v1/{address(name, node)}", method=method, headers=api.headers)
    check_refused(answer, 405)
    assert "POST" in answer.headers["Allow"]
    assert node.digest() == before


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}])
@pytest.mark.parametrize("name", GOOD)
def test_a_stranger_records_nothing(api: Api, node: Node, name: str, header: dict[str, str]) -> None:
    before = node.digest()
    answer = api.client.post(f"/api/v1/{address(name, node)}", json=GOOD[name], headers=header)
    check_refused(answer, 401)
    assert "Bearer" in answer.headers["WWW-Authenticate"]
    assert node.digest() == before


def test_an_address_that_is_not_there_is_not_found(api: Api) -> None:
    for path in ("despatches", "wishes", "entries/zz/nothing", ""):
        check_refused(api.post(path, {}), 404)


def test_a_full_disk_is_told_and_nothing_is_recorded(api: Api, node: Node) -> None:
    before, pages = node.digest(), node.db.execute_sql("PRAGMA page_count").fetchone()[0]
    node.db.execute_sql(f"PRAGMA max_page_count = {pages}")
    note = {"place": "Harvey Hub", "lines": [LINE], "note": "x" * 3900}
    statuses = [api.post("receipts", note).status_code for _ in range(40)]
    assert 507 in statuses
    assert set(statuses) <= {201, 507}
    node.db.execute_sql("PRAGMA max_page_count = 1073741823")
    assert api.post("receipts", note).status_code == 201
    assert node.log.verify() == []
    assert node.digest() != before


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    ["place", "lines", "at", "note", "item", "qty", "name", "unit", "kind", "why", "codes", "packs"]
)
CALM = settings(
    max_examples=60,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@given(name=st.sampled_from(sorted(GOOD)), body=st.dictionaries(FIELDS, JSON, max_size=5))
@CALM
def test_no_body_brings_the_server_down(api: Api, node: Node, name: str, body: dict[str, Any]) -> None:
    data = json.dumps(body).encode("utf-8", "surrogatepass")
    assert api.post_raw(address(name, node), data).status_code < 500


@given(name=st.sampled_from(sorted(GOOD)), data=st.binary(max_size=200))
@CALM
def test_no_bytes_bring_the_server_down(api: Api, node: Node, name: str, data: bytes) -> None:
    check_refused(api.post_raw(address(name, node), data), 400)
