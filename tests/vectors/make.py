"""Writes the examples in this folder: `python -m tests.vectors.make`.

All keys, salts and times are fixed, so that the files come out the same each time. Byte strings are in hex. What is
sealed can't be made twice alike (HPKE draws a fresh key each time): such an example is kept as long as it opens.
"""

import io
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from node import catalogue, events, inputs
from sync import bundle, digest, entry, envelope, frame, messages, pairing
from sync.digest import Leaf
from sync.errors import Problem
from sync.frame import Range
from sync.identity import Keys, node_id, show_id
from tests.fakes import memory_node

HERE = Path(__file__).parent
NETWORK = sha256(b"bucketline vectors").digest()[:16]
NOON = 1_795_521_600_000  # 2026-11-24T12:00:00Z
Vector = dict[str, Any]
unhex = bytes.fromhex


def seed(name: str, size: int) -> bytes:
    """Bytes that only the name decides."""
    return b"".join(sha256(b"%s %d" % (name.encode(), i)).digest() for i in range(-(-size // 32)))[:size]


KEYS = {name: Keys.from_bytes(seed(name, 64)) for name in ("warehouse", "north", "river")}


def identities() -> list[Vector]:
    """Keys from their seeds, and node ids."""
    return [
        {
            "name": name,
            "signing_seed": keys.to_bytes()[:32].hex(),
            "agreement_seed": keys.to_bytes()[32:].hex(),
            "node": keys.node.hex(),
            "agree": keys.agree.hex(),
            "agree_sig": keys.agree_sig.hex(),
            "node_id": node_id(keys.node),
            "shown": show_id(node_id(keys.node)),
        }
        for name, keys in KEYS.items()
    ]


def payloads() -> list[bytes]:
    """The payloads of one short log: replication's own, facts, and a type from the future."""
    warehouse, north = KEYS["warehouse"], KEYS["north"]
    blanket, depot = "k3q5v7xq2m4n6p3r", "d5f7h3j5l7n3p5r7"
    lines = [events.ReceiptLine(blanket, 480_000, fund="Coast fund", value="12.5", currency="EUR")]
    return [
        entry.make_genesis(warehouse, NETWORK, seed("salt", 16), []),
        events.encode(events.Team("Warehouse")),
        entry.encode(entry.Vouch(north.node.hex(), north.agree.hex(), north.agree_sig.hex())),
        events.encode(events.Item(blanket, name="Blanket", unit="piece", packs={"bale": 30_000})),
        events.encode(events.Place(depot, name="North depot", kind="warehouse", lat=29_950_000, lon=-90_070_000)),
        events.encode(events.Receipt(NOON, depot, lines, source="Harbour church")),
        events.encode(events.Distribution(NOON, depot, [events.Line(blanket, 60_000)], people=55)),
        b'{"type":"tomorrow","text":"d\xc3\xa9j\xc3\xa0 vu"}',
    ]


class Chain:
    """One log, written by the plain functions; `at` and `lamports` may jump."""

    def __init__(self, keys: Keys, bodies: list[bytes], lamports: list[int], claims: list[int]) -> None:
        self.keys, self.bodies, self.lamports, self.claims = keys, bodies, lamports, claims
        self.hashes = [sha256(body).digest() for body in bodies]
        self.ids = entry.chain_ids(NETWORK, entry.ZERO, 0, entry.ZERO, lamports, claims, self.hashes)
        self.log = self.ids[0]

    def head(self, seq: int) -> bytes:
        """The header of an entry."""
        first = seq == 0
        log, prev = (entry.ZERO, entry.ZERO) if first else (self.log, self.ids[seq - 1])
        return entry.header(NETWORK, log, seq, prev, self.lamports[seq], self.claims[seq], self.hashes[seq])

    def signature(self, seq: int) -> bytes:
        """The author's signature of an entry's id."""
        return self.keys.sign(entry.signed_bytes(self.ids[seq]))

    def range(self, ref: int, first: int, last: int, redacted: frozenset[int] = frozenset()) -> Range:
        """Entries `first` to `last` as they travel."""
        cut = slice(first, last + 1)
        hint = (self.ids[first - 1] if first else bytes(4))[: frame.HINT_BYTES]
        shown = [None if seq in redacted else self.bodies[seq] for seq in range(first, last + 1)]
        claims, lamports = self.claims[cut], self.lamports[cut]
        return Range(ref, first, hint, lamports, claims, shown, self.hashes[cut], self.signature(last))


def main_chain() -> Chain:
    """The log of the examples: its clock jumps ahead and back, its lamport times have a gap."""
    bodies = payloads()
    lamports = [0, 1, 2, 3, 4, 5, 900, 901]
    claims = [NOON, NOON + 5, NOON + 5, NOON + 90_000, NOON + 30_000, NOON + 30_001, NOON + 400_000, NOON]
    return Chain(KEYS["warehouse"], bodies, lamports, claims)


def entries() -> Vector:
    """A log entry by entry."""
    chain = main_chain()
    return {
        "network": NETWORK.hex(),
        "node": chain.keys.node.hex(),
        "log": chain.log.hex(),
        "entries": [
            {
                "seq": seq,
                "lamport": chain.lamports[seq],
                "claimed": chain.claims[seq],
                "payload": body.decode("utf-8"),
                "payload_sha256": chain.hashes[seq].hex(),
                "header": chain.head(seq).hex(),
                "id": chain.ids[seq].hex(),
                "signature": chain.signature(seq).hex(),
            }
            for seq, body in enumerate(chain.bodies)
        ],
    }


def frames() -> list[Vector]:
    """Ranges of that log in frames: inflated bytes are fixed, compressed ones are one of many that mean the same."""
    chain = main_chain()
    cases = {
        "from the genesis": [chain.range(0, 0, 7)],
        "a tail, and one payload redacted": [chain.range(3, 4, 7, frozenset({6}))],
        "two ranges": [chain.range(0, 0, 1), chain.range(0, 2, 2)],
    }
    found = []
    for name, ranges in cases.items():
        packed = frame.pack(ranges)
        inflated = frame.inflate(packed, 1 << 20)
        found.append(
            {"name": name, "ranges": [_range(r) for r in ranges], "inflated": inflated.hex(), "zstd": packed.hex()}
        )
    return found


def _range(item: Range) -> Vector:
    return {
        "ref": item.ref,
        "start": item.start,
        "hint": item.hint.hex(),
        "lamports": list(item.lamports),
        "claims": list(item.claims),
        "payloads": [None if p is None else p.hex() for p in item.payloads],
        "hashes": [h.hex() for h in item.hashes],
        "signature": item.signature.hex(),
    }


def _leaf(leaf: Leaf) -> list[Any]:
    return [leaf.log.hex(), leaf.seq, leaf.head.hex()]


def leaves(count: int) -> list[Leaf]:
    """So many heads, sorted; every tenth log has forked."""
    found = [Leaf(seed(f"log {i}", 32), i * i, seed(f"head {i}", 32)) for i in range(count)]
    found += [leaf._replace(head=seed(f"twin {leaf.seq}", 32)) for leaf in found[::10]]
    return sorted(found)


def digests() -> list[Vector]:
    """Roots and fingerprints over sets of heads of several sizes."""
    return [
        {
            "leaves": [_leaf(leaf) for leaf in found],
            "root": digest.root(found).hex(),
            "fingerprint": digest.fingerprint(found).hex(),
            "spans": [_span(span) for span in digest.describe(found)],
        }
        for found in (leaves(0), leaves(1), leaves(12), leaves(40))
    ]


def _span(span: digest.Span) -> Vector:
    named = None if span.leaves is None else [_leaf(leaf) for leaf in span.leaves]
    return {"upper": span.upper.hex(), "print": span.print.hex() if span.print else None, "leaves": named}


def message_examples() -> dict[str, messages.Message]:
    """One message of each kind."""
    heads = [tuple(leaf) for leaf in leaves(2)]
    store = seed("store", 8)
    return {
        "opening": messages.Message(root=seed("root", 16), clock=NOON, held=(store, 1234), at=(seed("own", 8), 77)),
        "nothing new": messages.Message(root=seed("root", 16), clock=NOON, at=(store, 1234), same=True),
        "heads": messages.Message(root=seed("other", 16), clock=NOON, at=(store, 1300), heads=heads),
        "fingerprints": messages.Message(spans=messages.wire_spans(digest.describe(leaves(40)))),
        "wants": messages.Message(wants=[(0, []), (2, [(6, seed("head 6", 8))])]),
        "samples": messages.Message(samples=[(2, [(6, seed("a", 8)), (5, seed("b", 8)), (0, seed("c", 8))])]),
        "frames": messages.Message(frames=[bytes.fromhex("28b52ffd")]),
    }


def message_vectors() -> list[Vector]:
    """Messages with their MessagePack bytes."""
    return [
        {"name": name, "message": _plain(message), "bytes": messages.encode(message).hex()}
        for name, message in message_examples().items()
    ]


def _plain(message: messages.Message) -> Vector:
    """The fields of a message by their letters, bytes as hex."""
    return {
        letter: _hexed(getattr(message, name))
        for name, letter in messages._KEYS.items()
        if getattr(message, name) != getattr(messages.Message(), name)
    }


def _hexed(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return [_hexed(part) for part in value] if isinstance(value, list | tuple) else value


def strict_examples() -> Vector:
    """Payloads that are strict JSON and payloads that aren't (hex: some aren't text)."""
    good = [b"{}", b'{"a":9223372036854775807}', b'{"a":-9223372036854775808}', b'{"a":[[[[[[[]]]]]]]}']
    good += [
        b'{"a":"\\ud83e\\udea3"}',
        '{"ä":"🪣"}'.encode(),
        b' { "a" : [ 1 , true , null ] } ',
        b'{"a":"}{][\\""}',
    ]
    bad = [
        b"",
        b"[]",
        b"1",
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1,"a":2}',
        b'{"a":"\xff"}',
    ]
    bad += [b'{"a":"\\ud800"}', b'{"a":9223372036854775808}', b'{"a":[[[[[[[[]]]]]]]]}', b"\xef\xbb\xbf{}", b'{"a":1}x']
    return {"good": [text.hex() for text in good], "bad": [text.hex() for text in bad]}


def envelopes() -> list[Vector]:
    """One envelope of each kind, from the warehouse to the north team."""
    kept = {case["name"]: case for case in _kept("envelopes.json")}
    sender, receiver = KEYS["warehouse"], KEYS["north"]
    to = envelope.Party(receiver.node, receiver.agree)
    found = []
    for name in ("OPEN", "NEXT", "ANSWER", "LAST", "PAIR", "PAIRED", "BUNDLE"):
        kind, body = getattr(envelope, name), f"the body of {name}".encode()
        bind = seed(f"bind {name}", envelope.BIND_BYTES[kind])
        sealed = unhex(kept[name]["sealed"]) if name in kept else b""
        if not _opens(sealed, kind, body, bind):
            sealed = envelope.seal(sender, NETWORK, kind, to, body, bind)
        keys = {"sender": sender.node.hex(), "receiver": receiver.node.hex(), "network": NETWORK.hex()}
        found.append(
            {"name": name, "kind": kind, **keys, "bind": bind.hex(), "body": body.hex(), "sealed": sealed.hex()}
        )
    return found


def _opens(sealed: bytes, kind: int, body: bytes, bind: bytes) -> bool:
    try:
        opened = envelope.open_from(KEYS["north"], NETWORK, sealed, [kind], KEYS["warehouse"].node, bind)
    except Problem:
        return False
    return opened.body == body


def _kept(name: str) -> list[Vector]:
    path = HERE / name
    return json.loads(path.read_text("utf-8")) if path.exists() else []  # type: ignore[no-any-return]


def invites() -> list[Vector]:
    """Invite codes with no, one and two addresses."""
    keys = KEYS["warehouse"]
    found = []
    for addresses in ([], ["http://192.168.1.5:8481"], ["http://192.168.1.5:9000", "https://relief.example:443"]):
        token = seed(f"token {len(addresses)}", pairing.TOKEN_BYTES)
        code = pairing.write_code(pairing.Invitation(keys.node, keys.agree, NETWORK, token, addresses))
        said = {"node": keys.node.hex(), "agree": keys.agree.hex(), "network": NETWORK.hex(), "token": token.hex()}
        found.append({**said, "addresses": addresses, "code": code})
    return found


def bundles() -> list[Vector]:
    """A courier file from the warehouse to the north team: one message with a range, and the last one."""
    sender, receiver, key = KEYS["warehouse"], KEYS["north"], seed("bundle key", bundle.KEY_BYTES)
    kept = _kept("bundles.json")
    sealed = unhex(kept[0]["file"])[10 : 10 + envelope.OVERHEAD_BYTES + 32] if kept else b""
    if not _opens(sealed, envelope.BUNDLE, key, b""):
        to = envelope.Party(receiver.node, receiver.agree)
        sealed = envelope.seal(sender, NETWORK, envelope.BUNDLE, to, key)
    file, bodies = io.BytesIO(bundle._header([sealed])), _bundle_bodies()
    file.seek(0, io.SEEK_END)
    for index, body in enumerate(bodies):
        bundle._write_chunk(file, key, index, index == len(bodies) - 1, body)
    keys = {"sender": sender.node.hex(), "receiver": receiver.node.hex(), "network": NETWORK.hex(), "key": key.hex()}
    return [{**keys, "bodies": [body.hex() for body in bodies], "file": file.getvalue().hex()}]


def _bundle_bodies() -> list[bytes]:
    chain = main_chain()
    heads = [(chain.log, 7, chain.ids[7])]
    parts = [unhex(case["zstd"]) for case in _kept("frames.json") if case["name"] == "from the genesis"]
    told = [messages.Message(heads=heads, frames=[part]) for part in parts]
    last = messages.Message(clock=NOON, at=(seed("store", 8), 1300))
    return [messages.encode(message) for message in [*told, last]]


def ids() -> Vector:
    """Ids that come from what they stand for: items from name and unit, lots from what is known of the goods."""
    node = memory_node("ids")
    named = [
        ("Blanket", "piece"),
        ("  blanket ", "PIECE"),
        ("Rice   long  grain", "kg"),
        ("Straße", "Stück"),
        ("Cafe\u0301", "kg"),
        ("Café", "kg"),
    ]
    items = [{"name": name, "unit": unit, "id": catalogue.new_item_id(node, name, unit)} for name, unit in named]
    known = {"batch": "B7", "expiry": "2027-06-30", "fund": "Coast fund", "value": "12.5", "currency": "EUR"}
    lots = [{**known, "lot": inputs.lot_id(tuple(known.values()))}]
    nameless = dict.fromkeys(known, "") | {"expiry": "2027-06-30"}
    lots.append({**nameless, "lot": inputs.lot_id(tuple(nameless.values()))})
    return {"items": items, "lots": lots}


FILES = {
    "identities.json": identities,
    "entries.json": entries,
    "frames.json": frames,
    "digests.json": digests,
    "messages.json": message_vectors,
    "strict.json": strict_examples,
    "envelopes.json": envelopes,
    "invites.json": invites,
    "bundles.json": bundles,
    "ids.json": ids,
}


def main() -> None:
    """Write all files."""
    for name, build in FILES.items():
        (HERE / name).write_text(json.dumps(build(), indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
