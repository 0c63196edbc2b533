"""Rows that an earlier sheet brought, or that stand twice in one, are told before stock is doubled by them."""

import base64
from pathlib import Path
from typing import Any

import pytest

from node import importer, queries, record
from node.bootstrap import Node
from node.importing import repeats
from node.requests import VoidIn
from tests.fakes import MemoryNode, memory_node
from tests.node.conftest import Api

HEAD = "Place,Item,Unit,Quantity,Lot\n"
OLD = "".join(f"Depot,Thing {n},piece,{n + 1},\n" for n in range(6))


class Desk:
    """Imports texts as files of one node."""

    def __init__(self, folder: Path) -> None:
        self.node: MemoryNode = memory_node()
        self.folder = folder

    def take(self, rows: str, name: str = "week1.csv", head: str = HEAD, **wishes: Any) -> dict[str, Any]:
        path = self.folder / name
        path.write_text(head + rows, "utf-8")
        return importer.run(self.node, path, **wishes)

    def qty(self, item: str) -> str:
        return str(queries.stock(self.node, item=item)[0]["qty"])


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize("dry_run", [False, True])
def test_last_weeks_sheet_with_one_new_row_is_refused_with_its_lines(desk: Desk, dry_run: bool) -> None:
    desk.take(OLD)
    before = queries.digest(desk.node)
    with pytest.raises(importer.ImportedBefore) as refused:
        desk.take("Depot,New,piece,9,\n" + OLD, "week2.csv", dry_run=dry_run)
    assert "6 of 7 rows are the same as in week1.csv" in refused.value.what
    assert "lines 3-8. New: line 2." in refused.value.what and "--again" in refused.value.todo
    assert queries.digest(desk.node) == before
    assert desk.take("Depot,New,piece,9,\n" + OLD, "week2.csv", again=True)["notices"] == []
    assert (desk.qty("Thing 2"), desk.qty("New")) == ("6", "9")


def test_a_sheet_with_much_that_is_new_is_recorded_and_its_old_rows_are_told(desk: Desk) -> None:
    desk.take(OLD)
    new = "".join(f"Depot,Thing {n},piece,100,\n" for n in range(6))
    (said,) = desk.take(new + "Depot,Thing 2,piece,3,\nDepot,Thing 4,piece,5,\n", "week2.csv")["notices"]
    assert said.startswith("2 of 8 rows are the same as in week1.csv (imported on ")
    assert said.endswith("): lines 8-9. They count once more.")
    assert desk.qty("Thing 2") == "106"


@pytest.mark.parametrize("row", ["Depot,Thing 1,piece,2,L1\n", "Depot,Thing 1,piece,20,\n", "Store,Thing 1,piece,2,\n"])
def test_a_row_that_differs_in_place_quantity_or_lot_is_another(desk: Desk, row: str) -> None:
    desk.take(OLD)
    assert desk.take(row, "week2.csv")["notices"] == []


def test_a_date_tells_deliveries_apart(desk: Desk) -> None:
    head = HEAD.strip() + ",Date received\n"
    desk.take("Depot,Rice,kg,5,,2026-01-05\n", head=head)
    assert desk.take("Depot,Rice,kg,5,,2026-01-12\n", "week2.csv", head)["notices"] == []
    with pytest.raises(importer.ImportedBefore, match="The one row is the same"):
        desk.take("Depot, rice ,kg,5.0,,2026-01-12\n", "week3.csv", head)


def test_what_was_undone_since_was_not_imported(desk: Desk) -> None:
    desk.take(OLD)
    receipt = next(row["entry"] for row in queries.log(desk.node) if row["type"] == "receipt")
    record.void(desk.node, receipt, VoidIn(why="wrong sheet"))
    assert desk.take(OLD + "Depot,New,piece,9,\n", "week2.csv")["notices"] == []


def test_rows_that_say_the_same_in_one_sheet_are_both_named(desk: Desk) -> None:
    found = desk.take("Depot,Rice,kg,5,\nDepot,Salt,kg,5,\ndepot,RICE,kg,5.0,\n", dry_run=True)
    (one,) = found["warnings"]
    assert (one["line"], one["reason"]) == (4, "it says the same as line 2, so that both count")
    assert desk.take("Depot,Rice,kg,5,\nDepot,Salt,kg,5,\ndepot,RICE,kg,5.0,\n")["entries"] > 0
    assert desk.qty("Rice") == "10"


def test_lines_are_told_in_runs() -> None:
    assert repeats.lines([7]) == "line 7"
    assert repeats.lines([9, 2, 3, 4, 12]) == "lines 2-4, 9 and 12"
    assert repeats.lines(range(2, 60, 2)) == "lines 2, 4, 6, 8, 10, 12, 14, 16 and more"


def test_the_api_tells_it_too(api: Api, node: Node) -> None:
    def body(text: str, **more: Any) -> dict[str, Any]:
        return {"name": "week.csv", "data": base64.b64encode((HEAD + text).encode()).decode()} | more

    assert api.post("imports", body(OLD)).status_code == 201
    refused = api.post("imports", body(OLD + "Depot,New,piece,9,\n", dry_run=True))
    assert refused.status_code == 409 and "6 of 7 rows are the same" in refused.json["detail"]
    told = api.post("imports", body("Depot,Thing 1,piece,2,\n" + "Depot,New,piece,9,\n" * 2, dry_run=True)).json
    assert "1 of 3 rows are the same" in told["notices"][0]
    assert [one["line"] for one in told["warnings"]] == [4]
