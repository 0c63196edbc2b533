"""Teams' own spreadsheets: what is read of them, what is refused, and that a refused file leaves nothing behind."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from node import catalogue, codes, importer, kits, queries, record, starter
from node.events import Receipt
from node.importing import columns, sheets, values
from node.requests import VoidIn
from sync.errors import Malformed, NotFound, TooLarge, Unsupported
from tests.fakes import MemoryNode, memory_node

STOCK = "Warehouse,Item,Unit,Quantity,Unit Value,Currency,Donor\n"


@pytest.fixture
def node() -> MemoryNode:
    return memory_node()


class Desk:
    """Writes a file, imports it, and looks at what is there afterwards."""

    def __init__(self, node: MemoryNode, folder: Path) -> None:
        self.node, self.folder = node, folder

    def take(self, content: str | bytes, name: str = "file.csv", **wishes: Any) -> dict[str, Any]:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return importer.run(self.node, path, **wishes)

    def problems(self, content: str | bytes, **wishes: Any) -> list[tuple[int, str, str]]:
        """What is wrong with a file, which must leave nothing behind."""
        before = queries.digest(self.node)
        found = self.take(content, **wishes)
        assert (found["rows"], found["entries"], found["items_new"], found["places_new"]) == (0, 0, 0, 0)
        assert queries.digest(self.node) == before
        return [(row["line"], row["column"], row["reason"]) for row in found["problems"]]

    def stock(self) -> dict[tuple[str, str, str], str]:
        rows = queries.stock(self.node)
        return {(row["place_name"], row["item_name"], row["unit"]): row["qty"] for row in rows}

    def receipts(self) -> list[Receipt]:
        facts = [entry.fact for batch in self.node.log.folded() for entry in batch]
        return [fact for fact in facts if isinstance(fact, Receipt)]


@pytest.fixture
def desk(node: MemoryNode, tmp_path: Path) -> Desk:
    return Desk(node, tmp_path)


# kits


KITS = "Kit,Item Code,Item Name,Unit of Measure,Quantity\n"


def recipes_of(desk: Desk) -> dict[str, dict[str, str]]:
    return {row["kit_name"]: {part["item_name"]: part["qty"] for part in row["parts"]} for row in kits.kits(desk.node)}


def test_kits_are_recipes_of_items_that_are_known_or_new(desk: Desk) -> None:
    found = desk.take(
        KITS + "Wash kit,,Cup,piece,2\nBig kit,,Wash kit,,3\nWash kit,,Bar,piece,0.5\nWash kit,,Cup,piece,1\n"
    )
    assert (found["rows"], found["problems"], found["kind"]) == (4, [], "kits")
    assert recipes_of(desk) == {"Big kit": {"Wash kit": "3"}, "Wash kit": {"Cup": "3", "Bar": "0.5"}}
    assert {row["name"]: row["unit"] for row in queries.items(desk.node)}["Wash kit"] == "kit"


def test_kits_again_write_nothing_and_other_numbers_take_the_place_of_the_old(desk: Desk) -> None:
    text = KITS + "Wash kit,,Cup,piece,2\nWash kit,,Bar,piece,1\n"
    desk.take(text)
    assert desk.take(text)["entries"] == 0
    assert desk.take(KITS + "Wash kit,,Cup,piece,4\n")["entries"] == 1
    assert recipes_of(desk) == {"Wash kit": {"Cup": "4"}}


def test_parts_that_all_know_from_the_start_are_found_by_their_codes(desk: Desk) -> None:
    common = next(fact for fact in starter.facts().values() if fact.codes)
    desk.take(KITS + f"Wash kit,{common.codes['ifrc']},,{common.unit},2\n")
    assert recipes_of(desk) == {"Wash kit": {common.name: "2"}}
    assert queries.items(desk.node, like=str(common.name))[0]["item"] == common.id


@pytest.mark.parametrize(
    ("rows", "line", "column"),
    [
        (",,Cup,piece,2\n", 2, "Kit"),
        ("Wash kit,,Cup,piece,0\n", 2, "Quantity"),
        ("Wash kit,,Cup,piece,\n", 2, "Quantity"),
        ("Wash kit,,,piece,2\n", 2, "Item Name"),
        ("Wash kit,,Cup,piece,2\nWash kit,,Wash kit,kit,1\n", 3, "Item Name"),
        ("A kit,,B kit,kit,1\nB kit,,A kit,kit,1\n", 3, "Item Name"),
    ],
)
def test_a_kit_that_cannot_be_is_named_by_its_line(desk: Desk, rows: str, line: int, column: str) -> None:
    assert [(at, name) for at, name, _ in desk.problems(KITS + rows)] == [(line, column)]


# stock


def test_stock_is_received_at_its_places_with_value_and_donor(desk: Desk) -> None:
    found = desk.take(STOCK + "Depot,Blanket,piece,40,2.50,usd,Church\nGym,Rice,kg,12.5,,,\n")
    assert {key: found[key] for key in ("rows", "items_new", "places_new", "problems", "values")} == {
        "rows": 2,
        "items_new": 2,
        "places_new": 2,
        "problems": [],
        "values": {"USD": "100.00"},
    }
    assert desk.stock() == {("Depot", "Blanket", "piece"): "40", ("Gym", "Rice", "kg"): "12.5"}
    church = next(fact for fact in desk.receipts() if fact.source == "Church")
    (line,) = church.lines
    assert (line.value, line.currency, line.fund) == ("2.5", "USD", "Church")
    assert church.note == "Imported from file.csv"


def test_entries_counts_what_was_written(desk: Desk) -> None:
    before = desk.node.log.counts()[0]
    found = desk.take(STOCK + "Depot,Blanket,piece,40,,,\nDepot,Rice,kg,1,,,\n")
    assert found["entries"] == desk.node.log.counts()[0] - before == 4  # two items, a place, a receipt


def test_outer_and_doubled_spaces_and_case_make_no_second_place_or_item(desk: Desk) -> None:
    found = desk.take(STOCK + '" Depot  A ",Blanket,piece,1,,,\ndepot a,  BLANKET ,Piece,2,,,\n')
    assert (found["places_new"], found["items_new"]) == (1, 1)
    assert desk.stock() == {("Depot A", "Blanket", "piece"): "3"}


def test_items_are_told_apart_by_name_and_unit(desk: Desk) -> None:
    desk.take(STOCK + "Depot,Water,litre,100,,,\nDepot,Water,bottle,20,,,\n")
    assert desk.stock() == {("Depot", "Water", "litre"): "100", ("Depot", "Water", "bottle"): "20"}


def test_a_donor_a_day_and_a_place_make_an_entry_of_at_most_a_hundred_lines(desk: Desk) -> None:
    rows = [f"Depot,Thing {i},piece,1,,,{'Church' if i % 2 else 'Mosque'}\n" for i in range(260)]
    desk.take(STOCK + "".join(rows))
    assert sorted((fact.source, len(fact.lines)) for fact in desk.receipts()) == [
        *[("Church", 30), ("Church", 100), ("Mosque", 30), ("Mosque", 100)]
    ]


def test_long_names_of_lots_make_smaller_entries_instead_of_one_that_does_not_fit(desk: Desk) -> None:
    rows = [f"Depot,Thing {i},piece,1,{'語' * 199}{i % 10},{'語' * 200}\n" for i in range(90)]
    found = desk.take("Warehouse,Item,Unit,Quantity,Batch,Fund\n" + "".join(rows))
    assert found["problems"] == []
    assert sum(len(fact.lines) for fact in desk.receipts()) == 90


def test_lots_keep_expiry_batch_and_the_day_of_receipt(desk: Desk) -> None:
    head = "Place,Item,Unit,Qty,Batch,Expiry Date,Date received\n"
    desk.take(head + "Clinic,Insulin,vial,30,A7,06/2027,2026-11-02\nClinic,Insulin,vial,5,B1,31/12/2026,2026-11-03\n")
    lots = {line.batch: line.expiry for fact in desk.receipts() for line in fact.lines}
    assert lots == {"A7": "2027-06-30", "B1": "2026-12-31"}
    assert len({fact.at for fact in desk.receipts()}) == 2


def test_a_zero_is_told_and_receives_nothing(desk: Desk) -> None:
    found = desk.take(STOCK + "Depot,Blanket,piece,0,,,\nDepot,Rice,kg,5,,,\n")
    assert (found["rows"], found["zeros"], found["items_new"]) == (2, 1, 2)
    assert "Rows that say 0: 1." in found["notices"][0]
    assert desk.stock() == {("Depot", "Rice", "kg"): "5"}


def test_a_code_finds_the_item_that_bears_it(desk: Desk) -> None:
    desk.take("Catalog,Item Name,Item Code,Unit\nIFRC,Tarpaulin 4x6 m,HSHETARPW406,piece\n", name="items.csv")
    found = desk.take("Warehouse,Item Name,Item Code,Unit,Quantity\nDepot,,hshetarpw406,piece,7\n")
    assert found["items_new"] == 0
    assert desk.stock() == {("Depot", "Tarpaulin 4x6 m", "piece"): "7"}


def test_a_code_that_nothing_bears_is_an_item_called_by_it(desk: Desk) -> None:
    desk.take("Warehouse,Item Name,Item Code,Unit,Quantity\nDepot,,KRELSHEK99,piece,7\n")
    (row,) = queries.items(desk.node)
    assert (row["name"], row["codes"]) == ("KRELSHEK99", {"code": "KRELSHEK99"})


def test_a_code_in_another_unit_is_a_problem_and_no_guess(desk: Desk) -> None:
    desk.take("Item Name,Item Code,Unit\nSoap,S1,bar\n", name="items.csv")
    (problem,) = desk.problems("Warehouse,Item Name,Item Code,Unit,Quantity\nDepot,,S1,box,7\n")
    assert problem == (2, "Item Code", "S1 is kept in bar here, and the file says box")


def test_a_name_without_unit_means_the_one_item_of_that_name(desk: Desk) -> None:
    desk.take("Item,Unit\nSoap,bar\nWater,litre\nWater,bottle\n", name="items.csv")
    desk.take("Warehouse,Item,Quantity\nDepot,Soap,3\n")
    assert desk.stock() == {("Depot", "Soap", "bar"): "3"}
    (problem,) = desk.problems("Warehouse,Item,Quantity\nDepot,Water,3\n")
    assert problem[0] == 2 and "bottle, litre" in problem[2]


def test_a_place_name_that_two_places_bear_is_a_problem(desk: Desk) -> None:
    from node import events

    for id in ("a" * 16, "b" * 16):
        desk.node.log.append(events.encode(events.Place(id, "Depot", "hub")))
    (problem,) = desk.problems(STOCK + "Depot,Blanket,piece,40,,,\n")
    assert problem == (2, "Warehouse", "2 places are called 'Depot': rename all but one")


# rows that can't be read


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("Depot,Blanket,piece,about 40,,,", "Quantity", "'about 40' is not a number"),
        ("Depot,Blanket,piece,-4,,,", "Quantity", "less than nothing"),
        ("Depot,Blanket,piece,,,,", "Quantity", "empty"),
        ("Depot,Blanket,piece,1.2345,,,", "Quantity", "3 decimal places"),
        ("Depot,Blanket,piece,nan,,,", "Quantity", "not a number"),
        ("Depot,Blanket,piece,1e3,,,", "Quantity", "not a number"),
        ("Depot,Blanket,piece,99999999999999999999,,,", "Quantity", "larger"),
        ('Depot,Blanket,piece,"1,2,3",,,', "Quantity", "not a number"),
        ('Depot,Blanket,piece,"1,234",,,', "Quantity", "may mean 1234 or 1.234"),
        ("Depot,Blanket,piece,1,free,USD,", "Unit Value", "'free' is not a number"),
        (",Blanket,piece,1,,,", "Warehouse", "empty"),
        ("Depot,,piece,1,,,", "Item", "neither a name nor a code"),
        (f"Depot,{'x' * 201},piece,1,,,", "Item", "201 characters"),
        ("Depot,Blan\x07ket,piece,1,,,", "Item", "can't be printed"),
        ("Depot,Blanket,piece,1,,,,surplus", "", "more cells than columns"),
        ('Depot,"Blanket,piece,1,,,', "", "quotation mark"),
    ],
)
def test_one_broken_row_is_named_and_nothing_of_the_file_is_recorded(
    desk: Desk, row: str, column: str, reason: str
) -> None:
    (problem,) = desk.problems(f"{STOCK}Depot,Rice,kg,5,,,\n\n{row}\n")
    assert problem[:2] == (4, column)
    assert reason in problem[2]


def test_every_broken_row_is_named_and_not_only_the_first(desk: Desk) -> None:
    found = desk.problems(STOCK + "Depot,Rice,kg,x,,,\nDepot,Rice,kg,5,,,\n,Rice,kg,y,,,\n")
    assert [(line, column) for line, column, _ in found] == [(2, "Quantity"), (4, "Warehouse"), (4, "Quantity")]


def test_a_line_break_inside_a_cell_does_not_put_the_line_numbers_out(desk: Desk) -> None:
    ((line, _, _),) = desk.problems(STOCK + '"Depot\nNorth",Rice,kg,5,,,\nDepot,Rice,kg,x,,,\n')
    assert line == 4


def test_a_quotation_mark_gone_astray_does_not_swallow_rows(desk: Desk) -> None:
    found = desk.problems(STOCK + 'Depot,"Pipe, 2 inch,piece,1,,,\nDepot,"Rice",kg,5,,,\n')
    assert found[0][0] == 2 and "quotation mark" in found[0][2]


def test_an_expiry_that_may_be_read_two_ways_is_a_problem(desk: Desk) -> None:
    head = "Place,Item,Unit,Qty,Expiry\n"
    ((line, column, reason),) = desk.problems(head + "Clinic,Insulin,vial,1,03/04/2027\n")
    assert (line, column) == (2, "Expiry") and "day first or month first" in reason
    assert desk.problems(head + "Clinic,Insulin,vial,1,2027-02-30\n")[0][2] == "'2027-02-30' is not a date"


# files as they come


def test_inches_stand_inside_quoted_cells(desk: Desk) -> None:
    desk.take('Item,Unit\n"KIT, PUMP, 2" + 6.5kW",piece\n"Nail ""long""",box\n', name="items.csv")
    assert {row["name"] for row in queries.items(desk.node)} == {'KIT, PUMP, 2" + 6.5kW', 'Nail "long"'}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_accents_survive_the_usual_encodings(desk: Desk, encoding: str) -> None:
    desk.take("Article;Unité\nCouverture à carreaux;pièce\n".encode(encoding))
    (row,) = queries.items(desk.node)
    assert (row["name"], row["unit"]) == ("Couverture à carreaux", "pièce")


