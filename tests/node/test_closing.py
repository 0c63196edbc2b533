"""Closing the books of a period: a word that holds until later news says otherwise, and that locks nothing."""

import pytest

from node import record, undoing
from node.events import Closing, encode
from node.reporting import registry
from node.reporting.closing import close, position
from node.requests import (
    ClosingIn,
    DistributionIn,
    ItemIn,
    LineIn,
    PlaceIn,
    ReceiptIn,
    ReceiptLineIn,
    VoidIn,
)
from node.units import format_time
from sync.errors import Malformed, OutOfRange
from tests.node.test_cli import Line
from tests.node.test_redacting import copy
from tests.node.test_web import hidden, send
from tests.reporting.test_statement import table

DAY_MS = 86_400_000


def rows(node, name, **asked):
    return table(registry.make(node, name, asked))


@pytest.fixture
def later(node, clock):
    """Three days after the hub got its goods."""
    clock.ms += 3 * DAY_MS
    return node


def day(node, before):
    return format_time(node.clock() - before * DAY_MS)[:10]


def drop(node, at=None, qty="5"):
    lines = [LineIn(item="Blanket", qty=qty)]
    return record.distribute(node, DistributionIn(place="Harvey Hub", lines=lines, at=at)).entry


def test_a_closing_holds_until_something_about_that_time_comes(later):
    entry = close(later, ClosingIn(until=day(later, 2), note="two of us counted")).entry
    (row,) = rows(later, "closings")
    assert (row["entry"], row["holds"], row["later"], row["note"]) == (entry, "yes", 0, "two of us counted")
    drop(later)  # today: no part of the period
    assert [row["holds"] for row in rows(later, "closings")] == ["yes"]
    late = drop(later, at=format_time(later.clock() - 3 * DAY_MS + 60_000))
    (row,) = rows(later, "closings")
    assert (row["holds"], row["later"]) == ("no", 1)
    assert [row["entry"] for row in rows(later, "after-closing", closing=entry[:12])] == [late]
    undone = undoing.void(later, late, VoidIn(why="twice")).entry
    (row,) = rows(later, "closings")
    assert (row["holds"], row["later"]) == ("yes", 2)
    assert {row["entry"] for row in rows(later, "after-closing")} == {late, undone}


def test_another_name_is_no_other_position(later):
    close(later, ClosingIn(until=day(later, 2)))
    (item,) = [row["item"] for row in rows(later, "statement") if row["item_name"] == "Blanket"]
    later.log.append(b'{"type":"item","id":"%s","name":"Wool blanket"}' % item.encode())
    assert [row["holds"] for row in rows(later, "closings")] == ["yes"]


def test_all_nodes_tell_the_same_of_a_closing_and_other_teams_places_are_no_part_of_it(later, new_node):
    other = new_node("Bayou Wheels")
    other.clock.ms = later.clock.ms
    copy(later, other)
    record.add_place(other, PlaceIn(name="Garage", kind="hub"))
    record.add_item(other, ItemIn(name="Rope", unit="m"))
    close(later, ClosingIn(until=day(later, 2)))
    copy(later, other)
    early = format_time(later.clock() - 3 * DAY_MS)
    line = ReceiptLineIn(item="Rope", qty="30")
    record.receive(other, ReceiptIn(place="Garage", lines=[line], at=early))
    copy(other, later)
    assert rows(later, "closings") == rows(other, "closings")
    assert [row["later"] for row in rows(other, "closings")] == [0]
    theirs = drop(other, at=format_time(later.clock() - 3 * DAY_MS + 60_000))  # at our place
    copy(other, later)
    assert [row["entry"] for row in rows(later, "after-closing")] == [theirs]
    assert rows(later, "after-closing") == rows(other, "after-closing")


def test_what_others_had_written_before_and_is_heard_of_after_the_closing_is_listed(later, new_node):
    other = new_node("Bayou Wheels")
    other.clock.ms = later.clock.ms
    copy(later, other)
    early = format_time(later.clock() - 3 * DAY_MS + 60_000)
    unheard = drop(other, at=early)  # at our place, on a node that was out of reach
    for _ in range(9):
        drop(later, at=early, qty="1")  # our log is longer than theirs by now
    entry = close(later, ClosingIn(until=day(later, 2))).entry
    copy(other, later)
    copy(later, other)
    for node in (later, other):
        assert [row["entry"] for row in rows(node, "after-closing", closing=entry[:12])] == [unheard]
        assert [(row["holds"], row["later"]) for row in rows(node, "closings")] == [("no", 1)]


def test_a_closing_of_an_earlier_version_that_names_no_entries_is_told_by_the_clock_of_the_logs(later):
    until = later.clock() - DAY_MS
    early = format_time(later.clock() - 3 * DAY_MS + 60_000)
    drop(later, at=early)
    root, _ = later.log.digest()
    later.log.append(encode(Closing(later.clock(), until, root, position(later, later.keys.node, None, until))))
    late = drop(later, at=early)
    assert [row["entry"] for row in rows(later, "after-closing")] == [late]


