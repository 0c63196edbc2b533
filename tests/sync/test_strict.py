"""Each rule for payloads, by an input that breaks it and one that just doesn't."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import Malformed, Problem, TooLarge
from sync.limits import DEFAULT
from sync.strict import INT64_MAX, INT64_MIN, check, loads


def nested(depth: int) -> bytes:
    """An object with arrays in it, `depth` levels in all."""
    return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


ACCEPTED = {
    "an empty object": b"{}",
    "spaces around it": b' \n{ "a" : 1 }\t',
    "the largest integer": b'{"a":%d}' % INT64_MAX,
    "the smallest integer": b'{"a":%d}' % INT64_MIN,
    "minus nought": b'{"a":-0}',
    "a pair of surrogates": rb'{"a":"\ud83d\ude00"}',
    "an escaped backslash before a u": rb'{"a":"\\ud800"}',
    "as deep as it may be": nested(8),
    "brackets in a text": b'{"a":"' + b"[" * 100 + b'"}',
    "brackets after an escaped quote": rb'{"a":"\"[[[[[[[[[[[[{{{{"}',
    "words for numbers in a text": b'{"a":"NaN","b":"1e999"}',
    "one key in two objects": b'{"a":{"k":1},"b":{"k":1}}',
    "as large as it may be": b'{"a":"' + b"x" * (64 * 1024 - 8) + b'"}',
    "the last character of Unicode": '{"a":"\U0010ffff"}'.encode(),
    "a nought byte, escaped": rb'{"a":"\u0000"}',
    "true, false and null": b'{"a":[true,false,null]}',
}
REFUSED = {
    "nothing": b"",
    "half an object": b'{"a":1',
    "two objects": b"{}{}",
    "an array": b"[]",
    "a text": b'"a"',
    "a number": b"1",
    "null": b"null",
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":Infinity}',
    "minus Infinity": b'{"a":-Infinity}',
    "a float": b'{"a":1.5}',
    "a float that is whole": b'{"a":1.0}',
    "an exponent": b'{"a":1e3}',
    "a number that overflows": b'{"a":1e999}',
    "a duplicate key": b'{"a":1,"a":1}',
    "a duplicate key deep inside": b'{"a":[{"b":{"c":1,"d":2,"c":3}}]}',
    "a duplicate key, one escaped": rb'{"a":1,"\u0061":2}',
    "a lone high surrogate": rb'{"a":"\ud800"}',
    "a lone low surrogate": rb'{"a":"\udc00x"}',
    "surrogates the wrong way round": rb'{"a":"\udc00\ud800"}',
    "a lone surrogate in a key": rb'{"\ud800":1}',
    "a surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "bytes that aren't UTF-8": b'{"a":"\xff"}',
    "an overlong encoding": b'{"a":"\xc0\xaf"}',
    "UTF-8 that ends early": '{"a":"é'.encode()[:-1],
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"a":1}',
    "one level too deep": nested(9),
    "one level too deep in objects": b'{"a":' * 9 + b"1" + b"}" * 9,
    "thirty thousand levels": b'{"a":' + b"[" * 30_000,
    "thirty thousand levels closed": nested(30_000),
    "an integer past the largest": b'{"a":%d}' % (INT64_MAX + 1),
    "an integer past the smallest": b'{"a":%d}' % (INT64_MIN - 1),
    "an integer of five thousand digits": b'{"a":' + b"9" * 5000 + b"}",
    "a leading nought": b'{"a":01}',
    "a plus sign": b'{"a":+1}',
    "a trailing comma": b'{"a":1,}',
    "a comment": b'{"a":1}//',
    "single quotes": b"{'a':1}",
    "a raw line break in a text": b'{"a":"x\ny"}',
    "a raw nought byte": b'{"a":"\x00"}',
    "an unclosed text with brackets": b'{"a":"[[[[[[[[[[',
    "an unknown escape": rb'{"a":"\x41"}',
}


@pytest.mark.parametrize("payload", ACCEPTED.values(), ids=ACCEPTED)
def test_it_accepts(payload):
    assert check(payload) == json.loads(payload)


@pytest.mark.parametrize("payload", REFUSED.values(), ids=REFUSED)
def test_it_refuses(payload):
    with pytest.raises(Malformed) as caught:
        check(payload)
    assert caught.value.kept == "Nothing was recorded."


def test_one_byte_more_than_64_kib_is_too_large():
    payload = b'{"a":"' + b"x" * (DEFAULT.payload_bytes_max - 8) + b'"}'
    assert check(payload)
    with pytest.raises(TooLarge):
        check(payload + b" ")


def test_the_bounds_can_be_others():
    with pytest.raises(TooLarge):
        loads(b"{}   ", 4)
    assert loads(nested(12), 1000, depth_max=12)
    with pytest.raises(Malformed):
        loads(nested(12), 1000, depth_max=11)


def test_hostile_quotes_cost_no_more_than_their_length():
    for payload in (b'"' * 65_000, b'\\"' * 32_000, b'{"a":"' + b'\\"' * 32_000, b'"\\' * 32_000):
        with pytest.raises(Malformed):
            check(payload)


@given(st.binary(max_size=300))
def test_any_bytes_give_an_object_or_a_problem(data):
    try:
        assert isinstance(check(data), dict)
    except Problem as problem:
        assert problem.what


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(INT64_MIN, INT64_MAX) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def depth(value: object) -> int:
    """How many objects and arrays stand in each other."""
    if not isinstance(value, dict | list):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth, inner), default=0)


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=4), st.booleans())
def test_what_it_accepts_is_what_json_says(value, ascii_only):
    payload = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8")
    if depth(value) <= DEFAULT.payload_depth_max:
        assert check(payload) == value
    else:
        with pytest.raises(Malformed):
            check(payload)
