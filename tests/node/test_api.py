"""The API does what its description says: records, reads in pages, recognises callers, and answers twice with one."""

import json
import re
import shutil
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from node import queries, record, tokens
from node.access import LOGINS_BURST
from node.api.endpoints import CHECKS, FILES, READS, WRITES
from node.bootstrap import Node
from node.hosting import Serving
from node.requests import ItemIn, PlaceIn
from node.server import serve
from tests.node.conftest import Api, Clock

DAY_MS = 24 * 3600 * 1000
DROP = {"place": "harvey hub", "lines": [{"item": "blanket", "qty": "2bale"}], "people": 31}


@pytest.fixture
def serving(node: Node) -> Iterator[Serving]:
    """The node behind real sockets."""
    serving = serve(node)
    yield serving
    serving.stop()


def on_hand(node: Node, item: str = "Blanket") -> str:
    return str(queries.stock(node, item=item)[0]["qty"])


# recording


def test_a_drop_is_recorded_and_leaves_the_stock(api: Api, node: Node):
    answer = api.post("distributions", DROP)
    assert answer.status_code == 201
    assert record.find_entry(node, answer.json["entry"]).fact.people == 31
    assert on_hand(node) == "60"


def test_a_receipt_brings_stock_with_its_lot(api: Api, node: Node):
    lines = [{"item": "Insulin", "qty": "10", "lot": "L7", "expiry": "2026-12-31"}]
    assert api.post("receipts", {"place": "Harvey Hub", "lines": lines, "source": "clinic"}).status_code == 201
    lots = {row["lot"]: row["qty"] for row in api.get("stock?item=insulin&lots=1").json}
    assert lots["L7"] == "10"
    assert on_hand(node, "Insulin") == "50"


def test_a_loss_leaves_the_stock(api: Api, node: Node):
    body = {"place": "Harvey Hub", "lines": [{"item": "blanket", "qty": "5"}], "reason": "damaged"}
    assert api.post("losses", body).status_code == 201
    assert on_hand(node) == "115"


def test_a_count_answers_with_what_differed(api: Api, node: Node):
    answer = api.post("counts", {"place": "Harvey Hub", "lines": [{"item": "blanket", "qty": "0"}]})
    (variance,) = answer.json["variance"]
    assert (answer.status_code, variance["expected"], variance["counted"]) == (201, "120", "0")
    assert on_hand(node) == "0"


def test_more_may_go_out_than_the_books_know_of(api: Api, node: Node):
    body = {"place": "Harvey Hub", "lines": [{"item": "blanket", "qty": "500"}]}
    assert api.post("distributions", body).status_code == 201
    assert on_hand(node) == "-380"


def test_an_undone_drop_is_back_in_the_stock(api: Api, node: Node):
    drop = api.post("distributions", DROP).json["entry"]
    answer = api.post(f"entries/{drop}/void", {"why": "wrong place"})
    assert answer.status_code == 201
    assert answer.json["entry"] != drop
    assert on_hand(node) == "120"
    rows = {row["entry"]: row for row in api.get("entries").json}
    assert rows[drop]["void"]["why"] == "wrong place"


def test_undoing_twice_is_a_conflict_and_an_unknown_entry_is_not_found(api: Api):
    drop = api.post("distributions", DROP).json["entry"]
    api.post(f"entries/{drop}/void", {"why": "wrong place"})
    assert api.post(f"entries/{drop}/void", {"why": "again"}).status_code == 409
    assert api.post(f"entries/{'0' * 64}/void", {"why": "no such"}).status_code == 404


def test_new_items_and_places_answer_with_their_ids(api: Api):
    item = api.post("items", {"name": "Tarp", "unit": "piece", "codes": {"ifrc": "HSHETARPW406"}}).json
    place = api.post("places", {"name": "Gym", "kind": "site", "lat": "30", "lon": "-90"}).json
    assert re.fullmatch("[0-9a-f]{64}", item["entry"])
    assert re.fullmatch("[0-9a-f]{64}", place["entry"])
    assert item["item"] in [row["item"] for row in api.get("items?like=tarp").json]
    assert place["place"] in [row["place"] for row in api.get("places").json]


