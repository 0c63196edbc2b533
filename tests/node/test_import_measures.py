"""What a file of items tells of one unit: weight, volume and value, never against what somebody has said."""

import pytest

from node import importer, queries
from tests.fakes import MemoryNode, memory_node


@pytest.fixture
def node() -> MemoryNode:
    return memory_node()


HEADS = "Item Name,Item Code,Unit of Measure,Weight,Volume,Unit Value,Currency\n"


def test_items_come_with_what_is_known_of_one(node, tmp_path):
    file = tmp_path / "items.csv"
    file.write_text(
        HEADS
        + '"Blanket, light",HSHEBLANCLT2,piece,0.68,0.0015333333,3.10,chf\nNet,X1,piece,0,0,0,CHF\nRope,X2,m,heavy,,,\n'
    )
    found = importer.run(node, file)
    assert (found["kind"], found["problems"], found["unused"]) == ("items", [], [])
    assert [(row["line"], row["column"]) for row in found["warnings"]] == [(4, "Weight")]
    told = {row["name"]: row for row in queries.items(node)}
    row = told["Blanket, light"]
    assert [row[name] for name in ("weight", "volume", "value", "currency")] == [680, 1533, "3.1", "CHF"]
    assert [told["Net"][name] for name in ("weight", "volume", "value")] == [None, None, None]
    file.write_text(HEADS + '"Blanket, light",HSHEBLANCLT2,piece,0.9,0.002,5,EUR\nNet,X1,piece,0.444,,5.5,CHF\n')
    importer.run(node, file)
    told = {row["name"]: row for row in queries.items(node)}
    assert told["Blanket, light"]["weight"] == 680 and told["Blanket, light"]["currency"] == "CHF"  # as somebody said
    assert (told["Net"]["weight"], told["Net"]["value"]) == (444, "5.5")


def test_a_heading_tells_the_unit_of_a_measure(node, tmp_path):
    file = tmp_path / "items.csv"
    file.write_text("item code,item description,volume litre,weight g\nAA1,Loudspeaker,99.456,14900\n")
    importer.run(node, file)
    (row,) = queries.items(node)
    assert (row["weight"], row["volume"]) == (14_900, 99_456)