def test_a_closing_whose_entries_are_not_all_here_is_told_by_the_clock_of_the_logs(later):
    until = later.clock() - DAY_MS
    early = format_time(later.clock() - 3 * DAY_MS + 60_000)
    known = drop(later, at=early)
    unknown = "ab" * 32
    later.log.append(encode(Closing(later.clock(), until, "00" * 32, "00" * 32, covers=[known, unknown])))
    late = drop(later, at=early)
    assert [row["entry"] for row in rows(later, "after-closing")] == [late]


def test_a_closing_that_is_taken_back_is_gone(later):
    undoing.void(later, close(later, ClosingIn(until=day(later, 2))).entry, VoidIn(why="too early"))
    assert rows(later, "closings") == [] == rows(later, "after-closing")


@pytest.mark.parametrize(
    ("body", "problem", "field"),
    [
        ({"until": "2999-01-01"}, OutOfRange, "until"),
        ({"until": "2020-01-01", "since": "2020-02-01"}, OutOfRange, "since"),
        ({"until": "soon"}, Malformed, None),
        ({"until": ""}, Malformed, "until"),
        ({"until": "2020-01-01", "zone": "Nowhere"}, Malformed, "zone"),
    ],
)
def test_what_cannot_be_closed(node, body, problem, field):
    before = node.digest()
    with pytest.raises(problem) as told:
        close(node, ClosingIn(**body))
    assert field is None or field in told.value.fields
    assert node.digest() == before


def test_a_team_without_places_closes_books_that_are_empty(new_node):
    nobody = new_node("Nobody")
    close(nobody, ClosingIn(until="2020-01-31"))
    assert [row["holds"] for row in rows(nobody, "closings")] == ["yes"]


def test_a_period_is_closed_from_the_command_line(tmp_path):
    line = Line(tmp_path / "node")
    line("init", "--team", "Canal Street")
    line("place", "add", "Depot", "--kind", "hub")
    line("receive", "Depot", "blanket=20", "--at", "2024-03-01T10:00Z")
    entry = line.json("period", "close", "--until", "2024-03-31", "--zone", "America/Chicago")["entry"]
    again = line("period", "close", "--until", "2024-03-30", "--zone", "America/Chicago").stdout
    assert "until the end of 2024-03-30 (America/Chicago)" in again
    line("undo", again.split("Entry ")[1][:12], "--why", "a day short")
    line("drop", "Depot", "blanket=2", "--at", "2024-03-02T10:00Z")
    (row,) = line.json("report", "closings")
    assert (row["entry"], row["holds"], row["until"]) == (entry, "no", "2024-04-01T05:00:00Z")
    (late,) = line.json("report", "after-closing")
    assert (late["type"], late["place_name"], late["goods"]) == ("distribution", "Depot", "2 Blanket")
    assert "Closed the books" in line("log").stdout


def test_a_period_is_closed_on_the_page_once_and_what_was_written_since_stands_below(later, client):
    assert "No team has closed a period yet." in client.get("/closings").text
    typed = {"until": day(later, 2), "zone": "America/Chicago", "note": "counted by two"}
    fields = hidden(client, "/closings") | typed
    answers = [client.post("/closings", data=fields, headers={"Origin": "http://localhost"}) for _ in range(2)]
    assert [answer.location for answer in answers] == ["/closings?fresh=new", "/closings?fresh=again"]
    (row,) = rows(later, "closings")
    assert (row["note"], row["until"] % DAY_MS) == ("counted by two", 6 * 3_600_000)
    page = client.get("/closings").text
    assert "still so" in page and "counted by two" in page and f'href="/entries/{row["entry"]}"' in page
    late = drop(later, at=format_time(later.clock() - 3 * DAY_MS + 60_000))
    page = client.get("/closings").text
    assert "not so any more" in page and "1 entry written since" in page and f'href="/entries/{late}"' in page
    assert 'href="/closings"' in client.get("/reports").text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"until": ""}, "The last day of the period is missing."),
        ({"until": "2999-01-01"}, "That day isn&#39;t over yet."),
        ({"until": "soon"}, "&#39;soon&#39; is not a date."),
        ({"until": "2020-01-01", "since": "2020-02-01"}, "The period ends before it begins."),
        ({"until": "2020-01-01", "zone": "Nowhere"}, "&#39;Nowhere&#39; is no time zone."),
        ({"until": "2020-01-01", "note": "x" * 20_000}, "note"),
    ],
)
def test_what_the_page_cannot_close_is_told_beside_the_field_and_kept(later, client, typed, said):
    before = later.digest()
    answer = send(client, "/closings", typed)
    assert answer.status_code == 422 and said in answer.text and 'class="error"' in answer.text
    assert f'value="{typed["until"]}"' in answer.text
    assert later.digest() == before


def test_a_closing_is_taken_back_where_any_entry_is(later, client):
    entry = close(later, ClosingIn(until=day(later, 2))).entry
    assert 'id="undo"' in client.get(f"/entries/{entry}").text
    fields = hidden(client, f"/entries/{entry}") | {"why": "too early"}
    done = client.post(f"/entries/{entry}/undo", data=fields, headers={"Origin": "http://localhost"})
    assert done.status_code == 303
    assert "No team has closed a period yet." in client.get("/closings").text