def test_a_file_of_two_encodings_keeps_both(desk: Desk) -> None:
    desk.take("Item,Unit\nRéchaud,piece\n".encode() + "Thé,box\n".encode("cp1252"))
    assert [row["name"] for row in queries.items(desk.node)] == ["Réchaud", "Thé"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_usual_delimiter_and_line_end_will_do(desk: Desk, delimiter: str, end: str) -> None:
    lines = [["Warehouse", "Item", "Unit", "Quantity"], ["Depot", "Rice", "kg", "2.5"]]
    desk.take(end.join(delimiter.join(line) for line in lines))
    assert desk.stock() == {("Depot", "Rice", "kg"): "2.5"}


def test_spanish_and_french_headers_are_known(desk: Desk) -> None:
    desk.take("Almacén;Artículo;Unidad de medida;Cantidad\nBodega Sur;Frazada;pieza;1.200\nBodega Sur;Arroz;kg;0,5\n")
    desk.take("Entrepôt;Désignation;Unité;Quantité\nDépôt Nord;Savon;pièce;1 918,5\n", name="autre.csv")
    assert desk.stock() == {
        ("Bodega Sur", "Frazada", "pieza"): "1200",
        ("Bodega Sur", "Arroz", "kg"): "0.5",
        ("Dépôt Nord", "Savon", "pièce"): "1918.5",
    }


def test_titles_above_the_header_are_passed_over(desk: Desk) -> None:
    desk.take("Stock of all depots,,,\n,,,\n" + "Warehouse,Item,Unit,Quantity\nDepot,Rice,kg,1\n")
    assert desk.stock() == {("Depot", "Rice", "kg"): "1"}


def test_columns_can_be_named(desk: Desk) -> None:
    content = "Where,What,Unit,How many\nDepot,Rice,kg,1\n"
    with pytest.raises(Malformed, match="don't tell"):
        desk.take(content)
    desk.take(content, mapping={"place": "where", "item": "What", "qty": "How many"})
    assert desk.stock() == {("Depot", "Rice", "kg"): "1"}


@pytest.mark.parametrize(
    ("mapping", "said"),
    [({"place": "Nowhere"}, "Columns are: Warehouse"), ({"colour": "Item"}, "Fields are: place"), ({}, "Two columns")],
)
def test_columns_that_are_not_there_or_there_twice_are_told(desk: Desk, mapping: dict[str, str], said: str) -> None:
    content = "Warehouse,Item,Unit,Quantity,Unit\nDepot,Rice,kg,1,box\n"
    with pytest.raises(Malformed) as caught:
        desk.take(content, mapping={"unit": "Unit", **mapping} if mapping else {})
    assert said in caught.value.detail


def test_a_column_that_is_missing_is_told(desk: Desk) -> None:
    with pytest.raises(Malformed, match="no column for place"):
        desk.take("Item,Unit,Quantity\nRice,kg,1\n")


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.csv", b"", Malformed),
        ("a.csv", b"\n,,\n", Malformed),
        ("a.csv", b"Item,Unit\n", Malformed),
        ("a.csv", b"\x89PNG\0\0\0\0", Unsupported),
        ("a.pdf", b"%PDF", Unsupported),
        ("a.xlsx", b"not a workbook", Unsupported),
        ("a.xlsx", b"PK\x03\x04 torn", Unsupported),
    ],
)
def test_files_that_cannot_be_read_at_all_are_refused(desk: Desk, name: str, content: bytes, error: type) -> None:
    before = queries.digest(desk.node)
    with pytest.raises(error):
        desk.take(content, name=name)
    assert queries.digest(desk.node) == before


