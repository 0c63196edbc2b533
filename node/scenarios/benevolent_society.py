"""Three societies of mutual aid: dues come in, and go out to the sick, to medicine and to funerals.

Money is an item like any other, in a cash box that is a place. Medicine is money that became bottles. Eight weeks are
played. The third society lives across the river, where news comes by ferry.
"""

from collections.abc import Callable
from typing import NamedTuple

from node import counting
from node.requests import CorrectLineIn
from node.scenarios.acts import given
from node.scenarios.stage import Stage
from node.scenarios.team import Team

WEEKS = 8
HOURS = WEEKS * 7 * 24
MEETING_WEEKS = (1, 5)  # the dues of four weeks are paid at a meeting
DUES, STIPEND = 3, 8  # dollars: of a member for four weeks, to a sick member for one
BOTTLES, THEIR_PRICE = 2, 3  # two bottles cost three dollars
FUNERAL = {"US dollar": "95", "Mourning badge": "40"}


class Society(NamedTuple):
    """Its members, the bottles of medicine that it buys at a meeting, and how many are sick in each of the weeks."""

    name: str
    members: int
    spot: str
    bottles: int
    sick: tuple[int, ...]


SOCIETIES = [
    Society("Seventh Ward", 84, "29.9750,-90.0617", 48, (4, 3, 5, 4, 3, 4, 2, 3)),
    Society("Treme", 61, "29.9637,-90.0692", 30, (2, 2, 3, 3, 4, 2, 2, 1)),
    Society("Algiers", 47, "29.9522,-90.0510", 20, (1, 2, 2, 4, 3, 3, 2, 2)),
]


class Lodge(NamedTuple):
    """A society's team with its box and its chest."""

    society: Society
    team: Team
    box: str
    chest: str


class Cast(NamedTuple):
    """Who plays."""

    stage: Stage
    ward: Lodge
    treme: Lodge
    algiers: Lodge

    @property
    def lodges(self) -> tuple[Lodge, Lodge, Lodge]:
        """All three."""
        return self.ward, self.treme, self.algiers


def play(stage: Stage) -> None:
    """Eight weeks, from one meeting to the one at which the books are read aloud."""
    cast = _meet(stage)
    for week in range(1, WEEKS + 1):
        if week in MEETING_WEEKS:
            _meeting(cast, week)
        _visit_the_sick(cast, week)
        SCENES.get(week, _nothing_else)(cast, _first_day_of(week))
    _read_aloud(cast)


def _first_day_of(week: int) -> int:
    return (week - 1) * 7 + 1


def _meet(stage: Stage) -> Cast:
    stage.day(1, 8, "Three societies start from one template. The one across the river hears from others by ferry.")
    ward, treme, algiers = (_open(stage, society) for society in SOCIETIES)
    treme.team.pair_with(ward.team)
    algiers.team.pair_with(ward.team)
    stage.meet()
    algiers.team.go_off_air()
    for lodge, cash in ((ward, "312.5"), (treme, "188"), (algiers, "246.25")):
        lodge.team.receive(lodge.box, "Carried over from the old book", given("US dollar", cash))
        lodge.team.receive(lodge.chest, "The sewing circle", given("Mourning badge", "96"))
    return Cast(stage, ward, treme, algiers)


def _open(stage: Stage, society: Society) -> Lodge:
    box, chest = f"{society.name} Cash Box", f"{society.name} Medicine Chest"
    spots = {"Cash box": (box, society.spot), "Medicine chest": (chest, society.spot)}
    return Lodge(society, stage.team(f"{society.name} Society", "benevolent-society", spots), box, chest)


# what comes again and again


