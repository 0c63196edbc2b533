"""A node comes back out of its backup and never takes a number twice; and a file that is off is told."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from node import backup, bootstrap, files, record
from node.config import FILE, Config
from node.requests import ItemIn, PlaceIn, ReceiptIn, ReceiptLineIn
from sync.errors import Conflict, Malformed, NotFound, Problem, Refused, Unsupported
from tests.fakes import START_MS
from tests.node.test_cli import Line
from tests.node.test_redacting import copy

WORDS = "correct horse battery"


@pytest.fixture
def made(tmp_path: Path) -> Any:
    """Makes nodes in folders; all are closed in the end."""
    nodes: list[bootstrap.Node] = []

    def opened(name: str, team: str = "") -> bootstrap.Node:
        where = Config(data=tmp_path / name)
        clock, rng = (lambda: START_MS + len(nodes)), random.Random(f"{name} {len(nodes)}").randbytes
        node = bootstrap.init(where, team, clock=clock, rng=rng)[0] if team else bootstrap.open_node(where, clock, rng)
        nodes.append(node)
        return node

    yield opened
    for node in nodes:
        node.close()


@pytest.fixture
def stocked(made: Any) -> bootstrap.Node:
    node: bootstrap.Node = made("old", "Canal Street")
    record.add_place(node, PlaceIn(name="Gym", kind="hub"))
    record.add_item(node, ItemIn(name="Water", unit="l"))
    receive(node, "40")
    (node.config.data / FILE).write_text('sync_seconds = 60\naddresses = ["http://10.0.0.5:8481"]\n')
    return node


def receive(node: bootstrap.Node, qty: str) -> str:
    return record.receive(node, ReceiptIn(place="Gym", lines=[ReceiptLineIn(item="Water", qty=qty)])).entry


@pytest.mark.parametrize("passphrase", ["", WORDS, "ключ 鍵 \u00e9"])
def test_a_node_comes_back_as_it_was_and_goes_on_in_a_new_log(stocked, made, tmp_path, passphrase):
    file, before = tmp_path / "node.bak", stocked.digest()
    told = backup.write(stocked, file, passphrase)
    assert told.entries == stocked.log.counts()[0]
    assert backup.has_passphrase(file) is bool(passphrase)
    assert file.stat().st_mode & 0o077 == 0
    backup.restore(tmp_path / "new", file, passphrase)
    again = made("new")
    assert again.keys.node == stocked.keys.node
    assert again.log.own != stocked.log.own
    assert again.digest()["stock"] == before["stock"]
    assert again.log.verify() == []
    assert (tmp_path / "new" / FILE).read_text() == (tmp_path / "old" / FILE).read_text()
    assert sorted(path.name for path in (tmp_path / "old").iterdir() if path.name.startswith("backup")) == []
    assert [path.name for path in (tmp_path / "new").iterdir() if path.name.startswith("restore")] == []


def test_what_the_old_node_wrote_after_the_backup_comes_back_from_others_and_no_number_is_taken_twice(
    stocked, made, tmp_path
):
    other = made("other", "Bayou Wheels")
    backup.write(stocked, tmp_path / "node.bak")
    receive(stocked, "7")  # after the backup, and told to somebody
    copy(stocked, other)
    backup.restore(tmp_path / "new", tmp_path / "node.bak")
    again = made("new")
    receive(again, "2")
    copy(again, other)
    copy(other, again)
    copy(again, other)  # that it listens to the other
    assert again.log.digest() == other.log.digest()
    forked = [log for log in other.log.store.logs().values() if len(log.branches) > 1]
    assert forked == []
    again.fold.settle()
    assert again.db.execute_sql("SELECT sum(qty) FROM stock").fetchall() == [(49_000,)]


def test_nothing_in_a_backup_can_be_read_without_its_passphrase(stocked, tmp_path):
    backup.write(stocked, tmp_path / "node.bak", WORDS)
    content = (tmp_path / "node.bak").read_bytes()
    assert b"Water" not in content and b"SQLite" not in content and stocked.keys.to_bytes() not in content
    for wrong in ("", "Correct horse battery", WORDS + " "):
        with pytest.raises(Refused, match="isn't the passphrase"):
            backup.restore(tmp_path / "new", tmp_path / "node.bak", wrong)
    assert not files.exists(tmp_path / "new")


@pytest.mark.parametrize("seed", range(6))
def test_a_backup_in_which_anything_was_changed_is_refused_whole(stocked, tmp_path, seed):
    file = tmp_path / "node.bak"
    backup.write(stocked, file, WORDS)
    content, draw = bytearray(file.read_bytes()), random.Random(seed)
    at = draw.randrange(len(backup.MAGIC), len(content))
    content[at] ^= 1 << draw.randrange(8)
    file.write_bytes(content)
    with pytest.raises((Refused, Malformed)):
        backup.restore(tmp_path / "new", file, WORDS)
    assert not any((tmp_path / "new" / name).exists() for name in (files.KEYS, files.DATABASE)), f"seed {seed}"


def test_a_backup_that_was_cut_off_is_refused_whole(stocked, tmp_path, monkeypatch):
    monkeypatch.setattr(backup, "PIECE_BYTES", 100_000)  # so that there are several pieces
    file = tmp_path / "node.bak"
    backup.write(stocked, file)
    content = file.read_bytes()
    start, size = backup._START.size, len(content)
    first = start + backup._HEAD.size + int.from_bytes(content[start + 1 : start + 5], "big")
    whole = first + backup._HEAD.size + 100_000 + backup.TAG_BYTES  # two pieces, both intact
    for length in (start, start + 3, first, whole, size - 1):
        file.write_bytes(content[:length])
        with pytest.raises(Malformed, match="damaged or cut off"):
            backup.restore(tmp_path / "new", file)
    assert not files.exists(tmp_path / "new")
    second = content[first:whole]
    file.write_bytes(content[:first] + second + second + content[whole:])  # a piece twice
    with pytest.raises(Malformed):
        backup.restore(tmp_path / "new", file)


def test_what_is_no_backup_and_what_is_in_the_way_is_told(stocked, tmp_path):
    note = tmp_path / "note.txt"
    note.write_text("milk, eggs")
    with pytest.raises(Conflict, match="is not a backup"):
        backup.write(stocked, note)
    assert note.read_text() == "milk, eggs"
    with pytest.raises(Unsupported):
        backup.restore(tmp_path / "new", note)
    with pytest.raises(NotFound):
        backup.restore(tmp_path / "new", tmp_path / "nowhere.bak")
    with pytest.raises(NotFound):
        backup.write(stocked, tmp_path / "no folder" / "node.bak")
    backup.write(stocked, tmp_path / "node.bak")
    with pytest.raises(Conflict, match="There is a node"):
        backup.restore(stocked.config.data, tmp_path / "node.bak")
    backup.write(stocked, tmp_path / "node.bak")  # over an older backup


def test_a_newer_or_foreign_beginning_inside_is_told_without_a_traceback(stocked, tmp_path, monkeypatch):
    file = tmp_path / "node.bak"
    monkeypatch.setattr(backup, "_pieces", lambda told, copy, progress: iter([b'{"from":"another program"}', b"x"]))
    backup.write(stocked, file)
    with pytest.raises(Problem, match="damaged"):
        backup.restore(tmp_path / "new", file)


def test_backup_and_restore_from_the_command_line(tmp_path):
    line = Line(tmp_path / "node")
    line("init", "--team", "Canal Street")
    line("place", "add", "Depot", "--kind", "hub")
    line("receive", "Depot", "blanket=20")
    words, file = tmp_path / "words", tmp_path / "depot.bak"
    words.write_text(WORDS + "\n")
    made = line.json("backup", str(file), "--passphrase-file", str(words))
    assert made == {"file": str(file), "bytes": file.stat().st_size, "entries": made["entries"], "passphrase": True}
    again = Line(tmp_path / "again")
    assert "has a passphrase" in again("restore", str(file), code=2).stderr
    told = again.json("restore", str(file), "--passphrase-file", str(words))
    assert (told["team"], told["entries"]) == ("Canal Street", made["entries"])
    assert told["log"] != line.json("init", "--team", "Canal Street")["log"]
    assert again.json("stock")[0]["qty"] == "20"
    assert again.json("verify")["ok"] is True
    assert "There is a node" in again("restore", str(file), "--passphrase-file", str(words), code=1).stderr
    assert json.loads(line("backup", str(tmp_path / "plain.bak"), "--json").stdout)["passphrase"] is False
