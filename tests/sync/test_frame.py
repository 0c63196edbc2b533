"""Frames lead back to what was packed, and no frame costs more than its bound."""

import random
import struct
from hashlib import sha256

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from sync import ranges
from sync.errors import Malformed, Problem, TooLarge
from sync.frame import Range, inflate, pack, split, unpack
from sync.limits import DEFAULT, Limits

from .conftest import all_ranges, give, listen, say_many


def make(payloads, start=0, ref=0, lamports=None, claims=None, hint=bytes(4)) -> Range:
    """A range of these payloads; None is a redacted one."""
    count = len(payloads)
    hashes = [sha256(b"gone" if p is None else p).digest() for p in payloads]
    lamports, claims = lamports or [*range(start, start + count)], claims or [1000 + n for n in range(count)]
    return Range(ref, start, hint, lamports, claims, payloads, hashes, b"s" * 64)


def squeeze(content: bytes) -> bytes:
    """Compress as `pack` does."""
    return zstandard.ZstdCompressor().compress(content)


def spread(content: bytes) -> bytes:
    """Decompress without a bound."""
    return zstandard.ZstdDecompressor().decompress(content)


INT63 = st.integers(0, 2**63 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)


@st.composite
def any_range(draw):
    """Any range whose clocks and steps fit."""
    count = draw(st.integers(1, 12))
    payloads = draw(st.lists(st.none() | st.binary(max_size=60), min_size=count, max_size=count))
    lamports = sorted(draw(st.lists(INT63, min_size=count, max_size=count)))
    base = draw(st.integers(-(2**62), 2**62))
    claims = [base + d for d in draw(st.lists(st.integers(-(2**61), 2**61), min_size=count, max_size=count))]
    start, ref = draw(st.integers(0, 2**63)), draw(st.integers(0, 2**32 - 1))
    return make(payloads, start, ref, lamports, claims, draw(st.binary(min_size=4, max_size=4)))


@given(st.lists(any_range(), max_size=4))
def test_what_is_packed_comes_out_again(items):
    assert unpack(pack(items), DEFAULT) == items


def test_clocks_may_stand_anywhere_in_64_bits():
    item = make([b"{}", b"{}"], lamports=[0, 2**63 - 1], claims=[-(2**63), -(2**63) + 1])
    assert unpack(pack([item]), DEFAULT) == [item]


def test_a_frame_is_laid_out_as_documented():
    item = make([b'{"a":1}', None], start=7, ref=3, lamports=[9, 12], claims=[1000, 990], hint=b"hint")
    content = spread(pack([item]))
    wanted = struct.pack(">H", 1) + struct.pack(">IQ4sHQqBBB64s", 3, 7, b"hint", 2, 9, 1000, 1, 1, 1, b"s" * 64)
    wanted += bytes([3]) + bytes([19]) + bytes([8, 0]) + sha256(b"gone").digest() + b'{"a":1}'
    assert content == wanted


def test_no_ids_travel():
    items = [make([b'{"n":%d}' % n for n in range(100)])]
    assert len(spread(pack(items))) < 100 * 13 + 120


def test_a_frame_that_claims_to_be_large_is_refused_before_it_is_inflated():
    bomb = squeeze(bytes(300 * 1024 * 1024))
    assert len(bomb) < 40_000
    with pytest.raises(TooLarge):
        inflate(bomb, DEFAULT.frame_inflated_bytes_max)


def test_a_frame_that_hides_its_size_is_refused():
    shy = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(100))
    with pytest.raises(Problem):
        inflate(shy, 1000)


def test_a_frame_that_lies_about_its_size_costs_no_more_than_the_bound():
    bomb = bytearray(squeeze(bytes(10 * 1024 * 1024)))
    descriptor = bomb[4]
    width = {0: 1, 1: 2, 2: 4, 3: 8}[descriptor >> 6]
    at = 5 + (0 if descriptor & 0x20 else 1)
    bomb[at : at + width] = (1000).to_bytes(width, "little")
    with pytest.raises(Problem):
        inflate(bytes(bomb), 1000)


def test_a_frame_exactly_at_its_bound_passes():
    assert inflate(squeeze(bytes(1000)), 1000) == bytes(1000)
    with pytest.raises(TooLarge):
        inflate(squeeze(bytes(1001)), 1000)


def test_a_frame_cut_anywhere_is_refused():
    content = spread(pack([make([b'{"n":%d}' % n for n in range(5)]), make([None, b"{}"])]))
    for end in range(len(content)):
        with pytest.raises(Malformed):
            unpack(squeeze(content[:end]), DEFAULT)


def test_a_compressed_frame_cut_anywhere_is_refused():
    data = pack([make([b'{"n":%d}' % n for n in range(50)])])
    for end in range(len(data)):
        with pytest.raises(Problem):
            unpack(data[:end], DEFAULT)


def test_a_frame_with_something_after_its_ranges_is_refused():
    content = spread(pack([make([b"{}"])]))
    with pytest.raises(Malformed):
        unpack(squeeze(content + b"x"), DEFAULT)


def test_an_unknown_width_is_refused():
    content = bytearray(spread(pack([make([b"{}", b"{}"])])))
    at = 2 + struct.calcsize(">IQ4sHQq")
    for width in (0, 3, 5, 255):
        content[at] = width
        with pytest.raises(Malformed):
            unpack(squeeze(bytes(content)), DEFAULT)


def test_a_range_of_nothing_is_refused():
    content = bytearray(spread(pack([make([b"{}"])])))
    at = 2 + struct.calcsize(">IQ4s")
    content[at : at + 2] = bytes(2)
    with pytest.raises(TooLarge):
        unpack(squeeze(bytes(content)), DEFAULT)


