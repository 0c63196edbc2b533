"""Signed statements: checked by a script that knows nothing of this program, and refused where anything was touched."""

import json
import subprocess
import sys
import zipfile

import pytest

from node import accounts, moving, record, redacting, repacking, undoing
from node.cli.output import whole_file
from node.reporting import signed, verifier
from node.requests import (
    ArrivalIn,
    ArrivalLineIn,
    CountIn,
    DispatchIn,
    DistributionIn,
    LineIn,
    LossIn,
    PlaceIn,
    ReceiptIn,
    ReceiptLineIn,
    RedactIn,
    RepackIn,
    RepackOutIn,
    VoidIn,
)
from sync.errors import Untrue
from tests.node.test_cli import Line
from tests.node.test_redacting import copy


def blankets(qty):
    return [LineIn(item="Blanket", qty=qty)]


@pytest.fixture
def busy(node, new_node):
    """A node that did all that moves stock, and heard of another that did some."""
    other = new_node("Bayou Wheels")
    copy(node, other)
    record.add_place(node, PlaceIn(name="Gym", kind="site"))
    sent = moving.dispatch(node, DispatchIn(place="Harvey Hub", to="Gym", lines=blankets("30"))).entry
    copy(node, other)
    came = [ArrivalLineIn(item="Blanket", qty="20", damaged="3", missing="2")]
    moving.arrive(other, ArrivalIn(dispatch=sent, lines=came))
    line = ReceiptLineIn(item="Rice", qty="2.5", lot="A1", expiry="2099-01-01")
    record.add_item(other, record.ItemIn(name="Rice", unit="kg"))
    record.receive(other, ReceiptIn(place="Gym", lines=[line], note="from Mrs Smith"))
    copy(other, node)
    record.count(node, CountIn(place="Gym", lines=blankets("18")))
    record.lose(node, LossIn(place="Gym", lines=blankets("1"), reason="stolen"))
    made = [RepackOutIn(item="Insulin", qty="1")]
    repacking.repack(node, RepackIn(place="Harvey Hub", used=blankets("4"), made=made))
    wrong = record.distribute(node, DistributionIn(place="Gym", lines=blankets("5"), people=5)).entry
    undoing.void(node, wrong, VoidIn(why="twice"))
    noted = record.distribute(node, DistributionIn(place="Gym", lines=blankets("5"), note="for Mrs Smith")).entry
    redacting.redact(node, noted, RedactIn())
    return node


@pytest.fixture
def statement(busy, tmp_path):
    path = tmp_path / "books.zip"
    write(busy, path)
    return path


def write(node, path):
    with whole_file(path) as out:
        return signed.write(node, out)


def change(path, name, edit):
    """The same file with one part edited."""
    with zipfile.ZipFile(path) as file:
        parts = {part: file.read(part) for part in file.namelist()}
    parts[name] = edit(parts[name])
    found = path.with_name("changed.zip")
    with zipfile.ZipFile(found, "w") as file:
        for part, content in parts.items():
            file.writestr(part, content)
    return found


def lines_of(raw):
    return [json.loads(line) for line in raw.splitlines()]


def joined(lines):
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def test_a_statement_holds_and_says_what_the_books_say(busy, statement):
    told = signed.check(statement)
    assert told["balance"] == accounts.balance(busy, raw=True)["items"] and len(told["balance"]) >= 3
    assert told["root"] == busy.digest()["root"]
    columns = {row["item_name"]: row for row in told["balance"]}["Blanket"]
    assert [columns[name] for name in ("lost", "in_transit", "repacked", "unexplained")] == ["6", "5", "4", "2"]


