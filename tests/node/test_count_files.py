"""Count sheets that were filled in by hand with a spreadsheet, read back in as one count, all of it or nothing."""

import csv
import io
import json

import openpyxl
import pytest

from node import catalogue, counting, queries, record
from node.importing import counted, sheets
from node.requests import ItemIn, PlaceIn, ReceiptIn, ReceiptLineIn
from node.server import make_app
from sync.errors import Malformed, OutOfRange
from tests.node.test_care_pages import guards

ORIGIN = {"Origin": "http://localhost"}


@pytest.fixture
def shelf(node):
    """The hub with a third item, whose name a spreadsheet would run as a formula."""
    record.add_item(node, ItemIn(name="+Soap", unit="bar"))
    record.receive(node, ReceiptIn(place="Harvey Hub", lines=[ReceiptLineIn(item="+Soap", qty="9")]))
    return node


def sheet_of(node, blind=False, delimiter=",", **filled):
    """The sheet of the hub as it is written, with what was counted filled in by item."""
    rows = list(csv.DictReader(io.StringIO(counted.blank(counting.sheet(node, "Harvey Hub", blind), blind))))
    for row in rows:
        row["counted"] = filled.get(row["item"].strip("'+"), "")
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def read_in(node, text, name="sheet.csv", **more):
    return counted.run(node, sheets.of(name, text.encode()), "Harvey Hub", **more)


def on_hand(node):
    return {row["item_name"]: row["qty"] for row in queries.stock(node)}


@pytest.mark.parametrize("blind", [True, False])
def test_what_is_filled_in_is_counted_and_what_is_empty_is_not(shelf, blind):
    found = read_in(shelf, sheet_of(shelf, blind, Blanket="118", Soap="0"))
    assert (found["rows"], found["empty"], found["problems"]) == (2, 1, [])
    assert on_hand(shelf) == {"Blanket": "118", "Insulin": "40", "+Soap": "0"}
    (entry,) = [row for row in queries.log(shelf) if row["type"] == "count"]
    assert found["entry"] == entry["entry"]
    assert {row["counted"] for row in found["variance"]} == {"118", "0"}


@pytest.mark.parametrize(
    ("text", "qty"),
    [("3bale + 4", "94"), ("2.5", "2.5"), ("1 200", "1200"), ("0", "0"), ("0.0", "0"), ("4 bales", "120")],
)
def test_numbers_are_read_as_people_write_them(shelf, text, qty):
    read_in(shelf, sheet_of(shelf, Blanket=text))
    assert on_hand(shelf)["Blanket"] == qty


def test_a_spreadsheet_of_another_country_and_a_workbook_are_read_too(shelf):
    read_in(shelf, sheet_of(shelf, delimiter=";", Blanket="2,5", Soap="7,25"))
    assert on_hand(shelf) == {"Blanket": "2.5", "Insulin": "40", "+Soap": "7.25"}
    book, file = openpyxl.Workbook(), io.BytesIO()
    for row in csv.reader(io.StringIO(sheet_of(shelf))):
        book.active.append([*row[:-1], {"Blanket": 117, "Insulin": 0}.get(row[2], row[-1] or None)])
    book.save(file)
    found = counted.run(shelf, sheets.of("sheet.xlsx", file.getvalue()), "Harvey Hub")
    assert (found["rows"], found["empty"]) == (2, 1)
    assert on_hand(shelf) == {"Blanket": "117", "Insulin": "0", "+Soap": "7.25"}


@pytest.mark.parametrize(
    ("typed", "column", "reason"),
    [
        ({"Blanket": "many"}, "counted", "'many' is not a quantity"),
        ({"Blanket": "-3"}, "counted", "'-3' is less than nothing"),
        ({"Blanket": "2 sacks"}, "counted", "has no pack called 'sacks'"),
        ({"Blanket": "1,234"}, "counted", "may mean 1234 or 1.234"),
        ({"Blanket": "1.2345"}, "counted", "more than 3 decimal places"),
        ({"Blanket": "COUNTED"}, "counted", "in place of COUNTED"),
    ],
)
def test_what_cannot_be_read_is_named_by_line_and_nothing_is_recorded(shelf, typed, column, reason):
    before = queries.digest(shelf)
    found = read_in(shelf, sheet_of(shelf, Soap="3", **typed))
    (problem,) = found["problems"]
    line = next(n for n, text in enumerate(sheet_of(shelf).splitlines(), 1) if "Blanket" in text)
    assert (problem["line"], problem["column"]) == (line, column)
    assert reason in problem["reason"]
    assert found["entry"] is None and queries.digest(shelf) == before


def test_unknown_items_other_places_and_double_rows_are_named_all_at_once(shelf):
    record.add_place(shelf, PlaceIn(name="Gym", kind="site"))
    before = queries.digest(shelf)
    rows = ["Harvey Hub,Blankit,piece,1", "Gym,Blanket,piece,2", ",Insulin,piece,", ",Insulin,box,3", ",,,4"]
    text = "\n".join(["place,item,unit,counted", *rows])
    found = read_in(shelf, text)
    assert [(row["line"], row["column"]) for row in found["problems"]] == [
        (2, "item"),
        (3, "place"),
        (5, "item"),
        (6, "item"),
    ]
    assert "Did you mean Blanket (piece)" in found["problems"][0]["reason"]
    assert found["problems"][1]["reason"] == "it is of Gym, and Harvey Hub is counted"
    twice = read_in(shelf, "item,counted\nBlanket,1\nInsulin,2\nblanket,3\n")
    assert [(row["line"], "counted twice" in row["reason"]) for row in twice["problems"]] == [(4, True)]
    assert queries.digest(shelf) == before


