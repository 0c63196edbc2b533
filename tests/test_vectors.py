"""The examples in tests/vectors: this code writes the same bytes, and so does a second, tiny reading of the protocol.

`Second` below uses nothing of this project, only docs/protocol.md: struct, hashlib, base64 and a check of signatures.
"""

import base64
import hashlib
import json
import re
import struct
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from sync import digest, frame, messages, pairing, strict
from sync.chain import START, author_of, link
from sync.errors import Problem
from sync.identity import parse_node_id
from sync.limits import DEFAULT
from tests.vectors import make


def load(name: str) -> Any:
    return json.loads((make.HERE / name).read_text("utf-8"))


def unhex(text: str) -> bytes:
    return bytes.fromhex(text)


class Second:
    """The protocol once more, from its description."""

    MAGIC = b"bktline\x01"
    ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"

    @classmethod
    def header(cls, network: bytes, log: bytes, prev: bytes, entry: dict[str, Any]) -> bytes:
        numbers = struct.pack(">Q", entry["seq"]), struct.pack(">Qq", entry["lamport"], entry["claimed"])
        payload = hashlib.sha256(entry["payload"].encode()).digest()
        return cls.MAGIC + network + log + numbers[0] + prev + numbers[1] + payload

    @classmethod
    def node_id(cls, key: bytes) -> str:
        text = base64.b32encode(key).decode().lower().rstrip("=")
        total, factor = 0, 2
        for character in reversed(text):
            addend = factor * cls.ALPHABET.index(character)
            total += addend // 32 + addend % 32
            factor = 3 - factor
        return text + cls.ALPHABET[(32 - total % 32) % 32]

    @staticmethod
    def leaves(leaves: list[list[Any]]) -> bytes:
        return b"".join(unhex(log) + struct.pack(">Q", seq) + unhex(head) for log, seq, head in leaves)

    @staticmethod
    def frame(inflated: bytes) -> list[dict[str, Any]]:
        (count,) = struct.unpack_from(">H", inflated)
        at, found = 2, []
        for _ in range(count):
            head = struct.unpack_from(">IQ4sHQqBBB64s", inflated, at)
            ref, start, hint, n, lamport, claimed, w1, w2, w3, signature = head
            at += 101
            columns = []
            for width, length in ((w1, n - 1), (w2, n - 1), (w3, n)):
                raw = inflated[at : at + width * length]
                columns.append([int.from_bytes(raw[i * width : (i + 1) * width], "big") for i in range(length)])
                at += width * length
            lamports, claims = [lamport], [claimed]
            for step, jump in zip(columns[0], columns[1], strict=True):
                lamports.append(lamports[-1] + step)
                claims.append(claims[-1] + (jump // 2 if jump % 2 == 0 else -(jump + 1) // 2))
            absent = columns[2].count(0)
            kept = [inflated[at + 32 * i : at + 32 * i + 32] for i in range(absent)]
            at += 32 * absent
            payloads: list[str | None] = []
            hashes = []
            for size in columns[2]:
                if size == 0:
                    payloads.append(None)
                    hashes.append(kept.pop(0).hex())
                    continue
                body = inflated[at : at + size - 1]
                at += size - 1
                payloads.append(body.hex())
                hashes.append(hashlib.sha256(body).hexdigest())
            texts = {"hint": hint.hex(), "signature": signature.hex()}
            numbers = {"ref": ref, "start": start, "lamports": lamports, "claims": claims}
            found.append({**numbers, **texts, "payloads": payloads, "hashes": hashes})
        assert at == len(inflated)
        return found


@pytest.mark.parametrize("name", make.FILES)
def test_this_code_writes_the_same_examples_again(name):
    built = json.loads(json.dumps(make.FILES[name]()))
    for case in built if name == "frames.json" else []:
        case["zstd"] = next(kept["zstd"] for kept in load(name) if kept["name"] == case["name"])
    assert built == load(name), "Bytes have changed: if that is meant, run python -m tests.vectors.make."


@pytest.mark.parametrize("case", load("identities.json"), ids=lambda case: case["name"])
def test_a_second_reading_gets_the_same_keys_and_node_ids(case):
    signing = Ed25519PrivateKey.from_private_bytes(unhex(case["signing_seed"]))
    agree = X25519PrivateKey.from_private_bytes(unhex(case["agreement_seed"])).public_key().public_bytes_raw()
    assert signing.public_key().public_bytes_raw().hex() == case["node"]
    assert agree.hex() == case["agree"]
    assert signing.sign(b"bucketline agreement key\0" + agree).hex() == case["agree_sig"]
    assert Second.node_id(unhex(case["node"])) == case["node_id"]
    assert parse_node_id(case["shown"].upper()).hex() == case["node"]


def test_a_second_reading_gets_the_same_headers_ids_and_signatures():
    vector = load("entries.json")
    network, log, prev = unhex(vector["network"]), bytes(32), bytes(32)
    author = Ed25519PublicKey.from_public_bytes(unhex(vector["node"]))
    for entry in vector["entries"]:
        header = Second.header(network, log, prev, entry)
        prev = hashlib.sha256(header).digest()
        log = prev if entry["seq"] == 0 else log
        assert len(header) == 144
        assert (header.hex(), prev.hex()) == (entry["header"], entry["id"])
        author.verify(unhex(entry["signature"]), b"bucketline entry\0" + prev)
    assert log.hex() == vector["log"]


@pytest.mark.parametrize("case", load("frames.json"), ids=lambda case: case["name"])
def test_a_second_reading_gets_the_same_ranges_out_of_a_frame(case):
    inflated = zstandard.ZstdDecompressor().decompress(unhex(case["zstd"]))
    assert inflated.hex() == case["inflated"]
    assert Second.frame(inflated) == case["ranges"]
    ours = [frame_as_plain(item) for item in frame.unpack(unhex(case["zstd"]), DEFAULT)]
    assert ours == case["ranges"]


def frame_as_plain(item: frame.Range) -> dict[str, Any]:
    return json.loads(json.dumps(make._range(item)))


def test_the_ranges_of_the_examples_are_believed():
    vector = load("entries.json")
    network, log = unhex(vector["network"]), unhex(vector["log"])
    (item,) = frame.unpack(unhex(load("frames.json")[0]["zstd"]), DEFAULT)
    node = author_of(item, network)[0]
    assert node.hex() == vector["node"]
    ids = link(item, network, log, node, START, DEFAULT)
    assert [id.hex() for id in ids] == [entry["id"] for entry in vector["entries"]]


@pytest.mark.parametrize("case", load("digests.json"), ids=lambda case: f"{len(case['leaves'])} heads")
def test_a_second_reading_gets_the_same_digests(case):
    content = Second.leaves(case["leaves"])
    assert hashlib.sha256(b"bucketline root\0" + content).hexdigest() == case["root"]
    assert hashlib.sha256(content).digest()[:16].hex() == case["fingerprint"]


@pytest.mark.parametrize("case", load("digests.json"), ids=lambda case: f"{len(case['leaves'])} heads")
def test_the_spans_of_an_example_agree_with_its_heads(case):
    mine = [digest.Leaf(unhex(log), seq, unhex(head)) for log, seq, head in case["leaves"]]
    spans = [_span(span) for span in case["spans"]]
    assert digest.compare(mine, spans) == ([], [])
    if mine:
        changed = [*mine[:-1], mine[-1]._replace(head=bytes(32))]
        assert digest.compare(changed, spans) != ([], []), "A fork of equal length hides."


def _span(plain: dict[str, Any]) -> digest.Span:
    leaves = plain["leaves"] and [digest.Leaf(unhex(a), b, unhex(c)) for a, b, c in plain["leaves"]]
    return digest.Span(unhex(plain["upper"]), plain["print"] and unhex(plain["print"]), leaves)


@pytest.mark.parametrize("case", load("messages.json"), ids=lambda case: case["name"])
def test_a_message_comes_back_as_it_was(case):
    message = messages.decode(unhex(case["bytes"]), DEFAULT)
    assert json.loads(json.dumps(make._plain(message))) == case["message"]
    assert messages.encode(message).hex() == case["bytes"]


@pytest.mark.parametrize("text", load("strict.json")["good"])
def test_strict_json_is_taken(text):
    assert strict.check(unhex(text)) == json.loads(unhex(text))


@pytest.mark.parametrize("text", load("strict.json")["bad"])
def test_what_two_readers_could_read_in_two_ways_is_refused(text):
    with pytest.raises(Problem):
        strict.check(unhex(text))


@pytest.mark.parametrize("case", load("envelopes.json"), ids=lambda case: case["name"])
def test_a_second_reading_opens_the_same_envelopes(case):
    receiver = next(keys for keys in load("identities.json") if keys["node"] == case["receiver"])
    agreement = X25519PrivateKey.from_private_bytes(unhex(receiver["agreement_seed"]))
    tag, sealed = unhex(case["sealed"])[:1], unhex(case["sealed"])[1:]
    assert tag[0] == 0x10 + case["kind"]
    network, sender, bind = (unhex(case[name]) for name in ("network", "sender", "bind"))
    info = b"bucketline envelope\0" + tag + network + unhex(case["receiver"])
    plain = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305).decrypt(sealed, agreement, info)
    hint, signature, body = plain[:8], plain[8:72], plain[72:]
    assert (hint, body) == (sender[:8], unhex(case["body"]))
    signed = b"bucketline signed message\0" + tag + sender + unhex(case["receiver"]) + network + bind
    Ed25519PublicKey.from_public_bytes(sender).verify(signature, signed + hashlib.sha256(body).digest())


@pytest.mark.parametrize("case", load("invites.json"), ids=lambda case: f"{len(case['addresses'])} addresses")
def test_a_second_reading_gets_the_same_out_of_an_invite_code(case):
    text = case["code"].replace("-", "").upper()
    data = base64.b32decode(text + "=" * (-len(text) % 8))
    assert hashlib.sha256(data[:-4]).digest()[:4] == data[-4:]
    parts = [data[0], *(data[a:b].hex() for a, b in ((1, 33), (33, 65), (65, 81), (81, 97)))]
    assert parts == [1, case["node"], case["agree"], case["network"], case["token"]]
    addresses, rest = [], data[98:-4]
    for _ in range(data[97]):
        addresses.append(rest[1 : 1 + rest[0]].decode())
        rest = rest[1 + rest[0] :]
    assert rest == b""
    assert [_whole(address) for address in addresses] == case["addresses"]
    ours = pairing.read_code(case["code"].upper().replace("-", " "))
    assert (ours.token.hex(), ours.addresses) == (case["token"], case["addresses"])


def _whole(address: str) -> str:
    with_scheme = address if "://" in address else f"http://{address}"
    return with_scheme if re.search(r":\d+$", with_scheme) else f"{with_scheme}:8481"


@pytest.mark.parametrize("case", load("bundles.json"), ids=["to the north team"])
def test_a_second_reading_opens_the_same_bundle(case):
    data, receiver = unhex(case["file"]), unhex(case["receiver"])
    assert data[:8] == b"bktlbdl\x01" and data[8:10] == b"\0\1"
    sealed, check, at = data[10:163], data[163:167], 167
    assert check == hashlib.sha256(data[:163]).digest()[:4]
    seeds = next(keys for keys in load("identities.json") if keys["node"] == case["receiver"])
    agreement = X25519PrivateKey.from_private_bytes(unhex(seeds["agreement_seed"]))
    info = b"bucketline envelope\0" + sealed[:1] + unhex(case["network"]) + receiver
    plain = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305).decrypt(sealed[1:], agreement, info)
    cipher, bodies, last = ChaCha20Poly1305(plain[72:]), [], 0
    while at < len(data):
        mark, index, last, length = struct.unpack(">8sIBI", data[at : at + 17])
        assert (mark, index) == (b"\xf1bktlpt\x01", len(bodies))
        end = at + 17 + length
        bodies.append(cipher.decrypt(struct.pack(">4xQ", index), data[at + 17 : end], data[at : at + 17]).hex())
        at = end
    assert last == 1
    assert (plain[72:].hex(), bodies) == (case["key"], case["bodies"])


def test_a_second_reading_derives_the_same_ids():
    def letters(*parts: str) -> str:
        return base64.b32encode(hashlib.sha256("\0".join(parts).encode()).digest()).decode().lower()

    def folded(text: str) -> str:
        return normalize("NFKC", normalize("NFKC", " ".join(text.split())).casefold())

    for case in load("ids.json")["items"]:
        assert letters("bucketline item", folded(case["name"]), folded(case["unit"]))[:16] == case["id"]
    for case in load("ids.json")["lots"]:
        known = [case[name] for name in ("batch", "expiry", "fund", "value", "currency")]
        assert letters("bucketline lot", *known)[:8] == case["lot"]


def test_every_file_of_examples_is_read_here():
    source = Path(__file__).read_text("utf-8")
    for path in make.HERE.glob("*.json"):
        assert f'load("{path.name}")' in source, f"Nothing tries {path.name}."