def test_files_beyond_the_bounds_are_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound):
        importer.run(desk.node, desk.folder / "nowhere.csv")
    monkeypatch.setattr(sheets, "ROWS_MAX", 3)
    with pytest.raises(TooLarge, match="more than 3 rows"):
        desk.take("Item,Unit\n" + "Rice,kg\n" * 3)
    monkeypatch.setattr(sheets, "FILE_BYTES_MAX", 5)
    with pytest.raises(TooLarge, match="larger"):
        desk.take("Item,Unit\nRice,kg\n")


# workbooks


def _book(path: Path, rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path.read_bytes()


def test_a_workbook_is_read_like_a_csv_file(desk: Desk, tmp_path: Path) -> None:
    rows = [
        ["All stock", None, None, None, None, None],
        [None],
        ["Warehouse", "Item", "Unit", "Quantity", "Unit Value", "Expiry"],
        [" Depot ", "Insulin", "vial", 30, 0.1 + 0.2, dt.datetime(2027, 6, 30)],
        ["Depot", "Rice", "kg", 2.5, None, None],
    ]
    found = desk.take(_book(tmp_path / "made.xlsx", rows), name="stock.xlsx")
    assert found["rows"] == 2
    assert desk.stock() == {("Depot", "Insulin", "vial"): "30", ("Depot", "Rice", "kg"): "2.5"}
    (line,) = [line for fact in desk.receipts() for line in fact.lines if line.value]
    assert (line.value, line.expiry) == ("0.3", "2027-06-30")


def test_a_broken_row_of_a_workbook_is_named_by_its_row(desk: Desk, tmp_path: Path) -> None:
    rows = [["Warehouse", "Item", "Unit", "Quantity"], [None], ["Depot", "Rice", "kg", "some"]]
    ((line, column, _),) = desk.problems(_book(tmp_path / "made.xlsx", rows), name="stock.xlsx")
    assert (line, column) == (3, "Quantity")


def test_a_workbook_that_unpacks_to_too_much_is_refused(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "INFLATED_BYTES_MAX", 1000)
    with pytest.raises(TooLarge, match="unpacks"):
        desk.take(_book(tmp_path / "made.xlsx", [["Item", "Unit"], ["Rice", "kg"]]), name="stock.xlsx")


# twice


def test_the_same_file_again_is_refused_unless_meant(desk: Desk) -> None:
    content = STOCK + "Depot,Rice,kg,5,,,\n"
    desk.take(content)
    before = queries.digest(desk.node)
    with pytest.raises(importer.ImportedBefore, match="double"):
        desk.take(content)
    assert queries.digest(desk.node) == before
    desk.take(content, again=True)
    assert desk.stock() == {("Depot", "Rice", "kg"): "10"}


@pytest.mark.parametrize(
    "anew",
    [
        "Warehouse;Item;Unit;Quantity\nDepot;Soap;bar;7\nDepot;Rice;kg;5.00\n",
        "Unit,Warehouse,Quantity,Item\nbar, Depot,7,Soap\nkg,Depot,5,Rice\n\n",
    ],
)
def test_the_same_rows_saved_anew_are_recognised(desk: Desk, anew: str) -> None:
    desk.take("Warehouse,Item,Unit,Quantity\nDepot,Rice,kg,5\nDepot,Soap,bar,7\n")
    with pytest.raises(importer.ImportedBefore, match=r"anew\.csv, then called file\.csv,"):
        desk.take(anew, name="anew.csv")


def test_a_file_whose_import_was_undone_can_be_imported_anew(desk: Desk) -> None:
    content = STOCK + "Depot,Rice,kg,5,,,\n"
    desk.take(content)
    (entry,) = [row["entry"] for row in queries.log(desk.node) if row["type"] == "receipt"]
    record.void(desk.node, entry, VoidIn(why="wrong depot"))
    desk.take(content)
    assert desk.stock() == {("Depot", "Rice", "kg"): "5"}


def test_a_dry_run_tells_the_same_and_keeps_nothing(desk: Desk) -> None:
    content = STOCK + "Depot,Rice,kg,5,,,\n"
    before, counts = queries.digest(desk.node), desk.node.log.counts()
    rehearsed = desk.take(content, dry_run=True)
    assert (queries.digest(desk.node), desk.node.log.counts()) == (before, counts)
    assert desk.take(content) == rehearsed


# items and places


def test_items_again_write_only_what_is_new_about_them(desk: Desk) -> None:
    desk.take("Item,Unit,Code,Category\nSoap,bar,S1,\nRice,kg,,Food\n")
    found = desk.take("Item,Unit,Code,Category\nSoap,bar,S1,Hygiene\nRICE,KG,R1,Food\nTea,box,,\n", name="b.csv")
    assert (found["items_new"], found["entries"]) == (1, 3)
    rows = {row["name"]: row for row in queries.items(desk.node)}
    assert rows["Soap"]["category"] == "Hygiene"
    assert rows["Rice"]["codes"] == {"code": "R1"}
    assert desk.take("Item,Unit,Code\nSoap,bar,S1\n", name="c.csv")["entries"] == 0


def test_items_of_one_name_that_differ_in_code_stay_apart(desk: Desk) -> None:
    content = "Item Code,Item Description\nA1,Miscellaneous\nA2,Miscellaneous\n"
    found = desk.take(content)
    assert found["items_new"] == 2
    assert [row["name"] for row in queries.items(desk.node)] == ["Miscellaneous", "Miscellaneous [A2]"]
    assert any("called like another one: 1" in text for text in found["notices"])
    assert desk.take(content)["items_new"] == 0


def test_two_teams_that_import_one_catalogue_mean_the_same_items(tmp_path: Path) -> None:
    content = "Item Code,Item Description\nA1,Miscellaneous\nA2,Miscellaneous\nB1,Soap\n"
    ids = []
    for seed in (1, 2):
        desk = Desk(memory_node(seed), tmp_path)
        desk.take(content)
        ids.append([row["item"] for row in queries.items(desk.node)])
    assert ids[0] == ids[1]


def test_a_missing_unit_is_a_piece_and_told(desk: Desk) -> None:
    found = desk.take("Item Code,Item Description\nB1,Soap\n")
    assert queries.items(desk.node)[0]["unit"] == "piece"
    assert "counted in pieces" in found["notices"][0]


def test_places_bring_kind_and_coordinates(desk: Desk) -> None:
    found = desk.take("Name,Type,Latitude,Longitude\nDepot,Entrepôt,29.95,-90.07\nClinic,clinic,,\n")
    assert (found["places_new"], found["problems"]) == (2, [])
    rows = {row["name"]: (row["kind"], row["lat"], row["lon"]) for row in queries.places(desk.node)}
    assert rows == {"Depot": ("warehouse", "29.95", "-90.07"), "Clinic": ("site", None, None)}


def test_a_known_place_gains_coordinates_and_none_is_doubled(desk: Desk) -> None:
    desk.take("Name,Country\nDepot,US\n")
    found = desk.take("Name,Latitude,Longitude\n depot ,29.95,-90.07\n", name="b.csv")
    assert (found["places_new"], found["entries"]) == (0, 1)
    assert [row["lat"] for row in queries.places(desk.node)] == ["29.95"]


@pytest.mark.parametrize(
    ("row", "column"),
    [("X,hub,91,0", "Latitude"), ("X,hub,1,", "Longitude"), ("X,castle,1,1", "Type"), (",hub,1,1", "Name")],
)
def test_a_place_that_cannot_be_is_named(desk: Desk, row: str, column: str) -> None:
    assert [problem[:2] for problem in desk.problems(f"Name,Type,Latitude,Longitude\n{row}\n")] == [(2, column)]


def test_a_place_that_contradicts_a_known_one_is_named(desk: Desk) -> None:
    desk.take("Name,Latitude,Longitude\nDepot,29.95,-90.07\n")
    ((line, column, reason),) = desk.problems("Name,Latitude,Longitude\nGym,1,1\nDepot,10,10\n", name="b.csv")
    assert (line, column) == (3, "Name") and "is not the same" in reason


def test_progress_is_told_up_to_the_end(desk: Desk) -> None:
    told: list[tuple[int, int]] = []
    content = STOCK + "".join(f"Depot,Thing {i},piece,{i % 3},,,\n" for i in range(700))
    desk.take(content, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (1400, 1400)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize("field", sorted({name for names in columns.FIELDS.values() for name in names}))
def test_every_field_is_documented(field: str) -> None:
    page = Path(__file__).parents[2] / "docs" / "command-line.md"
    rows = [line for line in page.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert any(f"`{field}`" in row.split("|")[1] for row in rows)


# numbers


def _marks() -> Iterator[tuple[str, list[str], str]]:
    yield values.POINT, ["12", "1,918,696"], "1918696"
    yield values.POINT, ["12.5", "1,918"], "1918"
    yield values.COMMA, ["12,5", "1.918"], "1918"
    yield values.COMMA, ["1.918.696"], "1918696"
    yield values.COMMA, ["1 918,5"], "1918.5"
    yield values.POINT, ["1'918.25"], "1918.25"
    yield values.COMMA, ["1\u202f918\u00a0696,5"], "1918696.5"
    yield "", ["7", "1 918"], "1918"
    yield values.COMMA, ["0,125"], "0.125"


@pytest.mark.parametrize(("mark", "texts", "meaning"), list(_marks()))
def test_the_decimal_sign_of_a_sheet_is_told_by_its_numbers(mark: str, texts: list[str], meaning: str) -> None:
    assert values.mark_of(texts) == mark
    assert values.number(texts[-1], mark) == Decimal(meaning)


@pytest.mark.parametrize("text", ["1,2,3", "1.2.3", "12,34.5", "1,918,69", ",5", "5-", "--5", "", "x", "1,918.5.2"])
def test_what_is_no_number_is_not_made_one(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        values.number(text, values.POINT)


def test_a_bar_code_with_a_wrong_digit_is_told_by_its_line_and_the_row_is_kept(desk: Desk) -> None:
    good = "Warehouse,Item,Unit,Quantity,GTIN\nHub,Soap,bar,5,4006381333931\n"
    found = desk.take(good.replace("3931", "3932"))
    assert (found["rows"], found["problems"]) == (1, [])
    (odd,) = found["warnings"]
    assert (odd["line"], odd["column"]) == (2, "GTIN")
    assert odd["reason"] == "4006381333932 is not a GTIN: its check digit or length is wrong"
    assert catalogue.find_item(desk.node, "Soap (bar)").codes == {"gtin": "4006381333932"}
    assert desk.take(good, name="right.csv")["warnings"] == []


@pytest.mark.parametrize(
    ("scheme", "code", "said"),
    [
        ("UNSPSC", "5118150", "is not a UNSPSC code"),
        ("UNSPSC", "51181506", ""),
        ("IFRC", "HSHEBLANCLT2", ""),
        ("ifrc", "afodmwat1.5", ""),
        ("IFRC", "12345", "doesn't look like an IFRC code"),
        ("upc", "036000291453", "is not a UPC"),
        ("", "12345", ""),
        ("Our own", "any thing", ""),
    ],
)
def test_codes_of_a_catalogue_that_is_named_are_looked_at(desk: Desk, scheme: str, code: str, said: str) -> None:
    found = desk.take(f"Item,Unit,Code,Catalog\nThing,piece,{code},{scheme}\n", kind="items")
    assert found["rows"] == 1
    assert [said in row["reason"] and row["line"] == 2 for row in found["warnings"]] == [True] * bool(said)


def test_every_common_item_bears_codes_that_raise_no_doubt() -> None:
    for fact in starter.facts().values():
        assert [codes.doubt(scheme, code) for scheme, code in fact.codes.items()] == [""] * len(fact.codes)
