"""Nodes with equal digests write equal bytes; an edited figure or a missing entry is found, and where it is."""

import csv
import io
import json
import random
import re

import pytest

from node import queries
from node.events import Receipt, ReceiptLine
from node.reporting import registry
from node.reporting.verifying import Verdict, said, verify
from node.reporting.writing import formats
from sync.errors import Malformed, Untrue
from tests.fakes import MemoryNode, memory_node, tell
from tests.reporting_formats.histories import history, one_more
from tests.reporting_formats.tables import ASKING, PLAIN

FIGURE = re.compile(r"-?\d+(\.\d+)?|\d{4}-\d\d-\d\d(T.*Z)?")
CHECKED = ("csv", "hxl", "json")
SEEDS = (1, 2)

BY = [("balance", {"by": "place"}), ("statement", {"by": "place,fund"}), ("transfers", {"between": "place"})]


def written(node: MemoryNode, name: str, form: str, **asked: str) -> bytes:
    out = io.BytesIO()
    with queries.one_moment(node):
        formats.FORMATS[form].write(registry.document(node, name, asked), out, None)
    return out.getvalue()


def checked(node: MemoryNode, content: bytes) -> Verdict:
    with queries.one_moment(node):
        return verify(node, io.BytesIO(content))


def heard_by_another(node: MemoryNode, seed: int) -> MemoryNode:
    """A node of another team that was told everything."""
    other = memory_node(f"other {seed}")
    tell(node, other)
    node.log.vouch(other.keys.node, other.keys.agree, other.keys.agree_sig)  # each believes the other
    tell(other, node)
    tell(node, other)
    return other


@pytest.mark.parametrize("form", formats.FORMATS)
@pytest.mark.parametrize(("name", "asked"), [*((n, {}) for n in PLAIN), *ASKING.items(), *BY])
@pytest.mark.parametrize("seed", SEEDS)
def test_nodes_with_equal_digests_write_equal_bytes(seed, name, asked, form):
    node = history(seed).node
    other = heard_by_another(node, seed)
    node.now += 86_400_000 * 400  # the time at which a report is made is nothing to it
    assert node.log.digest() == other.log.digest()
    assert written(node, name, form, **asked) == written(other, name, form, **asked)


@pytest.mark.parametrize("form", CHECKED)
@pytest.mark.parametrize(("name", "asked"), [*((n, {}) for n in PLAIN), *ASKING.items(), *BY])
def test_another_node_with_these_entries_says_yes(name, asked, form):
    node = history(3).node
    other = heard_by_another(node, 3)
    assert checked(other, written(node, name, form, **asked)) == Verdict(name, True, True, None)


def figures(content: bytes) -> list[tuple[int, int]]:
    """(row, column) of all cells of a CSV that are numbers or times."""
    rows = list(csv.reader(io.StringIO(content.decode())))
    return [(i, j) for i, row in enumerate(rows) for j, cell in enumerate(row) if FIGURE.fullmatch(cell)]


def with_cell(content: bytes, row: int, column: int, text: str) -> bytes:
    rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
    rows[row][column] = text
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


@pytest.mark.parametrize("form", ["csv", "hxl"])
@pytest.mark.parametrize("name", PLAIN)
def test_one_edited_figure_is_found_where_it_stands(name, form):
    node = history(4).node
    content, draw = written(node, name, form), random.Random(f"{name} {form}")
    rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
    found_figures = figures(content)
    assert found_figures
    for row, column in draw.sample(found_figures, min(10, len(found_figures))):
        found = checked(node, with_cell(content, row, column, "123456789"))
        assert not found.same and found.covers and found.difference
        head = rows[0] if form == "csv" else rows[8]
        line = 1 + sum(cells.count("\n") + 1 for cells in map("".join, rows[:row]))
        assert found.difference[:3] == (line, head[column], "123456789"), "the place of the difference"
        assert found.difference.books == rows[row][column]


def test_one_edited_figure_of_a_json_file_is_found_where_it_stands():
    node = history(4).node
    whole = json.loads(written(node, "balance", "json"))
    whole["rows"][3]["received"] = "9999999"
    found = checked(node, json.dumps(whole, indent=4).encode())
    assert found.difference and found.difference[:3] == (6, "received", "9999999")


@pytest.mark.parametrize("name", ["title", "about", "notes", "columns"])
def test_what_a_json_file_says_above_its_rows_is_checked_too(name):
    node = history(4).node
    whole = json.loads(written(node, "statement", "json", since="2023-12-01"))
    whole[name] = {"title": "Other", "about": {"period": "always"}, "notes": [], "columns": whole["columns"]}[name]
    whole["columns"][-1]["title"] = "Other" if name == "columns" else whole["columns"][-1]["title"]
    found = checked(node, json.dumps(whole).encode())
    assert found.difference and found.difference[:2] == (1, name)


def parts(content: bytes) -> tuple[list[bytes], list[bytes]]:
    """A CSV's table and its proof."""
    lines = lines_of(content)
    return [line for line in lines if b"# " not in line[:3]], [line for line in lines if b"# " in line[:3]]


MOVED = ("balance", "statement", "stock", "activity", "daily", "movements")  # reports that any receipt changes


