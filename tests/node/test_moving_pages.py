"""The pages of goods on their way, as a browser without scripts uses them."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from node import correcting, moving, papers, queries, record, transfers
from node.bootstrap import Node
from node.requests import ArrivalIn, ArrivalLineIn, CorrectIn, DispatchIn, ItemIn, LineIn, MoveIn, PlaceIn, VoidIn
from node.server import make_app
from tests.node.test_redacting import copy

ORIGIN = {"Origin": "http://localhost"}


def hidden(client: FlaskClient, path: str) -> dict[str, str]:
    """The hidden fields of a page's first form."""
    text = client.get(path).text
    found = re.findall(r'<input type="hidden" name="(form_token|key)" value="([^"]+)"', text)
    return dict(reversed(found))


def send(client: FlaskClient, path: str, fields: dict[str, Any], to: str | None = None) -> Any:
    """Fill in a form of a page and send it."""
    return client.post(to or path, data=hidden(client, path) | fields, headers=ORIGIN)


def filled(client: FlaskClient, path: str, **typed: Any) -> dict[str, Any]:
    """What a browser sends of a page's first form: its hidden fields and what is checked, and what was typed."""
    form = client.get(path).text.partition("<form")[2].partition("</form>")[0]
    found: dict[str, Any] = {}
    for field in re.findall(r"<input [^>]*>", form):
        name, value = (re.search(rf'\b{key}="([^"]*)"', field) for key in ("name", "value"))
        if name and ('type="radio"' not in field or " checked" in field):
            found.setdefault(name[1], []).append(value[1] if value else "")
    chosen = re.search(r'<option value="([^"]+)" selected', form)
    return found | ({"place": chosen[1]} if chosen else {}) | typed


@pytest.fixture
def van(node: Node) -> str:
    """The id of a van beside the hub."""
    return record.add_place(node, PlaceIn(name="The Van", kind="vehicle"))


@pytest.fixture
def sent(node: Node, van: str) -> str:
    """Thirty blankets on their way to the van: the dispatch's id."""
    lines = [LineIn(item="Blanket", qty="30")]
    return moving.dispatch(node, DispatchIn(place="Harvey Hub", to="The Van", lines=lines, seal="S-77")).entry


def on_van(node: Node) -> dict[str, str]:
    return {row["item_name"]: row["qty"] for row in queries.stock(node, place="The Van")}


def test_goods_are_sent_by_a_form_that_leads_to_the_waybill(node: Node, client: FlaskClient, van: str) -> None:
    fields = {"place": "Harvey Hub", "to": van, "item": ["Blanket"], "qty": ["1bale"], "driver": "Kite"}
    answer = send(client, "/record/send", fields)
    assert answer.status_code == 303
    shown = client.get(answer.headers["Location"]).text
    waybill = re.search(r'href="(/dispatches/[0-9a-f]{64}/waybill)"', shown)
    assert waybill
    paper = client.get(waybill[1]).text
    assert all(word in paper for word in ("Harvey Hub", "The Van", "Kite", "1 bale", "<svg", "Received", "BL1:"))


def test_a_waybill_that_does_not_hold_says_so_on_the_page_and_the_command_line(
    node: Node, client: FlaskClient, sent: str, run: Callable[..., str]
) -> None:
    right = correcting.correct(node, sent, CorrectIn(why="wrong seal", seal="S-78")).entry
    page = client.get(f"/dispatches/{sent}/waybill").text
    assert "<strong>CORRECTED</strong>" in page and "does not hold. Why: wrong seal" in page
    assert f'href="/dispatches/{right}/waybill"' in page and "<figure" not in page and "Loaded" not in page
    assert f"bucketline waybill {right[:8]}" in run(node, "waybill", sent)
    record.void(node, right, VoidIn(why="stayed here"))
    assert "<strong>UNDONE</strong>" in client.get(f"/dispatches/{right}/waybill").text
    assert run(node, "waybill", right).startswith("UNDONE: this waybill does not hold. Why: stayed here")


def test_a_form_without_an_end_says_so(client: FlaskClient, van: str) -> None:
    answer = send(client, "/record/send", {"place": "Harvey Hub", "item": ["Blanket"], "qty": ["1"]})
    assert answer.status_code == 422 and "Choose where it goes." in answer.text


