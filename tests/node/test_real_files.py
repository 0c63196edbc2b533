"""Real inventory files of relief organisations, where they lie beside the project."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from node import accounts, importer, kits, queries
from node.events import Receipt
from tests.fakes import MemoryNode, memory_node

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "sahana"
pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="needs the files of ../shared/data/sahana")


@pytest.fixture
def node() -> MemoryNode:
    return memory_node()


def _take(node: MemoryNode, name: str, **wishes: Any) -> dict[str, Any]:
    found = importer.run(node, FOLDER / name, **wishes)
    assert found["problems"] == []
    return found


def _received(node: MemoryNode) -> list[Receipt]:
    facts = [entry.fact for batch in node.log.folded() for entry in batch]
    return [fact for fact in facts if isinstance(fact, Receipt)]


def test_the_stock_of_the_nroc_warehouses_is_recorded_to_the_cent(node: MemoryNode) -> None:
    found = _take(node, "nroc_warehouse_stock.csv")
    assert (found["rows"], found["places_new"], found["values"]) == (152, 4, {"PHP": "64709651.23"})
    lines = [line for fact in _received(node) for line in fact.lines]
    worth = sum(Decimal(line.qty) / 1000 * Decimal(line.value) for line in lines)
    assert (len(lines), round(worth, 2)) == (152, Decimal("64709651.23"))
    assert {row["name"] for row in queries.places(node)} == {f"NROC Warehouse {letter}" for letter in "ABCE"}
    assert sum(Decimal(row["qty"]) for row in queries.stock(node)) == 1_918_696
    assert accounts.balance(node)["balanced"]


def test_the_same_stock_again_is_recognised(node: MemoryNode) -> None:
    _take(node, "nroc_warehouse_stock.csv")
    before = queries.digest(node)
    with pytest.raises(importer.ImportedBefore):
        _take(node, "nroc_warehouse_stock.csv")
    assert queries.digest(node) == before


def test_the_warehouses_own_list_finds_the_places_of_their_stock(node: MemoryNode) -> None:
    _take(node, "nroc_warehouse_stock.csv")
    assert _take(node, "nroc_warehouse.csv")["places_new"] == 20
    assert len(queries.places(node)) == 24


def test_the_stock_of_pirac_is_found_by_the_codes_of_its_catalogue(node: MemoryNode) -> None:
    assert _take(node, "pirac_catalog.csv")["items_new"] == 24
    found = _take(node, "pirac_stock.csv")
    assert (found["rows"], found["items_new"], found["places_new"], found["zeros"]) == (33, 0, 2, 6)
    names = {row["item_name"]: row["qty"] for row in queries.stock(node, place="Guadeloupe")}
    assert names["JERRYCAN, collapsible, 10L, food grade LDPE, screw cap"] == "5000"


def test_the_stock_of_pirac_alone_calls_items_as_all_do_or_by_their_codes(node: MemoryNode) -> None:
    assert _take(node, "pirac_stock.csv")["items_new"] == 23
    names = {row["item_name"] for row in queries.stock(node)}
    assert {"Jerrycan, foldable, 10 L", "KRELCLEA01"} <= names and "HSHEMNETRL" not in names


def test_the_whole_catalogue_of_the_ifrc_comes_in_once(node: MemoryNode) -> None:
    told: list[tuple[int, int]] = []
    found = _take(node, "ifrc_items.csv", progress=lambda done, total: told.append((done, total)))
    assert found["items_new"] == found["rows"] == len(queries.items(node)) == 11_782
    assert told[-1] == (11_782, 11_782)
    assert _take(node, "ifrc_items.csv")["entries"] == 0
    assert any("pétrole" in row["name"] for row in queries.items(node, like="EGENHONDEU65"))
    assert _take(node, "pirac_stock.csv")["items_new"] == 6


def test_the_family_kit_of_pirac_says_how_many_a_warehouse_can_build(node: MemoryNode) -> None:
    for name in ("pirac_catalog.csv", "pirac_kit.csv", "pirac_stock.csv"):
        _take(node, name)
    (kit,) = kits.kits(node)
    assert (kit["kit_name"], len(kit["parts"])) == ("Family kit", 8)
    told = kits.check(node, "Guadeloupe", "Family Kit")
    held = {row["item"]: Decimal(row["qty"]) for row in queries.stock(node, "Guadeloupe")}
    assert int(told["buildable"]) == min(held.get(part["item"], 0) // Decimal(part["qty"]) for part in kit["parts"])
    assert _take(node, "pirac_kit.csv")["entries"] == 0


@pytest.mark.parametrize("row", [1, 77, 152])
def test_one_broken_row_is_named_and_nothing_is_recorded(node: MemoryNode, tmp_path: Path, row: int) -> None:
    lines = (FOLDER / "nroc_warehouse_stock.csv").read_text("utf-8").splitlines(keepends=True)
    cells = lines[row].rsplit(",", 2)
    lines[row] = f"{cells[0]},unknown,{cells[2]}"
    path = tmp_path / "broken.csv"
    path.write_text("".join(lines), "utf-8")
    before = queries.digest(node)
    found = importer.run(node, path)
    assert [(problem["line"], problem["column"]) for problem in found["problems"]] == [(row + 1, "Quantity")]
    assert (found["entries"], queries.digest(node)) == (0, before)
