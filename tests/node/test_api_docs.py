"""docs/http-api.md names every address with its parameters and fields, and its examples are good bodies."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node import openapi, record
from node.api.endpoints import CHECKS, FILES, READS, WRITES, Read, Write
from node.bootstrap import Node
from node.requests import PlaceIn
from tests.node.conftest import Api

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "http-api.md").read_text("utf-8")


def row_of(name: str, address: Read | Write) -> str:
    """The row that the page has to have for an address."""
    if isinstance(address, Read):
        given = [f"`{one}`" + ("" if one in address.required else "?") for one in address.params]
        return f"| `GET {name}` | {', '.join(given) or '–'} | {address.summary} |"
    fields = [one.encode_name + ("" if one.required else "?") for one in msgspec.structs.fields(address.body)]
    return f"| `POST {name}` | `{', '.join(fields)}` | {address.summary} |"


ROWS = [
    *(row_of(name, one) for table in (READS, WRITES) for name, one in table.items()),
    *(f"| `GET {name}` | – | {summary} |" for name, (summary, _) in FILES.items()),
    *(f"| `POST {name}` | the file | {one.summary} |" for name, one in CHECKS.items()),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("`")[1])
def test_every_address_has_its_row(row: str):
    assert row in PAGE.splitlines(), f"docs/http-api.md needs this row: {row}"


def test_no_row_is_of_an_address_that_is_not_there():
    paths = json.loads(openapi.document())["paths"]
    described = {(method.upper(), path.strip("/")) for path, item in paths.items() for method in item}
    rows = set(re.findall(r"^\| `(GET|POST) ([^`]+)`", PAGE, re.MULTILINE))
    assert rows and rows <= described


def example(key: str) -> Any:
    """The example that has a key."""
    found = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
    return next(one for one in found if key in one)


def test_the_examples_are_good_bodies(api: Api, node: Node):
    record.add_place(node, PlaceIn(name="North depot", kind="warehouse"))
    kept = api.post("keeps", example("minimum"))
    assert kept.status_code == 201, kept.text
    tried = api.post("templates", example("template"))
    assert tried.status_code == 200, tried.text
    assert tried.json["items"] == ["Bulb 1157", "Rear set"]
    assert tried.json["minimums"] == ["Bulb 1157 at Clinic van: at least 40"]
