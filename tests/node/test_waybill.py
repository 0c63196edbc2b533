"""The text of a waybill: what it holds, how it is read in, and that no slip or forgery gets through."""

import io
from typing import Any

import msgspec
import pytest

from node import correcting, moving, papers, queries, record, scanning, slips, transit, waybill
from node.requests import (
    ArrivalIn,
    ArrivalLineIn,
    CorrectIn,
    DispatchIn,
    ItemIn,
    LineIn,
    PlaceIn,
    ReceiptIn,
    ReceiptLineIn,
    VoidIn,
)
from sync.errors import Conflict, Forbidden, Malformed, NotFound, OutOfRange, Problem, Untrue
from sync.rows import place
from tests.fakes import MemoryNode, memory_node, tell


@pytest.fixture
def sender() -> MemoryNode:
    """A node with ninety blankets in two lots, of which forty are on their way to a school."""
    node = memory_node("sender")
    record.name_team(node, "North team")
    record.add_item(node, ItemIn(name="Blanket", unit="piece", packs={"bale": "30"}))
    record.add_place(node, PlaceIn(name="Depot", kind="warehouse"))
    record.add_place(node, PlaceIn(name="School", kind="site"))
    for lot, expiry in (("late", "2029-01-01"), ("soon", "2027-01-31")):
        line = ReceiptLineIn(item="Blanket", qty="45", lot=lot, expiry=expiry)
        record.receive(node, ReceiptIn(place="Depot", lines=[line]))
    return node


@pytest.fixture
def stranger() -> MemoryNode:
    """A node that has never heard of the sender."""
    node = memory_node("stranger")
    record.name_team(node, "School team")
    return node


def send(node: MemoryNode, qty: str = "50", **more: str) -> moving.Sent:
    lines = [LineIn(item="Blanket", qty=qty)]
    return moving.dispatch(node, DispatchIn(place="Depot", to="School", lines=lines, **more))


def test_a_waybill_gets_a_number_of_eight_letters_unless_it_has_one(sender):
    assert len(send(sender).waybill) == 8
    assert send(sender, waybill="WB 7").waybill == "WB 7"


def test_the_text_is_the_dispatch_with_all_that_it_speaks_of(sender, stranger):
    sent = send(sender, vehicle="white van", driver="Kite", seal="S-9", note="by the north road")
    told = papers.read(stranger, papers.text_of(sender, sent.waybill))
    assert told["dispatch"] == sent.entry
    assert (told["waybill"], told["from_name"], told["to_name"]) == (sent.waybill, "Depot", "School")
    assert (told["vehicle"], told["driver"], told["seal"]) == ("white van", "Kite", "S-9")
    assert told["team"] == "North team"
    lines = [(line["item_name"], line["unit"], line["qty"], line["lot"], line["expiry"]) for line in told["lines"]]
    assert lines == [("Blanket", "piece", "45", "soon", "2027-01-31"), ("Blanket", "piece", "5", "late", "2029-01-01")]


def test_the_paper_of_an_undone_dispatch_says_so_and_has_no_code(sender, stranger):
    sent = send(sender)
    assert papers.paper(sender, sent.entry)["void"] is None
    undo = record.void(sender, sent.entry, VoidIn(why="wrong school")).entry
    tell(sender, stranger)
    for node in (sender, stranger):
        paper = papers.paper(node, sent.entry)
        assert paper["void"] == {"entry": undo, "why": "wrong school", "instead": None} and paper["text"] == ""
    with pytest.raises(Conflict, match="was undone"):
        papers.text_of(sender, sent.entry)


def test_the_number_of_a_corrected_dispatch_gives_the_paper_that_is_right(sender):
    sent = send(sender)
    right = correcting.correct(sender, sent.entry, CorrectIn(why="slip", driver="Kite")).entry
    assert papers.paper(sender, sent.entry)["void"]["instead"] == right
    with pytest.raises(Conflict) as caught:
        papers.text_of(sender, sent.entry)
    assert right[:12] in caught.value.todo
    paper = papers.paper(sender, sent.waybill)
    assert (paper["dispatch"], paper["driver"], paper["void"]) == (right, "Kite", None) and paper["text"]