def test_an_item_that_is_there_already_is_answered_with_its_id_and_no_entry(api: Api):
    body = {"name": "Tarp", "unit": "piece"}
    first, second = api.post("items", body).json, api.post("items", body).json
    assert (second["item"], second["entry"]) == (first["item"], None)


# reading


def test_stock_and_nearby_have_the_fields_of_the_command_line(api: Api):
    (insulin,) = api.get("stock?item=insulin&place=harvey%20hub").json
    names = ["place", "place_name", "team", "item", "item_name", "unit", "qty", "lot", "expiry", "as_of", "heard"]
    assert set(names) <= set(insulin)
    (near,) = api.get("nearby?item=insulin&lat=30&lon=-90&within=50").json
    assert {"place", "place_name", "team", "distance_km", "qty", "unit", "as_of", "heard"} <= set(near)
    assert api.get("nearby?item=insulin&lat=30&lon=-90&within=1").json == []


def test_digest_peers_and_entries_answer(api: Api, node: Node):
    assert api.get("digest").json == node.digest()
    assert api.get("peers").json == []
    assert api.get("entries?own=1").json[0]["type"] in ("receipt", "place", "item", "team")


@pytest.mark.parametrize("path", ["stock", "items", "places", "entries"])
def test_following_the_links_gives_every_row_once(api: Api, node: Node, path: str):
    for name in ("Able", "baker", "Charlie", "Dog"):
        record.add_place(node, PlaceIn(name=name, kind="site"))
        record.add_item(node, ItemIn(name=name, unit="box"))
    whole, rows, url = api.get(path).json, [], f"{path}?limit=2"
    for _ in range(50):
        answer = api.get(url)
        assert len(answer.json) <= 2
        rows += answer.json
        link = answer.headers.get("Link")
        if link is None:
            break
        url = re.fullmatch(r'</api/v1/(.*)>; rel="next"', link)[1]  # type: ignore[index]
    assert len(whole) >= 2
    assert rows == whole


def test_a_page_that_the_caller_has_is_not_sent_again_until_something_changes(api: Api):
    etag = api.get("stock").headers["ETag"]
    again = api.get("stock", If_None_Match=etag)
    assert (again.status_code, again.data) == (304, b"")
    api.post("distributions", DROP)
    assert api.get("stock", If_None_Match=etag).status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("stock?plac=hub", 400, "plac"),
        ("stock?lots=maybe", 400, "lots"),
        ("stock?limit=0", 422, "limit"),
        ("stock?limit=ten", 400, "limit"),
        ("stock?limit=1&limit=2", 400, "limit"),
        ("stock?after=nonsense", 400, "after"),
        ("places?after=WyJhIl0", 400, "after"),
        ("items?after=nothing", 400, "after"),
        ("nearby?lat=1&lon=2", 400, "item"),
        ("nearby?item=insulin&lat=91&lon=2", 422, "lat"),
        ("nearby?item=insulin&lat=NaN&lon=2", 422, "lat"),
        ("nearby?item=insulin&lat=north&lon=2", 400, "lat"),
        ("nearby?item=insulin&lat=1&lon=2&within=Infinity", 422, "within"),
        ("nearby?item=insulin&lat=1&lon=2&within=far", 400, "within"),
    ],
)
def test_a_query_that_is_off_names_the_parameter(api: Api, query: str, status: int, field: str):
    answer = api.get(query)
    assert answer.status_code == status
    assert field in answer.json["errors"]


MISSING = ["stock?place=nowhere", "nearby?item=unobtainium&lat=1&lon=2", "entries?after=00000000"]


@pytest.mark.parametrize("query", MISSING)
def test_a_query_for_what_is_not_there_is_not_found(api: Api, query: str):
    assert api.get(query).status_code == 404


