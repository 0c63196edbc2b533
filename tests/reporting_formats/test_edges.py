"""Books that are empty, hold one entry, or cross a year in several time zones, in every report and every format."""

import csv
import io
import re
from collections.abc import Callable
from html import unescape

import pytest

from node import moving, record
from node.bootstrap import Node
from node.reporting import registry, verifying
from node.reporting.writing import formats
from node.requests import (
    ArrivalIn,
    DispatchIn,
    DistributionIn,
    ItemIn,
    LineIn,
    PlaceIn,
    ReceiptIn,
    ReceiptLineIn,
)
from node.units import parse_time
from tests.node.conftest import Clock, clock, new_node  # noqa: F401
from tests.reporting_formats.test_commands import Line, line  # noqa: F401

NEW_YEAR = parse_time("2027-01-02T12:00Z")
ASKED = {
    "stock-card": {"place": "Depot", "item": "Blanket"},
    "as-known": {"at": "2027-01-01T00:00Z"},
    "late-entries": {"at": "2027-01-01T00:00Z"},
    "entries-behind": {"figure": "received", "row": "item=cwjzfekoazrslbkw"},
}
# what came at midnight, by five clocks
CAME = (
    ("2026-12-31T22:30:00-06:00", "10"),
    ("2027-01-01T00:00:00Z", "20"),
    ("2026-12-31T23:59:59.999Z", "30"),
    ("2027-01-01T00:30:00+14:00", "40"),
    ("2026-12-31T23:00:00-12:00", "50"),
)


def written(of: Node, name: str, form: str, **asked: str) -> bytes:
    out = io.BytesIO()
    with registry.one_moment(of) as then:
        formats.FORMATS[form].write(registry.document(then, name, {**ASKED.get(name, {}), **asked}), out, None)
    return out.getvalue()


def rows(of: Node, name: str, **asked: str) -> list[dict[str, str]]:
    text = written(of, name, "csv", **asked).decode()
    return list(csv.DictReader(told for told in io.StringIO(text) if not told.lstrip('"').startswith("# ")))