@pytest.mark.parametrize("name", MOVED)
def test_a_report_made_without_one_entry_is_refused_with_the_place(name):
    """Whoever leaves an entry out has to name heads that don't have it, or another root: it can't be hidden."""
    whole, less = history(5), history(5)
    whole.write(Receipt(whole.node.now, "north", [ReceiptLine("rice", 1000)]))
    table, proof = parts(written(less.node, name, "csv"))
    right_table, right_proof = parts(written(whole.node, name, "csv"))
    found = checked(whole.node, b"".join([*table, *right_proof]))
    assert not found.same and found.covers and found.difference
    first = next(at for at in range(len(right_table)) if table[at : at + 1] != right_table[at : at + 1])
    assert found.difference.line == first + 1 or found.difference.file == "nothing"
    with pytest.raises(Untrue, match="not those of the root"):
        heads = [line for line in right_proof if b"heads" in line]
        checked(whole.node, b"".join([*table, *(line for line in proof if b"heads" not in line), *heads]))


@pytest.mark.parametrize("form", CHECKED)
def test_a_node_that_lacks_entries_says_so(form):
    whole, less = history(5), history(5)
    whole.write(Receipt(whole.node.now, "north", [ReceiptLine("rice", 1000)]))
    for name in MOVED:
        found = checked(less.node, written(whole.node, name, form))
        assert not found.same and not found.covers and found.difference


@pytest.mark.parametrize("form", CHECKED)
@pytest.mark.parametrize("name", PLAIN)
def test_an_earlier_report_is_still_true_when_more_is_known(name, form):
    """Also on a node that has by now undone entries of then, counted, and heard of another team."""
    then = history(6, 60)
    content = written(then.node, name, form)
    for _ in range(60):
        one_more(then)
    other = heard_by_another(then.node, 6)
    for node in (then.node, other):
        assert written(node, name, form) != content
        assert checked(node, content) == Verdict(name, True, True, None)
        edited = re.sub(rb'([,"] ?|: )1', rb"\g<1>2", content, count=1)
        assert edited != content and not checked(node, edited).same


def test_heads_that_this_node_never_had_are_not_taken_for_its_own():
    one, other = history(1), history(2)
    found = checked(one.node, written(other.node, "balance", "csv"))
    assert not found.covers and not found.same


def lines_of(content: bytes) -> list[bytes]:
    return content.splitlines(keepends=True)


def test_a_row_that_is_gone_or_was_added_or_moved_is_found():
    node = history(1).node
    lines = lines_of(written(node, "balance", "csv"))
    gone = checked(node, b"".join([*lines[:2], *lines[3:]]))
    added = checked(node, b"".join([*lines[:2], lines[1], *lines[2:]]))
    moved = checked(node, b"".join([lines[0], lines[2], lines[1], *lines[3:]]))
    assert [found.difference and found.difference.line for found in (gone, added, moved)] == [3, 3, 2]
    last = checked(node, b"".join([*lines[:-9], *lines[-8:]]))
    assert last.difference and last.difference.file == "nothing"


def test_an_edited_proof_is_found():
    node = history(1).node
    content = written(node, "balance", "csv")
    (digest,) = [line for line in lines_of(content) if line.startswith(b"# digest")]
    found = checked(node, content.replace(digest, b"# digest: 00\r\n"))
    assert found.difference and found.difference[:3] == (0, "digest", "00")
    root = node.log.digest()[0].encode()
    with pytest.raises(Untrue, match="not those of the root"):
        checked(node, content.replace(root, b"0" * 64))
    policy = node.log.digest()[1].encode()
    assert checked(node, content.replace(policy, b"0" * 64)) == Verdict("balance", True, False, None)


def test_what_a_spreadsheet_saves_anew_is_still_the_same():
    """With a byte order mark, all cells in quotes, other ends of lines, and rows filled up to one width."""
    node = history(2).node
    rows = list(csv.reader(io.StringIO(written(node, "movements", "csv").decode(), newline="")))
    out, width = io.StringIO(newline=""), max(map(len, rows))
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([r + [""] * (width - len(r)) for r in rows])
    saved = out.getvalue().replace("# shows: ", "# shows:")  # spaces at the end are gone
    assert checked(node, b"\xef\xbb\xbf" + saved.encode()).same


@pytest.mark.parametrize("form", ["csv", "hxl"])
@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_what_a_spreadsheet_parts_as_its_country_does_is_still_the_same(delimiter, form):
    node = history(2).node
    rows = list(csv.reader(io.StringIO(written(node, "statement", form).decode(), newline="")))
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    assert checked(node, out.getvalue().encode()).same
    rows[2 if form == "csv" else -1][-1] = "123456"
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    assert not checked(node, out.getvalue().encode()).same


def test_a_node_that_lacks_entries_says_that_it_cannot_tell():
    node = history(2).node
    content = written(node, "statement", "csv")
    told = said(checked(memory_node("a stranger"), content))
    assert told[0].startswith("This node can't tell: it doesn't hold") and "line 2" in told[0] and "No:" not in told[0]


@pytest.mark.parametrize(
    "content",
    [
        *(
            b"",
            b"{",
            b"{}",
            b"[]",
            b"a,b\r\n1,2\r\n",
            b"\xff\xfe\x00",
            b"PK\x03\x04",
            b'{"columns": 3}',
            b"# report: x\r\n",
        ),
        b'{"columns": [], "rows": [7], "proof": {}}',
        b'"' + b"x" * 2_000_000 + b'"',
    ],
)
def test_what_is_no_report_is_told_so(content):
    with pytest.raises(Malformed, match="no report that can be checked"):
        checked(memory_node(), content)


def test_what_was_asked_has_to_be_readable():
    node = history(1).node
    content = written(node, "balance", "csv")
    for asked in (b"{", b"[]", b'{""by"": 3}'):
        with pytest.raises(Malformed, match="no report"):
            checked(node, content.replace(b"# asked: {}", b'"# asked: ' + asked + b'"'))
    with pytest.raises(Malformed, match="takes no shelf"):
        checked(node, content.replace(b"# asked: {}", b'"# asked: {""shelf"": ""1""}"'))
