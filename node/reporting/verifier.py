"""Checks a signed statement of Bucketline without Bucketline: it needs Python 3.10 or newer and `cryptography`.

    python verify.py STATEMENT.zip

It checks that the statement is signed by the node that it names; that every log's entries form a chain from the first
to the last, none left out, each signed by its author; that the root over all of them is the one stated; and that the
figures of the balance follow from the entries. It prints what it found, and ends with 0 only if all of it holds.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import sys
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAGIC, ZERO = b"bktline\x01", bytes(32)
HEADER = struct.Struct(">8s16s32sQ32sQq32s")
CAME, WENT = ("received", "transferred_in"), ("distributed", "transferred_out", "in_transit")
COLUMNS = (*CAME, *WENT, "lost", "unexplained", "repacked", "on_hand")
Row = dict[str, Any]
Known = dict[bytes, tuple[bytes, int, str | None]]  # author, lamport, payload by entry id


class Untrue(Exception):
    """Something that the statement says doesn't hold."""


def holds(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 key (32 bytes) signed a message."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


# the chain


class Branch:
    """One log's entries, as they are read: each must be hashed into the next."""

    def __init__(self, network: bytes, head: Row) -> None:
        self.network, self.log = network, bytes.fromhex(head["log"])
        self.author = bytes.fromhex(head["author"])
        self.entries, self.believed = head["entries"], head["believed"]
        self.prev, self.seq, self.lamport, self.signed = ZERO, 0, -1, True
        self.name = f"log {head['log'][:12]}"

    def take(
        self, lamport: int, claimed: int, payload: str | None, hash: str | None, signature: str | None
    ) -> tuple[bytes, int, int, str | None]:
        """(id, seq, lamport, payload) of the next entry."""
        digest = bytes.fromhex(hash or "") if payload is None else hashlib.sha256(payload.encode()).digest()
        log = self.log if self.seq else ZERO
        head = HEADER.pack(MAGIC, self.network, log, self.seq, self.prev, lamport, claimed, digest)
        id = hashlib.sha256(head).digest()
        if lamport <= self.lamport:
            raise Untrue(f"The entries of {self.name} are not in their order at number {self.seq}.")
        if not self.seq:
            self._begin(id, payload)
        if signature and not holds(self.author, b"bucketline entry\0" + id, bytes.fromhex(signature)):
            raise Untrue(f"Entry {self.seq} of {self.name} isn't as its author signed it.")
        self.prev, self.lamport, self.signed = id, lamport, bool(signature)
        self.seq += 1
        return id, self.seq - 1, lamport, payload

    def _begin(self, id: bytes, payload: str | None) -> None:
        if id != self.log:
            raise Untrue(f"The first entry of {self.name} is not the one that the log is named after.")
        if payload is None or bytes.fromhex(json.loads(payload)["node"]) != self.author:
            raise Untrue(f"{self.name} is not of the author named.")

    def end(self) -> bytes:
        """The branch's leaf in the root; Untrue where entries are missing at its end."""
        if self.seq != self.entries:
            raise Untrue(f"{self.name} should have {self.entries} entries, and there are {self.seq}.")
        if not self.signed:
            raise Untrue(f"The last entry of {self.name} is not signed.")
        return self.log + (self.seq - 1).to_bytes(8, "big") + self.prev


def read(extract: Iterable[bytes], network: bytes) -> tuple[str, int, Known]:
    """(root, how many entries, believed entries as {id: (author, lamport, payload)}) of an extract's lines."""
    leaves: list[bytes] = []
    known: Known = {}
    ids: set[bytes] = set()
    branch: Branch | None = None
    for line in extract:
        row = json.loads(line)
        if isinstance(row, dict):
            if branch:
                leaves.append(branch.end())
            branch = Branch(network, row)
            continue
        if branch is None:
            raise Untrue("The entries begin in the middle of a log.")
        id, seq, lamport, payload = branch.take(*row)
        ids.add(id)
        if seq < branch.believed:
            known[id] = branch.author, lamport, payload
    if branch:
        leaves.append(branch.end())
    root = hashlib.sha256(b"bucketline root\0" + b"".join(sorted(leaves))).hexdigest()
    return root, len(ids), known


# the figures


def standing(known: Known) -> list[tuple[bytes, Row]]:
    """Facts that nobody undid, as (id, fact), in the order in which they took place."""
    facts: list[tuple[bytes, bytes, int, Row | None]] = []
    undone: set[Any] = set()
    left: dict[Any, Row] = {}
    for id, (author, lamport, payload) in known.items():
        fact = json.loads(payload) if payload else None
        if fact and fact.get("type") == "void":
            undone.add((fact.get("target"), author))
        if fact and fact.get("type") == "redaction":
            left[fact.get("target"), author] = fact["fact"]
        facts.append((id, author, lamport, fact))
    told = []
    for id, author, lamport, fact in facts:
        fact = fact or left.get((id.hex(), author))
        if fact and "at" in fact and (id.hex(), author) not in undone:
            told.append((fact["at"], lamport, id, fact))
    return [(id, fact) for *_, id, fact in sorted(told, key=lambda row: row[:3])]


class Books:
    """The double entry of one item: what is held by place and lot, what is on its way, and the sums."""

    def __init__(self) -> None:
        self.held: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.sums: Counter[str] = Counter()

    def move(self, column: str, place: str, lot: str, qty: int) -> None:
        """So much more (or less) is at a place."""
        self.held[place][lot] += qty
        self.sums[column] += abs(qty) if column in ("received", "distributed", "lost") else -qty

    def count(self, place: str, line: Row) -> None:
        """Somebody counted: the difference is unexplained."""
        held, lot = self.held[place], line.get("lot")
        if lot is not None:
            seen = {lot: line["qty"]}
        else:
            seen = dict.fromkeys(held, 0)
            for of, qty in line.get("split", []):
                if of:
                    seen[of] = seen.get(of, 0) + qty
            seen[""] = line["qty"] - sum(qty for of, qty in line.get("split", []) if of)
        for of, qty in seen.items():
            self.move("unexplained", place, of, qty - held[of])


def post(books: defaultdict[str, Books], fact: Row) -> None:
    """Enter one fact."""
    kind, place = fact["type"], fact.get("place", "")
    if kind == "receipt":
        for line in fact["lines"]:
            books[line["item"]].move("received", place, line.get("lot", ""), line["qty"])
    elif kind in ("distribution", "loss"):
        for line in fact["lines"]:
            column = "distributed" if kind == "distribution" else "lost"
            books[line["item"]].move(column, place, line.get("lot", ""), -line["qty"])
    elif kind == "count":
        for line in fact["lines"]:
            books[line["item"]].count(place, line)
    elif kind == "repack":
        for line in fact["in"]:
            books[line["item"]].move("repacked", place, line.get("lot", ""), -line["qty"])
        for line in fact["out"]:
            books[line["item"]].move("repacked", place, line.get("lot", ""), line["qty"])
    elif kind == "dispatch":
        for line in fact["lines"]:
            books[line["item"]].move("in_transit", place, line.get("lot", ""), -line["qty"])
    elif kind == "arrival":
        for line in fact["lines"]:
            arrive(books[line["item"]], place, line)


def arrive(book: Books, place: str, line: Row) -> None:
    """Goods end their way: in good order at a place, or lost."""
    ruined = line.get("damaged", 0) + line.get("missing", 0)
    book.held[place][line.get("lot", "")] += line["qty"]
    for column in ("transferred_in", "transferred_out"):
        book.sums[column] += line["qty"] + ruined
    book.sums["in_transit"] -= line["qty"] + ruined
    book.sums["lost"] += ruined


def balance(known: Known) -> dict[str, Counter[str]]:
    """The sums of each item over all places, in thousandths."""
    books: defaultdict[str, Books] = defaultdict(Books)
    for _, fact in standing(known):
        post(books, fact)
    for book in books.values():
        book.sums["on_hand"] = sum(sum(lots.values()) for lots in book.held.values())
    return {item: book.sums for item, book in books.items()}


def thousandths(text: str) -> int:
    """A decimal with at most three places, as an integer."""
    whole, _, part = text.lstrip("-").partition(".")
    found = int(whole) * 1000 + int((part + "000")[:3])
    return -found if text.startswith("-") else found


def decimal(qty: int) -> str:
    """Thousandths as a decimal."""
    whole, part = divmod(abs(qty), 1000)
    return f"{'-' if qty < 0 else ''}{whole}.{part:03}".rstrip("0").rstrip(".")


def compare(stated: list[Row], found: dict[str, Counter[str]]) -> None:
    """Untrue names the first figure that differs."""
    rows = {row["item"]: row for row in stated}
    for item in sorted(rows.keys() | found.keys()):
        row, sums = rows.get(item, {}), found.get(item, Counter())
        for column in COLUMNS:
            said, real = thousandths(row.get(column, "0")), sums[column]
            if said != real:
                name = row.get("item_name", item)
                raise Untrue(f"{name}: {column} is stated as {decimal(said)}; the entries come to {decimal(real)}.")


# the statement


def key_of(text: str) -> bytes:
    """The 32-byte key in a node id."""
    plain = text.replace("-", "").lower()[:52]
    return base64.b32decode(plain.upper() + "====")


def check(path: Any) -> Row:
    """What a statement says, once all of it holds; Untrue says what doesn't."""
    with zipfile.ZipFile(path) as file:
        raw, signature = file.read("statement.json"), bytes.fromhex(file.read("signature.txt").decode().strip())
        told: Row = json.loads(raw)
        if told.get("format") != "bucketline statement 1":
            raise Untrue("This is no statement that this program can check.")
        if not holds(key_of(told["signer"]), b"bucketline statement\0" + hashlib.sha256(raw).digest(), signature):
            raise Untrue("The statement isn't as its signer signed it.")
        with file.open("entries.jsonl") as extract:
            root, entries, known = read(extract, bytes.fromhex(told["network"]))
    if root != told["root"] or entries != told["entries"]:
        raise Untrue("The entries are not those that the statement covers: some are missing, or others were added.")
    compare(told["balance"], balance(known))
    return told


def main(words: list[str]) -> int:
    """Check the file named on the command line."""
    if len(words) != 2:
        print("Say which statement: python verify.py STATEMENT.zip", file=sys.stderr)
        return 2
    try:
        told = check(words[1])
    except Untrue as problem:
        print(f"NOT TRUE: {problem}")
        return 1
    except (OSError, KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile, struct.error) as problem:
        print(f"The file can't be read as a statement, so nothing is known of it: {problem!r}.")
        return 1
    print(f"Signed by node {told['signer']}, which calls itself {told['team']!r}, at {told['made']}.")
    print(f"{told['entries']} entries: every chain is whole, every signature holds, the root is {told['root']}.")
    print(f"The balance of {len(told['balance'])} items follows from these entries.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