# who is asking


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer nonsense", "Basic dXNlcjpwYXNz", "Bearer \xe9\xe9"])
def test_without_a_good_token_nothing_is_told(client: FlaskClient, header: str | None):
    answer = client.get("/api/v1/stock", headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.content_type == "application/problem+json"


def test_a_revoked_token_opens_nothing_any_more(api: Api, node: Node):
    assert api.get("stock").status_code == 200
    tokens.revoke(node, "test phone")
    assert api.get("stock").status_code == 401


def test_the_operators_browser_reads_by_its_cookie_but_writes_only_with_a_page_of_ours(client: FlaskClient, node: Node):
    assert client.get("/api/v1/stock").status_code == 401
    page = client.get("/record/drop").get_data(as_text=True)
    assert client.get("/api/v1/stock").status_code == 200
    before = node.digest()
    assert client.post("/api/v1/distributions", json=DROP).status_code == 403
    assert node.digest() == before
    form_token = re.search('name="form_token" value="([^"]+)"', page)[1]  # type: ignore[index]
    headers = {"X-Form-Token": form_token}
    assert client.post("/api/v1/distributions", json=DROP, headers=headers).status_code == 201
    headers["Origin"] = "http://evil.example"
    assert client.post("/api/v1/distributions", json=DROP, headers=headers).status_code == 403


def test_the_operators_cookie_is_worth_nothing_from_another_machine(client: FlaskClient):
    client.get("/")
    answer = client.get("/api/v1/stock", environ_base={"REMOTE_ADDR": "192.168.1.66"})
    assert answer.status_code == 401


def test_guessing_tokens_is_slowed_down_and_a_good_one_works_again_later(
    client: FlaskClient, api: Api, clock: Clock, caplog: pytest.LogCaptureFixture
):
    wrong = Api(client, "bl_wrong")
    answers = [wrong.get("stock") for _ in range(LOGINS_BURST + 1)]
    assert [answer.status_code for answer in answers] == [401] * LOGINS_BURST + [429]
    seconds = int(answers[-1].headers["Retry-After"])
    assert seconds >= 1
    clock.ms += seconds * 1000
    assert api.get("stock").status_code == 200
    assert "bl_wrong" not in caplog.text


def test_token_names_are_unique_and_only_hashes_are_kept(node: Node, token: str):
    with pytest.raises(Exception, match="already"):
        tokens.create(node, "test phone")
    kept = node.db.execute_sql("SELECT * FROM api_token").fetchall()
    assert token not in repr(kept)
    assert [row["name"] for row in tokens.rows(node)] == ["test phone"]


# the same request twice


def test_the_same_key_and_body_record_once_and_are_answered_alike(api: Api, node: Node):
    first = api.post("distributions", DROP, Idempotency_Key="k1")
    digest = node.digest()
    again = api.post("distributions", DROP, Idempotency_Key="k1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json == first.json
    assert node.digest() == digest


def test_the_same_key_for_another_body_is_a_conflict(api: Api, node: Node):
    api.post("distributions", DROP, Idempotency_Key="k1")
    digest = node.digest()
    assert api.post("distributions", DROP | {"people": 32}, Idempotency_Key="k1").status_code == 409
    assert api.post("counts", {"place": "harvey hub", "lines": []}, Idempotency_Key="k1").status_code == 409
    assert node.digest() == digest


def test_a_key_is_another_callers_own_affair(api: Api, node: Node, client: FlaskClient):
    api.post("distributions", DROP, Idempotency_Key="k1")
    other = Api(client, tokens.create(node, "other phone"))
    assert other.post("distributions", DROP | {"people": 1}, Idempotency_Key="k1").status_code == 201


def test_a_refused_request_may_be_mended_under_the_same_key(api: Api):
    assert api.post("distributions", DROP | {"people": -1}, Idempotency_Key="k1").status_code == 422
    assert api.post("distributions", DROP, Idempotency_Key="k1").status_code == 201


def test_answers_are_forgotten_after_two_weeks(api: Api, clock: Clock):
    api.post("distributions", DROP, Idempotency_Key="k1")
    clock.ms += 13 * DAY_MS
    assert api.post("distributions", DROP, Idempotency_Key="k1").status_code == 200
    clock.ms += 2 * DAY_MS
    assert api.post("distributions", DROP, Idempotency_Key="k1").status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 201, "tab\tinside", "größe"])
def test_a_key_that_is_no_key_is_malformed(api: Api, key: str):
    assert api.post("distributions", DROP, Idempotency_Key=key).status_code == 400