def test_the_paper_shows_packs(sender):
    assert [line["packs"] for line in papers.paper(sender, send(sender).entry)["lines"]] == ["1 bale + 15", ""]


def test_the_text_is_made_of_what_a_qr_code_holds_best(sender):
    text = papers.text_of(sender, send(sender).entry)
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/")
    assert len(text) < waybill.PART_CHARS


def test_a_text_may_be_pasted_with_spaces_breaks_and_small_letters(sender, stranger):
    sent = send(sender)
    text = papers.text_of(sender, sent.entry).lower()
    broken = "\n  ".join(text[at : at + 40] for at in range(0, len(text), 40))
    assert slips.take(stranger, f" {broken} ").id == sent.entry


def test_a_long_dispatch_takes_several_codes_that_are_read_in_any_order(sender, stranger):
    lines = []
    for at in range(80):
        record.add_item(sender, ItemIn(name=f"Thing number {at} of many", unit="piece"))
        lines.append(LineIn(item=f"Thing number {at} of many", qty=str(at + 1)))
    sent = moving.dispatch(sender, DispatchIn(place="Depot", to="School", lines=lines))
    parts = waybill.parts(papers.text_of(sender, sent.entry))
    assert len(parts) > 1 and len(papers.pictures(papers.text_of(sender, sent.entry))) == len(parts)
    assert len(slips.take(stranger, " ".join(reversed(parts))).fact.lines) == 80
    with pytest.raises(Malformed, match="missing"):
        slips.take(stranger, parts[0])


def test_no_letter_of_a_text_can_be_changed(sender, stranger):
    text = papers.text_of(sender, send(sender).entry)
    for at in range(4, len(text), 37):
        other = "A" if text[at] != "A" else "B"
        with pytest.raises(Problem) as caught:
            slips.take(stranger, text[:at] + other + text[at + 1 :])
        assert caught.value.kept == "Nothing was recorded."
    assert slips.every(stranger) == []


@pytest.mark.parametrize("text", ["", "BL1:", "BL1:A", "hello", "BL1/1/0:AA", "BL1/2/999:AA", "BL1:" + "A" * 5000])
def test_what_is_no_waybill_is_refused_in_a_sentence(stranger, text):
    with pytest.raises(Malformed, match="waybill"):
        slips.take(stranger, text)


def test_nobody_can_sign_for_another_team_that_is_known_here(sender, stranger):
    tell(sender, stranger)
    entry = sender.log.get(bytes.fromhex(send(sender).entry))
    origin = waybill.Origin(entry.log, entry.seq, bytes(32), entry.lamport, entry.claimed, stranger.keys.node)
    payload = sender.log.store.by_id(entry.id)[4]
    forged = waybill.write(sender.log.network, origin, payload, waybill.Names(), stranger.keys.sign)
    with pytest.raises(Untrue, match="another team's log"):
        slips.take(stranger, forged)


def test_a_waybill_of_another_network_is_refused(sender, stranger):
    text = papers.text_of(sender, send(sender).entry)
    with pytest.raises(Untrue, match="another network"):
        waybill.read(text, b"another network!")


def test_only_the_sender_can_make_the_code(sender, stranger):
    sent = send(sender)
    tell(sender, stranger)
    with pytest.raises(Forbidden):
        papers.text_of(stranger, sent.entry)
    assert papers.paper(stranger, sent.entry)["text"] == ""


def test_what_was_read_in_is_no_part_of_log_or_digest(sender, stranger):
    before = queries.digest(stranger)
    papers.read(stranger, papers.text_of(sender, send(sender).entry))
    assert queries.digest(stranger) == before
    assert len(slips.every(stranger)) == 1