def test_a_move_is_recorded_by_its_form(node: Node, client: FlaskClient, van: str) -> None:
    answer = send(client, "/record/move", {"place": "Harvey Hub", "to": van, "item": ["Blanket"], "qty": ["7"]})
    assert answer.status_code == 303 and on_van(node) == {"Blanket": "7"}


def test_all_arrived_is_one_tap_and_counts_once(node: Node, client: FlaskClient, sent: str) -> None:
    assert "The Van" in client.get("/arrive").text
    fields = filled(client, "/arrive")
    first, again = (client.post(f"/arrive/{sent}", data=fields, headers=ORIGIN) for _ in range(2))
    assert "fresh=new" in first.headers["Location"] and "fresh=again" in again.headers["Location"]
    assert on_van(node) == {"Blanket": "30"}
    assert "Nothing is known to be on its way" in client.get("/arrive").text


def test_what_came_is_told_line_by_line(node: Node, client: FlaskClient, sent: str, van: str) -> None:
    blanket = queries.items(node, like="Blanket")[0]["item"]
    fields = {
        "place": van,
        "item": [blanket, "Insulin"],
        "qty": ["26", "2"],
        "damaged": ["1", ""],
        "missing": ["", ""],
        "note": "wet",
    }
    answer = send(client, f"/arrive/{sent}", fields)
    assert answer.status_code == 303
    assert on_van(node) == {"Blanket": "26", "Insulin": "2"}
    lines = {line["item_name"]: line["open"] for line in transfers.row(node, sent)["lines"]}
    assert lines == {"Blanket": "3", "Insulin": "-2"}
    assert "1 damaged" in client.get(answer.headers["Location"]).text
    shown = client.get(f"/transfers/{sent}").text
    assert "too much came" in shown and "2 Insulin more came" in shown


def send_three(node: Node) -> str:
    """Sixty blankets, nine vials and two stoves on their way to the van."""
    record.add_item(node, ItemIn(name="Stove", unit="piece"))
    lines = [LineIn(item=item, qty=qty) for item, qty in (("Blanket", "60"), ("Insulin", "9"), ("Stove", "2"))]
    return moving.dispatch(node, DispatchIn(place="Harvey Hub", to="The Van", lines=lines)).entry


def opens(node: Node, sent: str) -> dict[str, str]:
    return {line["item_name"]: line["open"] for line in transfers.row(node, sent)["lines"]}


def column(node: Node, sent: str, **typed: str) -> list[str]:
    """A column of the form by the names of its items; its last field is that of something else."""
    return [*(typed.get(line["item_name"], "") for line in transfers.row(node, sent)["lines"]), ""]


def come(client: FlaskClient, sent: str, query: str = "", **typed: Any) -> Any:
    """Fill in the form of what came, and send it."""
    return client.post(f"/arrive/{sent}", data=filled(client, f"/arrive/{sent}{query}", **typed), headers=ORIGIN)


def test_who_says_what_is_damaged_alone_records_the_rest_as_good(node: Node, client: FlaskClient, van: str) -> None:
    sent = send_three(node)
    answer = come(client, sent, damaged=column(node, sent, Blanket="2"))
    assert answer.status_code == 303
    assert on_van(node) == {"Blanket": "58", "Insulin": "9", "Stove": "2"}
    assert set(opens(node, sent).values()) == {"0"}
    shown = client.get(answer.headers["Location"]).text
    assert "more came in" not in shown and "Still on its way" not in shown and "2 damaged" in shown


def test_goods_that_come_in_several_goes_stay_on_their_way_where_that_is_said(
    node: Node, client: FlaskClient, van: str
) -> None:
    sent = send_three(node)
    first = come(client, sent, qty=column(node, sent, Blanket="20"), rest="")
    assert on_van(node) == {"Blanket": "20"}
    assert "Still on its way: 40 Blanket, 9 Insulin, 2 Stove." in client.get(first.headers["Location"]).text
    come(client, sent, qty=column(node, sent, Insulin="0"), missing=column(node, sent, Blanket="1"))
    assert on_van(node) == {"Blanket": "59", "Stove": "2"}
    assert opens(node, sent) == {"Blanket": "0", "Insulin": "9", "Stove": "0"}