def test_it_is_checked_by_the_script_in_it_without_this_program(statement, tmp_path):
    with zipfile.ZipFile(statement) as file:
        file.extract("verify.py", tmp_path)
    words = [sys.executable, "-I", str(tmp_path / "verify.py"), str(statement)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every chain is whole" in done.stdout
    source = (tmp_path / "verify.py").read_text("utf-8")
    assert "import node" not in source and "from sync" not in source and "from node" not in source


def test_the_words_that_were_taken_out_are_not_in_it(statement):
    with zipfile.ZipFile(statement) as file:
        text = file.read("entries.jsonl").decode()
    assert "for Mrs Smith" not in text and "from Mrs Smith" in text


def test_the_same_books_give_the_same_file(busy, statement, tmp_path):
    write(busy, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == statement.read_bytes()


def _drop_one(raw, at):
    lines = lines_of(raw)
    del lines[at]
    return joined(lines)


def _last_of_a_branch(raw):
    """A log cut short, with its own count put right: only the root can tell."""
    lines = lines_of(raw)
    heads = [at for at, line in enumerate(lines) if isinstance(line, dict)]
    end = next(at for at in (*heads[1:], len(lines)) if lines[at - 2][4])  # where the one before is signed, too
    head = max(at for at in heads if at < end)
    lines[head]["entries"] -= 1
    lines[head]["believed"] = lines[head]["entries"]
    del lines[end - 1]
    return joined(lines)


def _edited(raw, old, new):
    assert old in raw
    return raw.replace(old, new, 1)


FORGERIES = {
    "a figure": ("statement.json", lambda raw: _edited(raw, b'"lost": "6"', b'"lost": "5"'), "signed"),
    "an entry left out": (
        "entries.jsonl",
        lambda raw: _drop_one(raw, 4),
        "not as its author|isn't as its author|not in their order|should have",
    ),
    "the last entry left out": ("entries.jsonl", lambda raw: _drop_one(raw, -1), "entries"),
    "a log cut short": ("entries.jsonl", _last_of_a_branch, "some are missing"),
    "a quantity": (
        "entries.jsonl",
        lambda raw: _edited(raw, b'\\"qty\\":20000', b'\\"qty\\":21000'),
        "isn't as its author",
    ),
    "a whole log left out": (
        "entries.jsonl",
        lambda raw: joined(lines_of(raw)[: [isinstance(x, dict) for x in lines_of(raw)].index(True, 1)]),
        "some are missing",
    ),
    "another signature": ("signature.txt", lambda raw: b"00" * 64, "signed"),
    "no statement": ("statement.json", lambda raw: b"[]", "can't be read"),
    "nonsense": ("entries.jsonl", lambda raw: b"{", "can't be read"),
}


@pytest.mark.parametrize("what", FORGERIES)
def test_a_forgery_is_refused(statement, what, tmp_path):
    name, edit, said = FORGERIES[what]
    forged = change(statement, name, edit)
    with pytest.raises(Untrue, match=said):
        signed.check(forged)
    assert verifier.main(["verify.py", str(forged)]) == 1


def test_a_lie_about_the_figures_is_named_even_if_it_is_signed(busy, tmp_path, monkeypatch):
    told = accounts.balance(busy, raw=True)
    row = next(row for row in told["items"] if row["item_name"] == "Blanket")
    row["distributed"] = "99"
    monkeypatch.setattr(accounts, "balance", lambda *_, **__: told)
    write(busy, tmp_path / "lie.zip")
    with pytest.raises(Untrue, match="Blanket: distributed is stated as 99"):
        signed.check(tmp_path / "lie.zip")


def test_what_is_not_believed_is_in_the_chain_and_not_in_the_figures(busy, new_node, tmp_path):
    stranger = next(entry.node for entry in busy.log.latest(100) if entry.node != busy.keys.node)
    with busy.log.transaction():
        busy.log.block(stranger)
    write(busy, tmp_path / "books.zip")
    told = signed.check(tmp_path / "books.zip")
    assert "Rice" not in {row["item_name"] for row in told["balance"]}
    with zipfile.ZipFile(tmp_path / "books.zip") as file:
        assert b"Mrs Smith" not in file.read("entries.jsonl")


def test_an_empty_node_states_nothing_and_that_holds(new_node, tmp_path):
    write(new_node("Nobody"), tmp_path / "books.zip")
    assert signed.check(tmp_path / "books.zip")["balance"] == []


def test_a_file_that_is_no_statement(tmp_path, capsys):
    (tmp_path / "x.zip").write_bytes(b"PK nonsense")
    with pytest.raises(Untrue, match="can't be read"):
        signed.check(tmp_path / "x.zip")
    assert verifier.main(["verify.py"]) == 2 and verifier.main(["verify.py", str(tmp_path / "none.zip")]) == 1


def test_it_is_written_and_checked_from_the_command_line(tmp_path):
    line = Line(tmp_path / "node")
    line("init", "--team", "Canal Street")
    line("place", "add", "Depot", "--kind", "hub")
    line("receive", "Depot", "blanket=20")
    path = str(tmp_path / "books.zip")
    assert line.json("statement", "write", path)["items"] == 1
    assert line.json("statement", "verify", path)["ok"] is True
    assert "every signature holds" in line("statement", "verify", path).stdout
    (tmp_path / "books.zip").write_bytes(b"nonsense")
    assert "can't be read" in line("statement", "verify", path, code=1).stderr
    assert "can't be written" in line("statement", "write", str(tmp_path / "no" / "books.zip"), code=1).stderr