def test_a_waybill_is_named_by_its_number_once_it_was_read_in(sender, stranger):
    sent = send(sender)
    with pytest.raises(NotFound):
        papers.paper(stranger, sent.waybill)
    slips.take(stranger, papers.text_of(sender, sent.entry))
    assert papers.paper(stranger, sent.waybill.lower())["dispatch"] == sent.entry


def test_a_photo_of_the_code_is_read(sender):
    pytest.importorskip("zxingcpp", reason="needs the extra `scan`")
    import segno

    text = papers.text_of(sender, send(sender).entry)
    photo = io.BytesIO()
    segno.make(text, error="m").save(photo, kind="png", scale=5, border=12)
    assert scanning.read_photo(photo) == text


def test_a_photo_without_a_code_says_so():
    pytest.importorskip("zxingcpp", reason="needs the extra `scan`")
    with pytest.raises(Problem, match="photo"):
        scanning.read_photo(io.BytesIO(b"not a picture"))


def test_goods_arrive_at_who_has_only_the_paper(sender, stranger):
    sent = send(sender)
    text = papers.text_of(sender, sent.entry)
    done = moving.arrive(stranger, ArrivalIn(dispatch=text))
    assert done.missing == []
    (row,) = queries.stock(stranger)
    assert (row["item_name"], row["unit"], row["qty"]) == ("Blanket", "piece", "50")
    tell(sender, stranger)
    tell(stranger, sender)
    assert queries.digest(sender)["stock"] == queries.digest(stranger)["stock"]
    assert [row["qty"] for row in queries.stock(sender)] == ["40", "50"]


# of whom


def test_a_waybill_of_a_node_that_was_blocked_is_told_and_what_came_is_recorded(sender, stranger):
    sent = send(sender)
    text = papers.text_of(sender, sent.entry)
    assert papers.read(stranger, text)["notices"] == []
    tell(sender, stranger)
    stranger.log.block(sender.keys.node)
    told = papers.read(stranger, text)
    (notice,) = told["notices"]
    assert "of a node that you have blocked" in notice and "calls itself North team" in notice
    done = moving.arrive(stranger, ArrivalIn(dispatch=text))
    assert notice in done.notices
    assert queries.stock(stranger)[0]["qty"] == "50"


# packs


def arrive(node: MemoryNode, text: str, qty: str, **more: Any) -> moving.Arrived:
    line = ArrivalLineIn(item="Blanket", qty=qty, **more)
    return moving.arrive(node, ArrivalIn(dispatch=text, lines=[line]))


@pytest.fixture
def sacks(sender) -> MemoryNode:
    """The sender, whose blankets come in sacks, of which nobody knows from the start."""
    record.add_item(sender, ItemIn(name="Blanket", unit="piece", packs={"sack": "20"}))
    return sender


def test_what_came_is_said_in_the_packs_that_the_paper_tells_of(sacks, stranger):
    text = papers.text_of(sacks, send(sacks, "80").entry)
    assert papers.read(stranger, text)["lines"][0]["packs"] == "1 bale + 15"
    arrive(stranger, text, "2sack+5", damaged="0.5sack")
    assert queries.stock(stranger)[0]["qty"] == "45"


def test_the_packs_of_an_item_that_is_new_here_are_learnt_with_its_name(sender, stranger):
    record.add_item(sender, ItemIn(name="Wool cover", unit="piece", packs={"roll": "12"}))
    sent = moving.dispatch(
        sender, DispatchIn(place="Depot", to="School", lines=[LineIn(item="Wool cover", qty="3roll")])
    )
    moving.arrive(stranger, ArrivalIn(dispatch=papers.text_of(sender, sent.entry)))
    line = ReceiptLineIn(item="Wool cover", qty="1roll")
    record.receive(stranger, ReceiptIn(place="School", lines=[line]))
    assert queries.stock(stranger)[0]["packed"] == "4 roll"


def test_an_item_that_is_known_here_without_packs_takes_those_of_the_paper(sacks, stranger):
    record.add_item(stranger, ItemIn(name="Blanket", unit="piece"))
    arrive(stranger, papers.text_of(sacks, send(sacks, "80").entry), "2 sacks")
    assert queries.stock(stranger)[0]["qty"] == "40"


