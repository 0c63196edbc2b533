"""The export in JSON is written piece by piece, and its bytes are those of the whole at once."""

import gc
import io
import json
import tracemalloc

import pytest

from node import correcting, merging, needing, queries, record, undoing
from node.bootstrap import Node
from node.reporting import exporting, registry
from node.reporting.writing import pieces
from node.requests import CorrectIn, DistributionIn, ItemIn, LineIn, NeedIn, SameAsIn, VoidIn
from tests.node.conftest import clock, new_node, node  # noqa: F401
from tests.reporting_formats.tables import NASTY


def drop(node: Node, qty: str, note: str = "") -> str:  # noqa: F811
    lines = [LineIn(item="Blanket", qty=qty)]
    return record.distribute(node, DistributionIn(place="Harvey Hub", lines=lines, note=note or None)).entry


def exported(node: Node) -> bytes:  # noqa: F811
    out = io.BytesIO()
    with registry.one_moment(node) as then:
        exporting.EXPORTS["json"].write(then, out, None)
    return out.getvalue()


def at_once(node: Node) -> bytes:  # noqa: F811
    whole = {
        "stock": queries.stock(node, lots=True),
        "places": queries.places(node),
        "items": queries.items(node),
        "entries": queries.log(node, limit=1_000_000),
        "digest": queries.digest(node),
    }
    return (json.dumps(whole, ensure_ascii=False, indent=1) + "\n").encode()


@pytest.mark.parametrize("page", [1, 2, 3, 7, 2000])
def test_the_bytes_are_those_of_the_whole(node: Node, clock, monkeypatch: pytest.MonkeyPatch, page: int):  # noqa: F811
    """With undone and corrected entries at the ends of pages, merged items, and several entries in one millisecond."""
    monkeypatch.setattr(exporting, "PAGE", page)
    record.add_item(node, ItemIn(name="Wool blanket", unit="piece"))
    for at, note in enumerate(NASTY):
        clock.ms += at % 2
        entry = drop(node, "1", note.strip()[:200])
        if at % 3 == 0:
            undoing.void(node, entry, VoidIn(why="twice"))
        elif at % 3 == 1:
            correcting.correct(node, entry, CorrectIn(why="slip", people=4))
    needing.add(node, NeedIn(place="Harvey Hub", lines=[LineIn(item="Insulin", qty="3")]))
    merging.same(node, SameAsIn(id="Wool blanket", same="Blanket", kind="item"))
    assert exported(node) == at_once(node)


def test_an_empty_node(new_node):  # noqa: F811
    nobody = new_node("Nobody")
    assert exported(nobody) == at_once(nobody) and b'"stock": []' in exported(nobody)


def test_memory_does_not_grow_with_the_log(node: Node, monkeypatch: pytest.MonkeyPatch):  # noqa: F811
    monkeypatch.setattr(exporting, "PAGE", 20)
    with node.log.transaction():
        for _ in range(3000):
            drop(node, "0.001")

    class Nowhere(io.BytesIO):
        """Counts, and keeps nothing."""

        size = 0

        def write(self, piece: object) -> int:
            """Write a piece."""
            self.size += len(piece)  # type: ignore[arg-type]
            return 0

    out = Nowhere()
    with registry.one_moment(node) as then:
        exporting.EXPORTS["json"].write(then, Nowhere(), None)  # so that whatever is loaded on first use is there
        usual = gc.get_threshold()
        gc.set_threshold(700, 10, 10)  # another test may have run a command, which makes collecting rare
        gc.collect()
        tracemalloc.start()
        exporting.EXPORTS["json"].write(then, out, None)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        gc.set_threshold(*usual)
    assert out.size > 1_000_000 and peak < out.size // 2


WHOLES = [{"a": []}, {"a": [], "b": {}}, {"a": [1, {"b": ["\n", "\u2028"]}], "é\n": {"c": {}}, "d": None}]


@pytest.mark.parametrize("whole", WHOLES)
def test_any_object_is_written_as_json_would(whole):
    out = io.BytesIO()
    pieces.write({name: iter(part) if isinstance(part, list) else part for name, part in whole.items()}, out)
    assert out.getvalue() == (json.dumps(whole, ensure_ascii=False, indent=1) + "\n").encode()