def test_many_at_once_with_one_key_record_once(serving: Serving, token: str, node: Node):
    def post(_: int) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "one"}
        answer = requests.post(f"{serving.url}api/v1/distributions", json=DROP, headers=headers, timeout=30)
        return answer.status_code, answer.json()["entry"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(16)))
    assert sorted(status for status, _ in answers) == [200] * 15 + [201]
    assert len({entry for _, entry in answers}) == 1
    assert on_hand(node) == "60"


def test_many_at_once_without_a_key_are_all_recorded(serving: Serving, token: str, node: Node):
    body = {"place": "harvey hub", "lines": [{"item": "blanket", "qty": "1"}]}

    def post(_: int) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.post(f"{serving.url}api/v1/distributions", json=body, headers=headers, timeout=30).status_code

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(post, range(24))) == [201] * 24
    assert on_hand(node) == "96"
    assert node.log.verify() == []


# how the node feels


def test_alive_and_ready_need_no_token_and_leave_nothing(client: FlaskClient, node: Node):
    before = node.digest()
    assert client.get("/healthz").json == {"alive": True}
    assert client.get("/readyz").json == {"ready": True}
    assert node.digest() == before
    assert node.db.execute_sql("SELECT count(*) FROM api_answer").fetchone() == (0,)


def test_a_nearly_full_disk_is_not_ready(client: FlaskClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content_type) == (507, "application/problem+json")


def test_a_full_disk_answers_507_and_leaves_the_books_as_they_were(api: Api, node: Node):
    before = node.digest()
    pages = node.db.execute_sql("PRAGMA page_count").fetchone()[0]
    node.db.execute_sql(f"PRAGMA max_page_count = {pages}")
    body = DROP | {"note": "x" * 4000}
    statuses = [api.post("distributions", body).status_code for _ in range(40)]
    assert statuses[-1] == 507
    assert set(statuses) <= {201, 507}
    node.db.execute_sql(f"PRAGMA max_page_count = {pages + 10_000}")
    assert api.post("distributions", DROP).status_code == 201
    assert node.log.verify() == []
    assert node.digest() != before


def test_a_database_that_another_program_holds_asks_to_try_again(api: Api, node: Node, monkeypatch: pytest.MonkeyPatch):
    def held(*_: Any) -> None:
        raise __import__("peewee").OperationalError("database is locked")

    monkeypatch.setattr("node.record.distribute", held)
    monkeypatch.setitem(__import__("node.api.writes", fromlist=["ACTS"]).ACTS, "distributions", held)
    answer = api.post("distributions", DROP)
    assert (answer.status_code, "Retry-After" in answer.headers) == (429, True)