def test_a_range_of_too_many_entries_is_refused():
    item = make([b"{}"] * 6)
    assert unpack(pack([item]), Limits(range_entries_max=6)) == [item]
    with pytest.raises(TooLarge):
        unpack(pack([item]), Limits(range_entries_max=5))


def test_an_entry_that_is_too_large_is_refused():
    item = make([b"x" * 100])
    assert unpack(pack([item]), Limits(payload_bytes_max=100)) == [item]
    with pytest.raises(TooLarge):
        unpack(pack([item]), Limits(payload_bytes_max=99))


def test_a_range_under_one_signature_that_no_relay_could_fit_into_a_frame_is_refused():
    limits = Limits(range_bytes_max=300)
    assert unpack(pack([make([b"x" * 100] * 3)]), limits)
    assert unpack(pack([make([b"x" * 301])]), limits), "a single entry may always pass"
    with pytest.raises(TooLarge):
        unpack(pack([make([b"x" * 100, b"x" * 201])]), limits)


def test_the_largest_answer_fits_into_a_message_even_if_nothing_compresses():
    largest = DEFAULT.frame_bytes_max + DEFAULT.range_bytes_max + 20 * DEFAULT.range_entries_max + 200
    assert largest < DEFAULT.frame_inflated_bytes_max
    assert len(squeeze(random.Random(1).randbytes(largest))) + 500_000 < DEFAULT.message_bytes_max


def test_lamport_steps_that_leave_64_bits_are_refused():
    content = bytearray(spread(pack([make([b"{}"] * 3, lamports=[0, 2**62, 2**63 - 1])])))
    at = 2 + struct.calcsize(">IQ4sH")
    content[at : at + 8] = (2**62).to_bytes(8, "big")
    with pytest.raises(Malformed):
        unpack(squeeze(bytes(content)), DEFAULT)


def test_claimed_steps_that_leave_64_bits_are_refused():
    content = bytearray(spread(pack([make([b"{}"] * 2, claims=[0, 1])])))
    at = 2 + struct.calcsize(">IQ4sHQ")
    content[at : at + 8] = (2**63 - 1).to_bytes(8, "big")
    with pytest.raises(Malformed):
        unpack(squeeze(bytes(content)), DEFAULT)


@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_give_ranges_or_a_problem(data, compressed):
    try:
        unpack(squeeze(data) if compressed else data, DEFAULT)
    except Problem as problem:
        assert problem.what


@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_a_damaged_frame_gives_ranges_or_a_problem(rnd, flips):
    content = bytearray(spread(pack([make([b'{"n":%d}' % n for n in range(4)]), make([None])])))
    for _ in range(flips):
        content[rnd.randrange(len(content))] = rnd.randrange(256)
    try:
        unpack(squeeze(bytes(content)), DEFAULT)
    except Problem as problem:
        assert problem.what


def test_the_size_that_a_range_says_is_never_less_than_what_it_takes():
    widest = make([b"{}"] * 200, lamports=[n << 32 for n in range(200)], claims=[(n % 2) << 62 for n in range(200)])
    large = make([None, b"x" * 65_000], lamports=[0, 1 << 40], claims=[0, 1 << 50])
    for item in (widest, large, make([b"{}"])):
        assert len(spread(pack([item]))) - 2 <= item.size


def test_splitting_keeps_every_range_in_order_and_groups_near_the_target():
    items = [make([b"x" * 300], ref=n) for n in range(50)]
    groups = list(split(items, 2000))
    assert [item for group in groups for item in group] == items
    assert all(sum(item.size for item in group) <= 2000 for group in groups)
    assert len(groups) < 15


def test_a_range_larger_than_the_target_goes_alone():
    items = [make([b"x" * 5000]), make([b"x"])]
    assert [len(group) for group in split(items, 100)] == [1, 1]
    assert list(split([], 100)) == []


# what is read from a store


def test_a_relay_that_holds_one_signature_for_300_entries_sends_them_whole(make_log):
    author, relay, last = make_log("author"), make_log("relay"), make_log("last")
    say_many(author, 299)
    listen(relay, author)
    listen(last, relay)
    give(author, relay)
    (row,) = [r for r in relay.store.logs().values() if r.node == author.keys.node]
    (item,) = ranges.read(relay.store, 0, row.branches[0], -1, Limits(range_bytes_max=2000))
    assert len(item.payloads) == 300
    give(relay, last)
    assert len(last.app.said()) == 299 and last.verify() == []


def test_an_author_signs_each_entry_and_can_send_from_anywhere_to_a_bound(make_log):
    author = make_log("author")
    say_many(author, 299)
    limits = Limits(range_entries_max=64)
    (branch,) = author.store.logs()[author.own].branches
    found = list(ranges.read(author.store, 0, branch, 99, limits))
    assert [item.start for item in found] == [100, 164, 228, 292]
    assert found[0].hint == author.store.id_at(branch, 99)[:4]


def test_ranges_end_within_the_bound_of_bytes(make_log):
    author = make_log("author")
    author.append_all([b'{"type":"note","text":"%s"}' % (b"x" * 4000) for _ in range(20)])
    found = [item for _, item in all_ranges(author, Limits(range_bytes_max=10_000))]
    assert [len(item.payloads) for item in found[1:-1]] == [2] * (len(found) - 2)
    assert sum(len(item.payloads) for item in found) == 21


def test_an_entry_larger_than_a_range_still_travels(make_log):
    author = make_log("author")
    author.append(b'{"type":"note","text":"%s"}' % random.Random(1).randbytes(15_000).hex().encode())
    found = [item for _, item in all_ranges(author, Limits(range_bytes_max=1000))]
    assert [len(item.payloads) for item in found] == [1, 1]
