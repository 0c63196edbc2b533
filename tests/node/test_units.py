"""Quantities in packs, and amounts of money: read as people write them, and shown as people say them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node import units
from sync.errors import Malformed, OutOfRange

WATER = {"case": 12_000, "pallet": 480_000}  # thousandths of a bottle


@pytest.mark.parametrize(
    ("text", "thousandths"),
    [
        ("6case+4", 76_000),
        ("6 case + 4", 76_000),
        ("6 cases + 4", 76_000),
        ("1pallet", 480_000),
        ("1 pallet + 1 case + 0.5", 492_500),
        ("0.5case", 6_000),
        ("24", 24_000),
    ],
)
def test_a_quantity_is_read_as_people_say_it(text, thousandths):
    assert units.parse_packed(text, WATER) == thousandths


@pytest.mark.parametrize("text", ["6bale", "6case+", "+", "six", "6case 4", "1,000"])
def test_what_is_no_quantity_is_refused_with_a_sentence(text):
    with pytest.raises(Malformed) as caught:
        units.parse_packed(text, WATER)
    assert caught.value.what.endswith(".")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1.2345", "1.2345 has 4 decimal places; three are the most."),
        ("2case+0.00001", "0.00001 has 5 decimal places; three are the most."),
        (" .12345 cases", ".12345 cases has 5 decimal places; three are the most."),
        ("1.2.3", "'1.2.3' is not a quantity."),
        ("1.234five", "This item has no pack called 'five'; it has: case, pallet."),
    ],
)
def test_a_quantity_that_is_too_fine_says_how_fine_it_may_be(text, said):
    with pytest.raises(Malformed) as caught:
        units.parse_packed(text, WATER)
    assert caught.value.what == said


@pytest.mark.parametrize(
    ("thousandths", "said"),
    [
        (76_000, "6 case + 4"),
        (480_000, "1 pallet"),
        (496_500, "1 pallet + 1 case + 4.5"),
        (11_000, ""),
        (0, ""),
        (-24_000, ""),
    ],
)
def test_a_quantity_is_shown_in_the_largest_packs_that_it_fills(thousandths, said):
    assert units.format_packed(thousandths, WATER) == said


def test_a_pack_of_one_is_no_pack():
    assert units.format_packed(5_000, {"piece": 1_000, "nothing": 0}) == ""


sizes = st.dictionaries(st.sampled_from(["case", "pallet", "bale"]), st.integers(1, 10**7))


@given(st.integers(-(10**9), 10**9), sizes)
def test_what_is_shown_in_packs_is_read_as_the_same_quantity(thousandths, packs):
    said = units.format_packed(thousandths, packs)
    assert units.parse_packed(said or units.format_qty(thousandths), packs) == thousandths


def test_a_point_before_three_digits_stays_a_decimal_point_and_is_known_to_be_doubtful():
    assert units.parse_qty("1.000") == 1_000
    assert units.may_be_thousands("1.000") and units.may_be_thousands("2case+1.500")
    assert not any(map(units.may_be_thousands, ["1000", "0.500", "1.25", "1234.000"]))


def test_a_value_keeps_nine_places_and_is_never_rounded():
    assert units.parse_money("0.123456789") == "0.123456789"
    assert units.parse_money("999999999999999.999999999") == "999999999999999.999999999"
    assert units.parse_money(" 1,250.50 ") == "1250.5"
    with pytest.raises(OutOfRange):
        units.parse_money("0.1234567891")


@pytest.mark.parametrize("text", ["12,50", "1,2,3", "1.250,50", "cheap", "nan", "1e3", ""])
def test_an_amount_that_could_mean_two_things_is_refused(text):
    with pytest.raises(Malformed):
        units.parse_money(text)


def test_days_are_told_by_the_calendar():
    assert units.day_of(1_795_518_000_000) == "2026-11-24"
    assert units.days_between("2026-11-24", "2026-12-01") == 7
    assert units.days_between("2026-11-24", "2026-11-23") == -1