def _meeting(cast: Cast, week: int) -> None:
    cast.stage.day(_first_day_of(week), 19, "The meeting: dues are paid, and medicine is bought of them.")
    for lodge in cast.lodges:
        dues, bottles = str(lodge.society.members * DUES), lodge.society.bottles
        lodge.team.receive(lodge.box, "Dues of four weeks", given("US dollar", dues))
        medicine, price = {"Medicine": str(bottles)}, {"US dollar": str(bottles * THEIR_PRICE // BOTTLES)}
        lodge.team.repack(lodge.box, price, medicine, note="Bought at the pharmacy")
        lodge.team.move(lodge.box, medicine, lodge.chest)
    cast.stage.exchange()


def _visit_the_sick(cast: Cast, week: int) -> None:
    cast.stage.day(_first_day_of(week) + 2, 15, f"Week {week}: the sick are visited, and get their stipend.")
    for lodge in cast.lodges:
        sick = lodge.society.sick[week - 1]
        lodge.team.drop(lodge.box, {"US dollar": str(sick * STIPEND)}, people=sick, households=sick)
        lodge.team.drop(lodge.chest, {"Medicine": str(sick)}, people=sick)


def _bury(lodge: Lodge) -> None:
    """A funeral with a band: its cost, and a badge for each who walks along."""
    money, badges = ({item: qty} for item, qty in FUNERAL.items())
    lodge.team.drop(lodge.box, money, people=1, households=1, note="A funeral: hall, band and carriage")
    lodge.team.drop(lodge.chest, badges, people=40)


# what happens beside that


def _nothing_else(cast: Cast, day: int) -> None:
    """A week like any other."""


def _first_funeral(cast: Cast, day: int) -> None:
    cast.stage.day(day + 4, 11, "A member of the Seventh Ward has died. The society walks along, with a band.")
    _bury(cast.ward)
    cast.stage.exchange()


def _high_water(cast: Cast, day: int) -> None:
    algiers = cast.algiers
    cast.stage.day(day + 3, 6, "High water in Algiers: it gets into the medicine chest, and two members die that week.")
    algiers.team.lose(algiers.chest, {"Medicine": "9", "Mourning badge": "6"}, "damaged", "Stood in the river")
    _bury(algiers)
    cast.stage.day(day + 5, 11, "The second funeral. Algiers pays what it has, and writes what it lacks.")
    _bury(algiers)
    algiers.team.look("low")
    lacks = {"US dollar": "120", "Medicine": "12", "Mourning badge": "30"}
    need = algiers.team.need(algiers.box, lacks, people=47, urgency="urgent")
    cast.stage.day(day + 5, 16, "The ferry takes a stick across: the others read of it.")
    algiers.team.send_courier(cast.ward.team)
    cast.stage.exchange()
    for lodge, money in ((cast.ward, "80"), (cast.treme, "40")):
        lodge.team.pledge(lodge.box, {"US dollar": money}, need)
    cast.stage.day(day + 6, 9, "What was promised goes over in two envelopes and a crate. Two bottles break.")
    for lodge, box in ((cast.ward, {"US dollar": "80"}), (cast.treme, {"US dollar": "40"})):
        sent = lodge.team.send(lodge.box, box, algiers.box, vehicle="Ferry", seal="wax", need=need.entry)
        algiers.team.arrive(algiers.team.read_waybill(lodge.team.waybill(sent)))
    crate = {"Medicine": "12", "Mourning badge": "15"}
    sent = cast.ward.team.send(cast.ward.chest, crate, algiers.chest, vehicle="Ferry", need=need.entry)
    algiers.team.arrive(algiers.team.read_waybill(cast.ward.team.waybill(sent)), damaged={"Medicine": "2"})
    algiers.team.close_need(need, "The box is above a hundred again.")
    cast.ward.team.send_courier(algiers.team)
    algiers.team.send_courier(cast.ward.team)


def _forgotten_stipend(cast: Cast, day: int) -> None:
    stage, treme = cast.stage, cast.treme
    stage.day(day + 3, 18, "Treme counts its box with two people. Eight dollars are missing.")
    less = treme.team.on_hand(treme.box, "US dollar") - STIPEND
    treme.team.tell_difference(treme.team.count(treme.box, {"US dollar": str(less)}, note="Counted twice"))
    stage.day(day + 4, 10, "A visitor remembers: one stipend was paid on Wednesday, and not written down.")
    paid = stage.hours_off((day + 1) * 24 + 17)
    treme.team.drop(treme.box, {"US dollar": str(STIPEND)}, people=1, households=1, at=paid, note="Written down late")
    for row in counting.counts(treme.team.node, treme.box):
        if row["explained"] != "0":
            stage.aside(f"Of {row['variance']} dollars at the count, {row['explained']} are explained by now.")


def _hundred_not_ten(cast: Cast, day: int) -> None:
    stage, ward = cast.stage, cast.ward
    stage.day(day + 3, 20, "A collection after church. Somebody writes ten dollars where there are a hundred.")
    gift = ward.team.receive(ward.box, "A collection after church", given("US dollar", "10"))
    ward.team.correct(gift, "A nought was missing", lines=[CorrectLineIn(item="US dollar", qty="100")])
    stage.exchange()


SCENES: dict[int, Callable[[Cast, int], None]] = {
    2: _first_funeral,
    3: _forgotten_stipend,
    4: _high_water,
    6: _hundred_not_ten,
}


def _read_aloud(cast: Cast) -> None:
    stage = cast.stage
    stage.day(WEEKS * 7, 20, "The river is low, and Algiers comes to the last meeting. The boxes are counted.")
    cast.algiers.team.go_on_air()
    for lodge in cast.lodges:
        found = lodge.team.on_hand(lodge.box, "US dollar")
        lodge.team.tell_difference(lodge.team.count(lodge.box, {"US dollar": str(found)}, note="Before all members"))
    stage.day(WEEKS * 7, 22, "All books are the same, and are read aloud.")
    stage.meet()
    money = cast.ward.team.book("US dollar")
    stage.aside(
        f"{money['received']} dollars came in. {money['distributed']} went to the sick and to funerals,"
        f" {money['repacked']} became medicine, {money['on_hand']} lie in the boxes."
    )
