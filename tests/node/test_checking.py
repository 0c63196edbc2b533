"""Files that are handed in to be checked, and signed statements handed out, by the API and the pages."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from node.bootstrap import Node
from node.reporting import checking, signed
from tests.node.conftest import Api
from tests.node.test_web import send

SAID = ("same", "covers", "difference")


def posted(api: Api, path: str, content: bytes, **more: str) -> Any:
    return api.client.post(f"/api/v1/{path}", data=content, headers=api.headers | more)


def given(client: FlaskClient, content: bytes, name: str = "file.csv") -> Any:
    """The page's answer to a file."""
    return send(client, "/reports/check", {"file": (io.BytesIO(content), name)})


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """The same ZIP with one part replaced."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.namelist():
            new.writestr(each, part if each == name else old.read(each))
    return made.getvalue()


@pytest.fixture
def statement(api: Api) -> bytes:
    """What the API gives as a signed statement."""
    answer = api.get("statement")
    assert answer.status_code == 200 and answer.content_type == "application/zip"
    return bytes(answer.data)


@pytest.fixture
def report(api: Api) -> bytes:
    """The balance as CSV."""
    return bytes(api.get("reports/balance?format=csv").data)


def test_the_statement_of_the_api_is_the_one_of_the_command_line(statement: bytes, node: Node, client: FlaskClient):
    out = io.BytesIO()
    signed.write(node, out)
    assert statement == out.getvalue()
    with zipfile.ZipFile(io.BytesIO(statement)) as file:
        assert {"statement.json", "signature.txt", "entries.jsonl", "verify.py"} <= set(file.namelist())
    assert 'href="/api/v1/statement"' in client.get("/reports").text
    assert client.get("/api/v1/statement").status_code == 200, "by the browser's own login"


def test_a_statement_that_holds(api: Api, client: FlaskClient, statement: bytes):
    told = posted(api, "statement/verify", statement).json
    assert (told["ok"], told["team"]) == (True, "Gulf Coast Mutual Aid") and told["entries"] > 3
    page = given(client, statement, "november.zip").text
    assert "Yes: all of it holds." in page and "november.zip" in page and "every signature holds" in page


def test_a_statement_that_does_not_hold_is_told_with_what_is_wrong(api: Api, client: FlaskClient, statement: bytes):
    forged = with_part(statement, "signature.txt", b"00" * 64)
    told = posted(api, "statement/verify", forged).json
    assert (told["ok"], told["signer"]) == (False, None) and "isn't as its signer signed it" in told["says"][0]
    assert "No: This statement doesn&#39;t hold." in given(client, forged).text


def test_a_report_that_is_true_and_one_that_is_not(api: Api, client: FlaskClient, report: bytes):
    told = posted(api, "reports/verify", report).json
    assert [told[name] for name in SAID] == [True, True, None] and told["says"][0].startswith("Yes")
    assert "Yes: each figure of this report (balance)" in given(client, report).text
    wrong = report.replace(b",120,", b",121,", 1)
    told = posted(api, "reports/verify", wrong).json
    assert told["same"] is False
    assert told["difference"] == {"line": 2, "column": "received", "file": "121", "books": "120"}
    page = given(client, wrong).text
    assert "No: in line 2, received, it says &#39;121&#39;; the entries come to &#39;120&#39;." in page


NESTED = b'{"columns":' + b"[" * 100_000
STRANGE: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda good: b"",
    "noise": lambda good: bytes(range(256)) * 20,
    "a list": lambda good: b"[]",
    "nested without end": lambda good: NESTED,
    "half a statement": lambda good: good[: len(good) // 2],
    "a statement of nested lists": lambda good: with_part(good, "entries.jsonl", b"[" * 100_000),
    "a statement that is no object": lambda good: with_part(good, "statement.json", b"[]"),
    "a part that is missing": lambda good: with_part(good, "entries.jsonl", b""),
}


@pytest.mark.parametrize("what", STRANGE)
def test_a_file_that_is_neither_is_told_in_words_and_changes_nothing(
    api: Api, client: FlaskClient, node: Node, statement: bytes, what: str
):
    before, content = node.digest(), STRANGE[what](statement)
    for path in ("reports/verify", "statement/verify"):
        answer = posted(api, path, content)
        assert answer.status_code in (200, 400) and "Traceback" not in answer.text
        assert answer.status_code == 400 or answer.json["says"][0].startswith("No: ")
    page = given(client, content)
    assert page.status_code in (200, 400) and ("No: " in page.text or "no report that can be checked" in page.text)
    assert node.digest() == before


def test_no_file_is_said_to_be_missing(client: FlaskClient):
    answer = given(client, b"", "")
    assert answer.status_code == 422 and "No file was chosen" in answer.text


def test_a_file_is_bounded_as_it_comes_and_when_it_is_unpacked(
    api: Api, client: FlaskClient, statement: bytes, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(checking, "INFLATED_BYTES_MAX", 1000)
    answer = posted(api, "statement/verify", statement)
    assert answer.status_code == 413 and "command line" in answer.json["detail"]
    assert given(client, statement).status_code == 413
    monkeypatch.setattr(checking, "FILE_BYTES_MAX", 100)
    for path in ("reports/verify", "statement/verify"):
        assert posted(api, path, statement).status_code == 413
    too_large = given(client, b"x" * (17 * 1024 * 1024))
    assert too_large.status_code == 413 and "Traceback" not in too_large.text


def test_a_stranger_and_another_site_get_nothing(client: FlaskClient, api: Api, report: bytes):
    afar = {"REMOTE_ADDR": "10.0.0.9"}
    for method, path in (("get", "statement"), ("post", "reports/verify"), ("post", "statement/verify")):
        assert getattr(client, method)(f"/api/v1/{path}", environ_base=afar).status_code == 401
    client.get("/reports")
    assert client.post("/api/v1/reports/verify", data=report).status_code == 403, "a browser without the form's token"


def test_what_is_handed_in_and_out_is_described(api: Api):
    paths = json.loads(api.get("openapi.json").data)["paths"]
    assert "application/zip" in paths["/statement"]["get"]["responses"]["200"]["content"]
    for name in ("/reports/verify", "/statement/verify"):
        assert "application/octet-stream" in paths[name]["post"]["requestBody"]["content"]
        assert {"200", "413"} <= set(paths[name]["post"]["responses"])