def test_what_nobody_foresaw_is_logged_and_told_without_details(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def broken(*_: Any) -> None:
        raise RuntimeError("secret path /home/me")

    monkeypatch.setitem(__import__("node.api.reads", fromlist=["HANDLERS"]).HANDLERS, "stock", broken)
    answer = api.get("stock")
    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
    assert "secret" not in answer.get_data(as_text=True)
    assert "secret path" in caplog.text


# addresses


@pytest.mark.parametrize("path", ["despatches", "wishes", "promises", "nothing", ""])
def test_an_unknown_address_is_a_problem_with_404(api: Api, path: str):
    for answer in (api.get(path), api.post(path, {})):
        assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


@pytest.mark.parametrize(("method", "path", "allowed"), [("DELETE", "stock", "GET"), ("PUT", "receipts", "POST")])
def test_a_wrong_method_names_the_right_ones(api: Api, method: str, path: str, allowed: str):
    answer = api.client.open(f"/api/v1/{path}", method=method, headers=api.headers)
    assert answer.status_code == 405
    assert allowed in answer.headers["Allow"]
    assert answer.json["status"] == 405


# the description


def document(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    return dict(json.loads(answer.data))


def test_the_description_names_every_address_that_answers(client: FlaskClient):
    described = {
        (method.upper(), "/api/v1" + path) for path, item in document(client)["paths"].items() for method in item
    }
    rules = {
        (method, re.sub("<(.*?)>", r"{\1}", rule.rule))
        for rule in client.application.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1/") and not rule.rule.endswith("openapi.json")
    }
    assert described == rules
    assert len(described) == len(READS) + len(WRITES) + len(FILES) + len(CHECKS)


def test_every_reference_in_the_description_leads_somewhere(client: FlaskClient):
    whole = document(client)
    names = set(re.findall('"#/components/schemas/([^"]+)"', json.dumps(whole)))
    assert names == set(whole["components"]["schemas"])


def test_answers_are_as_described(api: Api, client: FlaskClient):
    import msgspec

    from node.api.endpoints import READS

    paths = {
        "nearby": "nearby?item=insulin&lat=30&lon=-90",
        "runs/{vehicle}": "runs/Harvey%20Hub",
        "kits/{kit}": "kits/Bed?place=Harvey%20Hub&qty=99",
        "exports/{export}": "exports/json",
        "count-sheet": "count-sheet?place=Harvey%20Hub&blind=1",
        "reports/{report}": "reports/stock",
        "templates/{template}": "templates/storm",
    }
    api.post("items", {"name": "Bed", "unit": "kit", "kit": [{"item": "Blanket", "qty": "2"}]})
    api.post("counts", {"place": "Harvey Hub", "lines": [{"item": "Insulin", "qty": "39"}]})
    need = api.post("needs", {"place": "Harvey Hub", "lines": [{"item": "Insulin", "qty": "9"}]}).json["entry"]
    api.post("pledges", {"place": "Harvey Hub", "lines": [{"item": "Insulin", "qty": "2"}], "need": need})
    api.post("places", {"name": "Van", "kind": "vehicle"})
    sent = api.post("dispatches", {"place": "Harvey Hub", "to": "Van", "lines": [{"item": "Insulin", "qty": "1"}]})
    paths["dispatches/{dispatch}/waybill"] = f"dispatches/{sent.json['entry']}/waybill"
    paths["needs/{need}/nearby"] = f"needs/{need[:12]}/nearby?within=5"
    for name, read in READS.items():
        answer = api.get(paths.get(name, name))
        kind = list[read.row] if read.many else read.row  # type: ignore[name-defined]
        assert msgspec.convert(answer.json, kind) is not None
        columns = set(read.row.__struct_encode_fields__)
        assert answer.json or name in ("peers", "alerts", "same-as", "keeps", "expiring", "transfers"), name
        for row in answer.json if read.many else [answer.json]:
            assert set(row) == columns, name


# behind real sockets


@pytest.mark.parametrize("size", [300_000, 1_000_000, 20_000_000])
def test_a_body_that_is_too_large_gets_its_answer_and_not_a_reset(serving: Serving, token: str, node: Node, size: int):
    before = node.digest()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = requests.post(f"{serving.url}api/v1/receipts", data=b" " * size, headers=headers, timeout=30)
    assert (answer.status_code, answer.headers["Content-Type"]) == (413, "application/problem+json")
    assert node.digest() == before


def test_a_chunked_body_that_is_too_large_is_refused_too(serving: Serving, token: str):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    chunks = (b" " * 10_000 for _ in range(40))
    answer = requests.post(f"{serving.url}api/v1/receipts", data=chunks, headers=headers, timeout=30)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/9.9\r\n\r\n", b"400"),
        (b"POST /api/v1/counts HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n", b"400"),
        (b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"413"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", b"413"),
        (b"POST /api/v1/counts HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: brotli\r\n\r\n", b"400"),
    ],
)
def test_what_is_not_http_is_told_so_as_a_problem(serving: Serving, sent: bytes, status: bytes):
    with socket.create_connection(serving.address, timeout=20) as connection:
        connection.sendall(sent)
        answer = connection.makefile("rb").read()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split()[1] == status
    assert b"application/problem+json" in head
    assert json.loads(body)["status"] == int(status)
    assert b"Traceback" not in answer


def test_a_caller_that_falls_silent_holds_nobody_up(serving: Serving, token: str):
    silent = [socket.create_connection(serving.address, timeout=20) for _ in range(4)]
    for connection in silent:
        connection.sendall(b"POST /api/v1/counts HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n")
    done = threading.Event()

    def ask() -> None:
        answer = requests.get(f"{serving.url}healthz", timeout=20)
        if answer.status_code == 200:
            done.set()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    for connection in silent:
        connection.close()
    assert done.is_set()