def test_who_comes_to_look_at_what_is_overdue_records_only_what_is_typed(
    node: Node, client: FlaskClient, van: str
) -> None:
    sent = send_three(node)
    before = node.digest()
    nothing = come(client, sent, "?empty=1")
    assert (
        nothing.status_code == 422 and "Not recorded yet. It isn&#39;t said of anything that it came." in nothing.text
    )
    assert node.digest() == before
    assert come(client, sent, "?empty=1", missing=column(node, sent, Insulin="9")).status_code == 303
    assert on_van(node) == {"Insulin": "0"}
    assert opens(node, sent) == {"Blanket": "60", "Insulin": "0", "Stove": "2"}


def test_more_than_was_sent_is_recorded_and_told_on_the_page_that_follows(
    node: Node, client: FlaskClient, van: str
) -> None:
    sent = send_three(node)
    answer = come(client, sent, qty=column(node, sent, Blanket="62"))
    for shown in (answer.headers["Location"], answer.headers["Location"].replace("new", "again")):
        assert "2 Blanket more came in than was sent." in client.get(shown).text
    assert on_van(node) == {"Blanket": "62", "Insulin": "9", "Stove": "2"}


def test_the_rest_is_never_another_one_than_was_on_the_form(node: Node, client: FlaskClient, van: str) -> None:
    sent = send_three(node)
    for path in ("/arrive", f"/arrive/{sent}"):
        stale = filled(client, path)
        lines = [ArrivalLineIn(item="Blanket", qty="10")]
        moving.arrive(node, ArrivalIn(dispatch=sent, lines=lines))
        before = node.digest()
        answer = client.post(f"/arrive/{sent}", data=stale, headers=ORIGIN)
        assert answer.status_code == 409 and "recorded in the meantime" in answer.text
        assert node.digest() == before
    assert "40 piece on the way" in answer.text
    renewed = stale | {"open": column(node, sent, Blanket="40", Insulin="9", Stove="2")}
    for _ in range(2):  # a double tap
        assert client.post(f"/arrive/{sent}", data=renewed, headers=ORIGIN).status_code == 303
    assert on_van(node) == {"Blanket": "60", "Insulin": "9", "Stove": "2"}


def test_something_else_without_an_amount_is_asked_for(node: Node, client: FlaskClient, van: str) -> None:
    sent = send_three(node)
    data = filled(client, f"/arrive/{sent}")
    data["item"][-1] = "Insulin"
    answer = client.post(f"/arrive/{sent}", data=data, headers=ORIGIN)
    assert answer.status_code == 422 and "Of Insulin (vial) nothing came." in answer.text and on_van(node) == {}


def test_a_slip_keeps_what_was_typed_and_records_nothing(node: Node, client: FlaskClient, sent: str, van: str) -> None:
    blanket = queries.items(node, like="Blanket")[0]["item"]
    before = node.digest()
    answer = send(
        client, f"/arrive/{sent}", {"place": van, "item": [blanket], "qty": ["many"], "damaged": ["3"], "missing": [""]}
    )
    assert answer.status_code == 400 and 'value="many"' in answer.text and "many" in answer.text
    assert node.digest() == before


def test_nothing_said_of_any_line_records_nothing(node: Node, client: FlaskClient, sent: str, van: str) -> None:
    blanket = queries.items(node, like="Blanket")[0]["item"]
    fields = {"place": van, "item": [blanket], "qty": ["0"], "damaged": [""], "missing": [""]}
    assert send(client, f"/arrive/{sent}", fields).status_code in (409, 422)
    assert on_van(node) == {}


@pytest.fixture
def stranger(new_node: Callable[[str], Node]) -> FlaskClient:
    """The pages of a node that has never heard of the sender."""
    return make_app(new_node("Hall team")).test_client()


def test_a_pasted_waybill_leads_to_the_form_of_its_goods(
    node: Node, stranger: FlaskClient, sent: str, van: str
) -> None:
    answer = send(stranger, "/arrive", {"text": papers.text_of(node, sent)}, "/arrive/read")
    assert answer.headers["Location"] == f"/arrive/{sent}"
    shown = stranger.get(f"/arrive/{sent}").text
    assert "Harvey Hub" in shown and "Blanket" in shown and "30 piece on the way" in shown
    assert stranger.post(f"/arrive/{sent}", data=filled(stranger, "/arrive"), headers=ORIGIN).status_code == 303
    assert "Blanket" in stranger.get("/").text