def test_a_pack_of_another_size_is_asked_about_and_only_where_it_is_said(sacks, stranger):
    record.add_item(stranger, ItemIn(name="Blanket", unit="piece", packs={"Sack": "25", "box": "5"}))
    text = papers.text_of(sacks, send(sacks, "80").entry)
    before = queries.digest(stranger)
    with pytest.raises(OutOfRange, match=r"sack of Blanket \(piece\) is 20 by the paper that came, and 25 here"):
        arrive(stranger, text, "2sack")
    assert queries.digest(stranger) == before
    arrive(stranger, text, "4box+1")
    assert queries.stock(stranger)[0]["qty"] == "21"


def test_papers_of_older_and_newer_programs_are_read_by_each_other(sacks, stranger):
    class Older(msgspec.Struct, omit_defaults=True):
        team: str = ""
        places: dict[str, str] = {}
        items: dict[str, tuple[str, str]] = {}
        lots: dict[str, dict[str, str]] = {}

    entry = sacks.log.get(bytes.fromhex(send(sacks).entry))
    names = papers._names(sacks, entry.fact, entry.node)
    assert list(names.packs.values()) == [{"sack": 20_000}]
    older = msgspec.json.decode(msgspec.json.encode(names), type=Older)
    assert (older.places, older.items, older.lots) == (names.places, names.items, names.lots)
    assert msgspec.json.decode(msgspec.json.encode(older), type=waybill.Names).packs == {}
    prev = sacks.log.store.id_at(sacks.log.store.by_branch(place(entry.n)[0])[1], entry.seq - 1)
    origin = waybill.Origin(entry.log, entry.seq, prev, entry.lamport, entry.claimed, entry.node)
    payload = sacks.log.store.by_id(entry.id)[4]
    text = waybill.write(sacks.log.network, origin, payload, older, sacks.keys.sign)
    assert papers.read(stranger, text)["lines"][0]["item_name"] == "Blanket"
    with pytest.raises(Malformed, match="has no pack"):
        arrive(stranger, text, "1sack")


def test_packs_that_all_know_from_the_start_are_not_on_the_paper_and_sizes_that_cannot_be_are_left_out(
    sender, stranger
):
    lines = [LineIn(item="Bottled water, 0.5 L", qty="48")]
    sent = moving.dispatch(sender, DispatchIn(place="Depot", to="School", lines=lines))
    text = papers.text_of(sender, sent.entry)
    assert slips.take(stranger, text).names.packs == {}
    moving.arrive(stranger, ArrivalIn(dispatch=text, lines=[ArrivalLineIn(item="Bottled water, 0.5 L", qty="2case")]))
    assert queries.stock(stranger)[0]["qty"] == "48"
    bad = transit.Transfer("aa" * 32, slip=slips.take(stranger, text))
    bad.slip.names.packs["x"] = {"": 1, "none": 0, "less": -5, "much": 10**18, "case": 5}
    assert moving._packs(bad) == {"x": {"case": 5}}


def test_ten_lines_with_packs_of_their_own_still_fit_two_codes(sender):
    lines = []
    for at in range(10):
        name = f"{('wool', 'cotton', 'fleece', 'down')[at % 4]} thing {at}"
        record.add_item(sender, ItemIn(name=name, unit="piece", packs={"case": str(12 + at), "pallet": "40case"}))
        line = ReceiptLineIn(item=name, qty="500", expiry=f"2027-0{at % 9 + 1}-01")
        record.receive(sender, ReceiptIn(place="Depot", lines=[line]))
        lines.append(LineIn(item=name, qty=str(10 + at * 7)))
    sent = moving.dispatch(sender, DispatchIn(place="Depot", to="School", lines=lines, vehicle="white van"))
    assert len(waybill.parts(papers.text_of(sender, sent.entry))) <= 2