def test_a_file_without_what_it_needs_is_refused_in_words(shelf):
    before = queries.digest(shelf)
    for text, said in (
        ("item,unit\nBlanket,piece\n", "There is no column 'counted'"),
        ("shelf,counted\nA,3\n", "There is no column 'item'"),
        (sheet_of(shelf), "Nothing is filled in"),
        ("", "is empty"),
    ):
        with pytest.raises(Malformed, match=said):
            read_in(shelf, text)
    assert queries.digest(shelf) == before


def test_lots_are_counted_alone(shelf):
    lot = next(row["lot"] for row in queries.stock(shelf, item="Insulin", lots=True) if row["lot"])
    read_in(shelf, f"item,lot,counted\nInsulin,{lot},33\n")
    assert on_hand(shelf)["Insulin"] == "33"


def test_a_dry_run_tells_the_differences_and_records_nothing(shelf):
    before = queries.digest(shelf)
    found = read_in(shelf, sheet_of(shelf, Blanket="118"), dry_run=True)
    assert found["entry"] is None and found["variance"][0]["counted"] == "118"
    assert queries.digest(shelf) == before


# doors


def test_the_command_line_reads_a_sheet_in(shelf, run, tmp_path):
    file = tmp_path / "sheet.csv"
    run(shelf, "count-sheet", "Harvey Hub", "-o", str(file))
    assert "Nothing is filled in" in run(shelf, "count", "Harvey Hub", "--from", str(file), code=2)
    file.write_text(sheet_of(shelf, Blanket="117", Insulin="0"))
    said = run(shelf, "count", "Harvey Hub", "--from", str(file), "--dry-run")
    assert "2 rows were counted, 1 left empty. Nothing was recorded yet." in said and "117" in said
    assert on_hand(shelf)["Blanket"] == "120"
    done = json.loads(run(shelf, "count", "Harvey Hub", "--from", str(file), "--note", "by two", "--json"))
    assert done["rows"] == 2 and len(done["entry"]) == 64 and len(done["variance"]) == 2
    assert on_hand(shelf)["Blanket"] == "117"
    file.write_text(sheet_of(shelf, Blanket="lots"))
    said = run(shelf, "count", "Harvey Hub", "--from", str(file), code=2)
    assert "Line 2, counted" in said or "Line 3, counted" in said
    assert "Nothing of sheet.csv was recorded." in said
    for words in (["Blanket=1", "--from", str(file)], [], ["Blanket=1", "--dry-run"]):
        assert "--from FILE" in run(shelf, "count", "Harvey Hub", *words, code=2)


@pytest.fixture
def page(shelf):
    """Sends a sheet from the page of the hub."""
    client, place = make_app(shelf).test_client(), catalogue.find_place(shelf, "Harvey Hub").id
    fields = guards(client.get(f"/count-sheet?place={place}").text) | {"place": place}

    def send(text, name="sheet.csv", **more):
        file = {"file": (io.BytesIO(text.encode()), name)} if name else {}
        return client.post("/count-sheet/file", data=fields | more | file, headers=ORIGIN)

    send.client, send.place = client, place
    return send


def test_a_sheet_is_sent_from_the_page_and_counts_once(shelf, page):
    empty = page.client.get(f"/count-sheet/file?place={page.place}&blind=1")
    assert empty.mimetype == "text/csv" and empty.text.startswith("shelf,place,item,unit,packs,counted")
    text = sheet_of(shelf, Blanket="111", Soap="0")
    first, again = page(text), page(text)
    assert (first.status_code, again.status_code) == (303, 303)
    assert "fresh=new" in first.headers["Location"] and "fresh=again" in again.headers["Location"]
    assert on_hand(shelf) == {"Blanket": "111", "Insulin": "40", "+Soap": "0"}
    assert len([row for row in queries.log(shelf) if row["type"] == "count"]) == 1


def test_the_page_says_what_is_wrong_or_only_checks(shelf, page):
    before = queries.digest(shelf)
    wrong = page(sheet_of(shelf, Blanket="<b>lots</b>"))
    assert wrong.status_code == 422 and "Nothing of the file was recorded" in wrong.text
    assert "&lt;b&gt;lots" in wrong.text and "<b>lots" not in wrong.text
    checked = page(sheet_of(shelf, Blanket="3"), check="1")
    assert checked.status_code == 200 and "1 row counted, 2 left empty. Nothing was recorded yet." in checked.text
    assert "No file was chosen" in page("", name="").text
    assert "neither CSV nor XLSX" in page("x", name="sheet.pdf").text
    assert page(sheet_of(shelf, Blanket="3"), place="nowhere").status_code == 404
    assert queries.digest(shelf) == before


def test_namesakes_are_asked_about(shelf):
    shelf.log.append(b'{"type":"place","id":"secondharveyhub2","name":"Harvey Hub","kind":"hub"}')
    with pytest.raises(OutOfRange, match="may mean 2 places"):
        read_in(shelf, sheet_of_two(shelf))
    place = next(row.id for row in catalogue.places_named(shelf, "Harvey Hub") if row.id != "secondharveyhub2")
    found = counted.run(shelf, sheets.of("s.csv", sheet_of_two(shelf).encode()), place)
    assert found["problems"] == [] and on_hand(shelf)["Blanket"] == "5"


def sheet_of_two(node):
    return "place,item,counted\nHarvey Hub,Blanket,5\n"