def test_a_waybill_of_a_blocked_node_is_told(node: Node, new_node: Callable[[str], Node], sent: str) -> None:
    hall = new_node("Hall team")
    copy(node, hall)
    client = make_app(hall).test_client()
    hall.log.block(node.keys.node)
    send(client, "/arrive", {"text": papers.text_of(node, sent)}, "/arrive/read")
    for page in ("/arrive", f"/arrive/{sent}"):
        assert "of a node that you have blocked" in client.get(page).text
    assert client.post(f"/arrive/{sent}", data=filled(client, "/arrive"), headers=ORIGIN).status_code == 303
    assert "of a node" not in client.get("/arrive").text


def test_a_damaged_waybill_is_refused_in_a_sentence(node: Node, stranger: FlaskClient, sent: str) -> None:
    answer = send(stranger, "/arrive", {"text": papers.text_of(node, sent)[:-9]}, "/arrive/read")
    assert answer.status_code == 400 and "This waybill can&#39;t be read" in answer.text


def test_a_number_finds_its_dispatch(client: FlaskClient, node: Node, sent: str) -> None:
    number = transfers.row(node, sent)["waybill"]
    assert send(client, "/arrive", {"text": f" {number} "}, "/arrive/read").headers["Location"] == f"/arrive/{sent}"
    assert send(client, "/arrive", {"text": "nonsense"}, "/arrive/read").status_code == 404


def test_a_photo_of_the_paper_is_taken_although_it_is_large(node: Node, stranger: FlaskClient, sent: str) -> None:
    pytest.importorskip("zxingcpp", reason="needs the extra `scan`")
    import segno

    photo = io.BytesIO()
    segno.make(papers.text_of(node, sent), error="m").save(photo, kind="png", scale=6)
    large = photo.getvalue() + b"\0" * 2_000_000  # what a phone would send
    fields = {"photo": (io.BytesIO(large), "paper.png")}
    answer = send(stranger, "/arrive", fields, "/arrive/photo")
    assert answer.headers["Location"] == f"/arrive/{sent}"
    assert (
        send(stranger, "/arrive", {"photo": (io.BytesIO(b"no picture"), "x.png")}, "/arrive/photo").status_code == 400
    )


def test_the_work_list_says_what_to_do(node: Node, client: FlaskClient, sent: str, clock: Any) -> None:
    assert "on its way" in client.get("/transfers").text
    clock.ms += 49 * 3_600_000
    assert "overdue" in client.get("/transfers").text and "Ask Gulf Coast" in client.get("/transfers").text


def test_a_run_sheet_is_shown_and_the_rest_brought_back(node: Node, client: FlaskClient, van: str) -> None:
    moving.move(node, MoveIn(place="Harvey Hub", to="The Van", lines=[LineIn(item="Blanket", qty="30")]))
    assert "1 <small>item on it" in client.get("/runs").text
    shown = client.get(f"/runs/{van}").text
    assert "it adds up" in shown and "30 loaded" in shown
    hub = queries.stock(node, place="Harvey Hub")[0]["place"]
    assert re.findall(r'<option value="([^"]+)"', shown) == [hub]  # and not the van itself
    assert send(client, f"/runs/{van}", {"to": hub}, f"/runs/{van}/return").status_code == 303
    shown = client.get(f"/runs/{van}").text
    assert "30 returned" in shown and "Bring it all back" not in shown
    assert send(client, "/arrive", {"to": hub}, f"/runs/{van}/return").status_code == 409
    assert send(client, "/arrive", {}, f"/runs/{van}/return").status_code == 422


def test_a_transfer_of_an_unknown_sender_is_shown(node: Node, client: FlaskClient, van: str) -> None:
    lines = [ArrivalLineIn(item="Blanket", qty="3")]
    moving.arrive(node, ArrivalIn(dispatch="ab" * 32, lines=lines, place="The Van"))
    assert "sender unknown" in client.get("/transfers").text
    assert client.get(f"/transfers/{'ab' * 32}").status_code == 200
    assert client.get(f"/dispatches/{'ab' * 32}/waybill").status_code == 404
    assert client.get("/transfers/nothing").status_code == 404
