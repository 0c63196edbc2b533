"""Reports from the API and the pages: the same bytes as from the command line, and errors that say what is off."""

import io
import json

import pytest

from node import queries
from node.bootstrap import Node
from node.reporting import exporting, registry
from node.reporting.writing import formats
from tests.node.conftest import api, client, clock, new_node, node, token  # noqa: F401
from tests.reporting_formats.tables import PLAIN


def written(node: Node, name: str, form: str, **asked: str) -> bytes:  # noqa: F811
    out = io.BytesIO()
    with queries.one_moment(node):
        formats.FORMATS[form].write(registry.document(node, name, asked), out, None)
    return out.getvalue()


@pytest.mark.parametrize("form", formats.FORMATS)
@pytest.mark.parametrize("name", PLAIN)
def test_the_api_gives_the_very_file(api, node, name, form):  # noqa: F811
    answer = api.get(f"reports/{name}?format={form}")
    assert answer.status_code == 200 and answer.data == written(node, name, form)
    assert answer.content_type == formats.FORMATS[form].media
    assert f'filename="{name}{formats.FORMATS[form].suffix}"' in answer.headers["Content-Disposition"]
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    again = api.get(f"reports/{name}?format={form}", If_None_Match=answer.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")


def test_the_list_of_the_balance_stays_as_it_is(api):  # noqa: F811
    rows = api.get("reports/balance").json
    assert isinstance(rows, list) and rows[0]["received"] == "120"


def test_what_is_asked_is_what_is_told(api, node):  # noqa: F811
    assert api.get("reports/balance?format=csv&by=place").data == written(node, "balance", "csv", by="place")
    assert api.get("reports/stock?place=&item=").data == written(node, "stock", "json")
    assert json.loads(api.get("reports/stock?item=insulin").data)["about"] == {"Item": "insulin"}


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("reports/nothing", 404, "There are: balance"),
        ("reports/stock?format=doc", 400, "no format"),
        ("reports/stock?by=place", 400, "takes no by"),
        ("reports/balance?format=csv&by=shelf", 400, "place or team"),
        ("reports/stock?shelf=1", 400, "shelf"),
        ("reports/stock?place=nowhere", 404, "nowhere"),
        ("reports/stock?people=maybe", 400, "people"),
    ],
)
def test_what_cannot_be_told_is_a_problem(api, path, status, said):  # noqa: F811
    answer = api.get(path)
    assert answer.status_code == status and answer.content_type == "application/problem+json"
    assert said in json.dumps(answer.json)


def test_a_page_to_print_may_use_its_own_style_and_nothing_else(api):  # noqa: F811
    policy = api.get("reports/stock?format=html").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script" not in policy and "unsafe" not in policy
    assert "sha256-" not in api.get("reports/stock?format=csv").headers["Content-Security-Policy"]


def test_who_is_a_stranger_gets_no_report(client):  # noqa: F811
    answer = client.get("/api/v1/reports/stock?format=csv", environ_base={"REMOTE_ADDR": "10.0.0.9"})
    assert answer.status_code == 401


def test_the_page_leads_to_each_report_in_each_format(client):  # noqa: F811
    text = client.get("/reports").text
    for name in PLAIN:
        for form in formats.FORMATS:
            assert f'href="/api/v1/reports/{name}?format={form}"' in text
            assert client.get(f"/api/v1/reports/{name}?format={form}").status_code == 200, "by the browser's own login"
    assert 'name="by"' in text and 'href="/reports"' in client.get("/about").text


def test_the_page_of_charts_shows_them_and_says_what_is_off(client):  # noqa: F811
    assert client.get("/reports/charts").text.count("<svg xmlns") == 4
    one = client.get("/reports/charts?place=Harvey%20Hub&item=insulin").text
    assert one.count("<svg xmlns") == 5 and "in the end 40 vial" in one
    assert client.get("/reports/charts?item=nothing").status_code == 404


@pytest.mark.parametrize("name", exporting.EXPORTS)
def test_the_api_gives_each_export_as_the_command_line_writes_it(api, node, client, name):  # noqa: F811
    out = io.BytesIO()
    with registry.one_moment(node):
        exporting.EXPORTS[name].write(node, out, None)
    answer = api.get(f"exports/{name}")
    assert answer.status_code == 200 and answer.data == out.getvalue() and len(answer.data) > 100
    assert "attachment" in answer.headers["Content-Disposition"]
    assert f'href="/api/v1/exports/{name}"' in client.get("/reports").text


def test_an_export_that_there_is_not(api):  # noqa: F811
    assert api.get("exports/doc").status_code == 404
