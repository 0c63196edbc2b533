"""The page that takes in a team's own spreadsheet: looked at first, then recorded as a whole, once."""

import io
import re
from html import unescape
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient

from node import queries
from node.bootstrap import Node
from node.web import importing
from tests.node.test_web import hidden

ORIGIN = {"Origin": "http://localhost"}
GOOD = (
    b"place,item,unit,qty,unit value,currency,colour\n"
    b"Harvey Hub,Blanket,piece,30,2.50,USD,red\nNew School,Tarp,piece,12,,,blue\n"
)


def look(client: FlaskClient, raw: bytes, name: str = "list.csv", **more: str) -> Any:
    fields = hidden(client, "/import") | {"file": (io.BytesIO(raw), name)} | more
    return client.post("/import", data=fields, headers=ORIGIN, content_type="multipart/form-data")


def record_it(client: FlaskClient, page: str, **more: str) -> Any:
    names = "form_token|key|data|name|kind|again"
    form = page[page.index('action="/import/record"') :].partition("</form>")[0]
    fields = {k: unescape(v) for k, v in re.findall(rf'name="({names})" value="([^"]*)"', form)} | more
    return client.post("/import/record", data=fields, headers=ORIGIN, content_type="multipart/form-data")


def qtys(node: Node) -> dict[tuple[str, str], str]:
    return {(row["place_name"], row["item_name"]): row["qty"] for row in queries.stock(node)}


def test_a_list_is_looked_at_and_then_recorded_once(client: FlaskClient, node: Node):
    before = node.digest()
    page = look(client, GOOD).text
    assert "list.csv can be read" in page and "Tarp (piece)" in page and "New School" in page
    assert "Worth 75.00 USD" in page and "Columns left aside: colour" in page
    assert node.digest() == before
    for _ in range(2):  # a double tap
        answer = record_it(client, page)
        assert answer.status_code == 200 and "2 rows in 4 entries" in answer.text
    assert qtys(node)["Harvey Hub", "Blanket"] == "150" and qtys(node)["New School", "Tarp"] == "12"


def test_what_was_imported_before_is_told_and_recorded_again_only_if_somebody_says_so(client: FlaskClient, node: Node):
    first = look(client, GOOD).text
    record_it(client, first)
    page = look(client, GOOD).text
    assert "would double its stock" in page and "They came a second time" in page
    refused = record_it(client, look(client, GOOD).text, again="0")
    assert refused.status_code == 422 and "double" in refused.text
    assert qtys(node)["Harvey Hub", "Blanket"] == "150"
    assert record_it(client, page).status_code == 200
    assert qtys(node)["Harvey Hub", "Blanket"] == "180"


def test_a_workbook_is_taken_too(client: FlaskClient, node: Node):
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in (["Place", "Item", "Unit", "Quantity"], ["Harvey Hub", "Blanket", "piece", 7]):
        book.active.append(row)  # type: ignore[union-attr]
    book.save(out)
    record_it(client, look(client, out.getvalue(), "list.xlsx").text)
    assert qtys(node)["Harvey Hub", "Blanket"] == "127"


def test_places_are_listed_if_somebody_says_that_they_are(client: FlaskClient, node: Node):
    page = look(client, b"name,kind\nNorth gym,site\n", kind="places").text
    assert "As places: 1 row" in page
    record_it(client, page)
    assert "North gym" in [row["name"] for row in queries.places(node)]


def test_lines_that_cannot_be_read_are_named_and_nothing_is_recorded(client: FlaskClient, node: Node):
    before = node.digest()
    answer = look(client, GOOD + b"Harvey Hub,Blanket,piece,lots,,,\nHarvey Hub,,piece,3,,,\n")
    assert answer.status_code == 422 and "2 problems" in answer.text
    assert "Line 4, qty" in answer.text and "Line 5, item" in answer.text
    assert "Record all of it" not in answer.text and node.digest() == before


@pytest.mark.parametrize(
    ("raw", "name", "said"),
    [
        (b"", "list.csv", "is empty"),
        (b"PK\x03\x04junk", "list.xlsx", "no workbook that can be read"),
        (b"%PDF-1.7", "list.pdf", "neither CSV nor XLSX"),
        (b"\x00\x01\x02", "list.csv", "not a text file"),
        (b"colour,size\nred,3\n", "list.csv", ""),
        (b"place,item,qty\n" + b"a,b,1\n" * 10_001, "list.csv", "more than 10,000 rows"),
        (b"x" * (importing.FILE_BYTES_MAX + 1), "list.csv", "larger than 2 MB"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_file_that_cannot_be_read_is_told_in_a_sentence(
    client: FlaskClient, node: Node, raw: bytes, name: str, said: str
):
    before = node.digest()
    answer = look(client, raw, name)
    assert answer.status_code == 422 and said in unescape(answer.text) and 'role="alert"' in answer.text
    assert node.digest() == before


def test_a_file_of_any_size_gets_an_answer_and_none_is_asked_for(client: FlaskClient, node: Node):
    before = node.digest()
    assert look(client, b"x" * 5_000_000).status_code == 413
    fields = hidden(client, "/import")
    assert "No file was chosen" in client.post("/import", data=fields, headers=ORIGIN).text
    assert node.digest() == before


@pytest.mark.parametrize("data", ["", "no base64!", "AAAA", "x" * 9999])
def test_what_comes_broken_records_nothing(client: FlaskClient, node: Node, data: str):
    page = look(client, GOOD).text
    before = node.digest()
    answer = record_it(client, page, data=data)
    assert 400 <= answer.status_code < 500 and node.digest() == before


def test_what_went_wrong_since_it_was_looked_at_records_nothing(client: FlaskClient, node: Node):
    page = look(client, GOOD).text
    before = node.digest()
    answer = record_it(client, page, kind="kits")
    assert answer.status_code == 422 and node.digest() == before
    assert record_it(client, page, name="list.pdf").status_code in (415, 422)
    assert node.digest() == before


def test_it_is_reached_from_where_goods_are_received_and_from_the_help(client: FlaskClient):
    for path in ("/record/receive", "/about"):
        assert 'href="/import"' in client.get(path).text, path