def sheet(of: Node, name: str, **asked: str) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of the printed page."""
    text = written(of, name, "html", **asked).decode()
    lines = re.findall(r"<tr>(.*?)</tr>", text.partition("<tbody class=")[0], re.DOTALL)
    cells = [[unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", told)] for told in lines]
    return cells[0], cells[1:]


@pytest.fixture
def empty(new_node: Callable[[str], Node], clock: Clock) -> Node:  # noqa: F811
    clock.ms = NEW_YEAR
    return new_node("Canal Street")


@pytest.fixture
def one(empty: Node) -> Node:
    """A place, and one blanket in it."""
    record.add_place(empty, PlaceIn(name="Depot", kind="hub"))
    record.add_item(empty, ItemIn(name="Blanket", unit="piece"))
    record.receive(empty, ReceiptIn(place="Depot", lines=[ReceiptLineIn(item="Blanket", qty="1")]))
    return empty


@pytest.fixture
def years(empty: Node) -> Node:
    """Receipts around midnight in five zones, a dispatch of one year that arrives in the next, and a drop."""
    record.add_place(empty, PlaceIn(name="Depot", kind="hub"))
    record.add_place(empty, PlaceIn(name="Gym", kind="site"))
    record.add_item(empty, ItemIn(name="Blanket", unit="piece"))
    for at, qty in CAME:
        record.receive(empty, ReceiptIn(place="Depot", lines=[ReceiptLineIn(item="Blanket", qty=qty)], at=at))
    lines = [LineIn(item="Blanket", qty="5")]
    sent = moving.dispatch(empty, DispatchIn(place="Depot", to="Gym", lines=lines, at="2026-12-31T23:30:00Z"))
    moving.arrive(empty, ArrivalIn(dispatch=sent.entry, at="2027-01-01T05:00:00Z"))
    given = [LineIn(item="Blanket", qty="2")]
    record.distribute(empty, DistributionIn(place="Gym", lines=given, people=1, at="2027-01-01T05:30:00Z"))
    return empty


BOOKS = ("empty", "one", "years")
ALL = [(books, name) for books in BOOKS for name in registry.REPORTS if (books, name) != ("empty", "stock-card")]


@pytest.mark.parametrize(("books", "name"), ALL)
def test_every_report_of_small_books_is_written_and_true_in_every_format(
    books: str, name: str, request: pytest.FixtureRequest
):
    node = request.getfixturevalue(books)
    for form in formats.FORMATS:
        content = written(node, name, form)
        assert len(content) > 100
        if form in ("csv", "hxl", "json"):
            with registry.one_moment(node) as then:
                assert verifying.verify(then, io.BytesIO(content)).same
    heads, told = sheet(node, name)
    assert heads and (told == [["There is nothing to tell."]]) == (not rows(node, name))


def test_one_entry_is_told_once_and_in_the_singular(one: Node):
    assert [row["entries"] for row in rows(one, "activity")] == ["1"]
    record.distribute(one, DistributionIn(place="Depot", lines=[LineIn(item="Blanket", qty="1")]))
    page = written(one, "activity", "html").decode()
    assert "<desc>1 day, 1 drop in all, at most 1 on a day.</desc>" in page


@pytest.mark.parametrize(
    ("zone", "old", "new"),
    [
        ("", "70", "80"),
        ("America/Chicago", "100", "50"),
        ("Pacific/Kiritimati", "0", "150"),
        ("Etc/GMT+12", "150", "0"),
    ],
)
def test_a_year_ends_where_the_zone_says(years: Node, zone: str, old: str, new: str):
    there = {"zone": zone} if zone else {}
    before = rows(years, "statement", until="2026-12-31", **there)
    after = rows(years, "statement", since="2027-01-01", **there)
    assert (before[0]["received"] if before else "0", after[0]["received"]) == (old, new)
    assert (before[0]["closing"] if before else "0") == after[0]["opening"]
    by_day = {row["date"][:4]: 0 for row in rows(years, "daily", **there)}
    for row in rows(years, "daily", **there):
        by_day[row["date"][:4]] += int(row["received"])
    assert (by_day.get("2026", 0), by_day.get("2027", 0)) == (int(old), int(new))
    days = {row["date"] for row in rows(years, "activity", until="2026-12-31", **there)}
    assert all(day <= "2026-12-31" for day in days)


def test_goods_that_cross_the_year_are_in_transit_at_its_end(years: Node):
    (row,) = rows(years, "statement", until="2026-12-31")
    assert (row["in_transit"], row["transferred_out"], row["transferred_in"]) == ("5", "0", "0")
    (row,) = rows(years, "statement", since="2027-01-01")
    assert (row["opening_in_transit"], row["transferred_out"], row["transferred_in"]) == ("5", "5", "5")


def test_paper_tells_times_to_the_minute_on_the_clocks_that_were_asked_for(years: Node):
    heads, told = sheet(years, "stock-card")
    assert heads[0] == "When (UTC)"
    assert [row[0] for row in told] == sorted(row[0] for row in told)
    assert told[2][0] == "2026-12-31 23:59" and told[3][0] == "2027-01-01 00:00"
    heads, told = sheet(years, "stock-card", zone="America/Chicago", until="2026-12-31")
    assert heads[0] == "When (America/Chicago)"
    assert len(told) == 5 and all(row[0].startswith("2026-12-31 ") for row in told), "no time beyond the period"
    page = written(years, "stock-card", "html", zone="America/Chicago", until="2026-12-31").decode()
    assert "from the beginning until 2027-01-01 00:00" in page and "America/Chicago" in page
    card = written(years, "stock-card", "html", zone="America/Chicago", since="2026-12-31").decode()
    assert "<desc>From 2026-12-31 to 2027-01-01, at most 145, in the end 145.</desc>" in card
    card = written(years, "stock-card", "html", zone="Etc/GMT+12").decode()
    assert "<desc>From 2026-12-30 to 2026-12-31, at most 145, in the end 145.</desc>" in card
    assert "2026-12-31T23:59:59.999Z" in written(years, "stock-card", "csv").decode(), "files keep them whole"


def test_the_screen_leaves_out_what_says_nothing(line: Line):  # noqa: F811
    done = line("report statement")
    assert done.stdout == "There is nothing.\n" and done.stderr == "", "no words on how nothing was made"
    line("place add Depot --kind hub")
    line("receive Depot blanket=1 --at 2026-12-31T23:59:59.999Z")
    heads = line("report stock").stdout.splitlines()[0]
    assert "lot" not in heads and "expiry" not in heads and "as of (UTC)" in heads
    assert "2026-12-31 23:59" in line("report stock").stdout
    assert "2027-01-01 07:59" in line("report stock-card --place Depot --item blanket --zone Asia/Manila").stdout
    assert line.json("report stock")[0]["as_of"] == "2026-12-31T23:59:59.999Z"
