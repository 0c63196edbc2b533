"""Brake lights are replaced for free once a month, beside a food table every week. Twelve chapters copy how it is done.

The first chapter starts from the template that comes with the program, adds what it learned, and exports a file of its
own; all others start from that file. A bulb that is fitted and one that goes home as a spare are two drops.
"""

from typing import NamedTuple

from node.scenarios.acts import Goods, given
from node.scenarios.stage import Stage
from node.scenarios.team import Spots, Team

WEEKS = 9
HOURS = WEEKS * 7 * 24 - 4
STEP_SECONDS = 60
COPIED_IN_WEEK = 4
CLINICS = (1, 5, 9)  # the weeks with a clinic, on its sixth day; the table is on the third of every week

PLACES = ("Bulb box", "Food table", "Clinic lot")
BULBS = {"Bulb 1157": 7, "Bulb 3157": 6, "Bulb 7443": 3, "Bulb 1156": 2, "Bulb 3057": 1}  # how often each is asked for
LEARNED, LEARNED_CARS = "Bulb 7440", 3  # was missing at the first clinic, and how many cars take one at each other
STOCKED = {"Bulb 1157": "3box", "Bulb 3157": "3box", "Bulb 7443": "2box", "Bulb 1156": "1box", "Bulb 3057": "1box"}
CARS_FOR_A_SPARE = 2  # every second car takes one home


class Chapter(NamedTuple):
    """A chapter: how many cars come to a clinic, and how many bags its table gives away each week."""

    city: str
    spot: str
    cars: int
    bags: int


CHAPTERS = [
    Chapter("New Orleans", "29.9760,-90.0802", 46, 85),
    Chapter("Baton Rouge", "30.4515,-91.1871", 31, 40),
    Chapter("Lafayette", "30.2241,-92.0198", 22, 35),
    Chapter("Houston", "29.7604,-95.3698", 52, 90),
    Chapter("Austin", "30.2672,-97.7431", 34, 60),
    Chapter("Jackson", "32.2988,-90.1848", 27, 45),
    Chapter("Mobile", "30.6954,-88.0399", 19, 30),
    Chapter("Atlanta", "33.7490,-84.3880", 41, 75),
    Chapter("Memphis", "35.1495,-90.0490", 36, 55),
    Chapter("Nashville", "36.1627,-86.7816", 24, 40),
    Chapter("Louisville", "38.2527,-85.7585", 28, 50),
    Chapter("Buffalo", "42.8864,-78.8784", 33, 65),
]


class Clinic(NamedTuple):
    """A chapter's team with its places."""

    chapter: Chapter
    team: Team
    box: str
    table: str
    lot: str


Clinics = dict[str, Clinic]


def play(stage: Stage) -> None:
    """Nine weeks: one chapter, then twelve."""
    first = _open(stage, CHAPTERS[0], "brake-light-clinic", PLACES)
    stage.day(1, 9, "Two tail lights out is a reason to be stopped. Somebody brings bulbs to a parking lot.")
    _stock_up(first)
    clinics = {first.chapter.city: first}
    for week in range(1, WEEKS + 1):
        _food_tables(stage, clinics, week)
        if week in CLINICS:
            _clinic_day(stage, clinics, week)
        if week == COPIED_IN_WEEK:
            clinics |= _copied(stage, first)
        elif week in SCENES:
            SCENES[week](stage, clinics)
    stage.day(WEEKS * 7, 19, "All links are up. Everybody exchanges until all books are the same.")
    stage.meet()
    bulbs = sum(int(first.team.book(bulb)["distributed"]) for bulb in (*BULBS, LEARNED))
    stage.aside(f"{bulbs} bulbs and {first.team.book('Groceries')['distributed']} bags of groceries in nine weeks.")


def _open(stage: Stage, chapter: Chapter, template: str, places: tuple[str, ...]) -> Clinic:
    """A chapter starts, with names of its own for the places of a template."""
    names = [f"{chapter.city} {place}" for place in PLACES]
    spots: Spots = {place: (name, chapter.spot) for place, name in zip(places, names, strict=True)}
    return Clinic(chapter, stage.team(f"{chapter.city} Chapter", template, spots), *names)


def _stock_up(clinic: Clinic) -> None:
    bulbs = [given(bulb, qty) for bulb, qty in STOCKED.items()]
    clinic.team.receive(clinic.box, "Parts store, paid by whoever had ten dollars", *bulbs)
    clinic.team.receive(clinic.box, "A mechanic", given("Dielectric grease", "9"))


# what comes again and again


def _food_tables(stage: Stage, clinics: Clinics, week: int) -> None:
    stage.day((week - 1) * 7 + 3, 16, f"Week {week}: the food table{'s' if len(clinics) > 1 else ''}.")
    for clinic in clinics.values():
        bags = clinic.chapter.bags
        clinic.team.receive(clinic.table, "Gardens, bakers, the food bank", given("Groceries", str(bags)))
        clinic.team.drop(clinic.table, {"Groceries": str(bags)}, people=3 * bags, households=bags)


def _clinic_day(stage: Stage, clinics: Clinics, week: int) -> None:
    stage.day((week - 1) * 7 + 6, 10, "Clinic: one fits, one holds the light. No papers, no names.")
    for clinic in clinics.values():
        cars = clinic.chapter.cars
        spares = cars // CARS_FOR_A_SPARE
        clinic.team.drop(clinic.box, _fitted(cars, week), clinic.lot, cars, note="Fitted")
        clinic.team.drop(clinic.box, by_type(spares), clinic.lot, spares, note="Sent home as spares")
        clinic.team.drop(clinic.box, {"Dielectric grease": "2"}, note="Used up")
    cars_seen = sum(clinic.chapter.cars for clinic in clinics.values())
    stage.aside(f"{cars_seen} cars drive off with all their lights on.")
    stage.exchange()


def _fitted(cars: int, week: int) -> Goods:
    """One bulb for each car; since the first clinic also of the type that was missing there."""
    if week == CLINICS[0]:
        return by_type(cars)
    return {**by_type(cars - LEARNED_CARS), LEARNED: str(LEARNED_CARS)}


def by_type(bulbs: int) -> Goods:
    """So many bulbs by type, in whole ones, as often as each is asked for."""
    total, shares = sum(BULBS.values()), list(BULBS.values())
    ends = [bulbs * sum(shares[: i + 1]) // total for i in range(len(shares))]
    each = [after - before for before, after in zip([0, *ends], ends, strict=False)]
    return {bulb: str(qty) for bulb, qty in zip(BULBS, each, strict=True) if qty}


# what happens beside that


def _count_after(stage: Stage, clinics: Clinics) -> None:
    first = clinics["New Orleans"]
    stage.day(6, 15, "The bulbs are counted. One lies in pieces under the table, and three people asked for a 7440.")
    first.team.lose(first.box, {"Bulb 3157": "1"}, "damaged", "Stepped on")
    seen = first.team.on_hand(first.box, "Bulb 1157") - 1
    first.team.tell_difference(first.team.count(first.box, {"Bulb 1157": str(seen)}, note="Two people"))
    first.team.item(LEARNED, "piece", "Brake lights", {"box": "10"})
    first.team.receive(first.box, "Parts store", given(LEARNED, "2box"))
    first.team.keep(first.box, LEARNED, "10")


def _copied(stage: Stage, first: Clinic) -> Clinics:
    stage.day(25, 12, f"Others ask how it is done. The template goes round as a file, with the {LEARNED} in it.")
    file = first.team.export_template("brake lights as we do it", "Brake lights, monthly, with a food table")
    clinics = {chapter.city: _open(stage, chapter, file, first[2:]) for chapter in CHAPTERS[1:]}
    for clinic in clinics.values():
        clinic.team.pair_with(first.team)
        clinic.team.receive(clinic.box, "Parts store", given(LEARNED, "1box"))
        _stock_up(clinic)
    _stock_up(first)
    stage.exchange()
    stage.aside(f"{len(clinics) + 1} chapters, and everybody means the same bulb by the same name.")
    return clinics


def _buffalo_runs_out(stage: Stage, clinics: Clinics) -> None:
    buffalo, first = clinics["Buffalo"], clinics["New Orleans"]
    stage.day(35, 9, "Houston's and Buffalo's boxes are nearly empty. Buffalo writes what it lacks for next month.")
    for city in ("Houston", "Buffalo"):
        clinics[city].team.look("low")
    need = buffalo.team.need(buffalo.box, {"Bulb 1157": "2box", "Bulb 3157": "1box"}, people=20)
    stage.exchange()
    stage.day(36, 11, "New Orleans buys for two and mails three boxes. They arrive, but for two bulbs that rattle.")
    first.team.receive(first.box, "Parts store", given("Bulb 1157", "4box"), given("Bulb 3157", "3box"))
    mailed = {"Bulb 1157": "2box", "Bulb 3157": "1box"}
    sent = first.team.send(first.box, mailed, buffalo.box, vehicle="Mail", need=need.entry)
    stage.day(38, 10, "The post takes two days.")
    came = buffalo.team.read_waybill(first.team.waybill(sent))
    buffalo.team.arrive(came, damaged={"Bulb 1157": "2"}, note="They rattled")
    buffalo.team.close_need(need, "Enough for the next clinic.")


def _memphis_goes_quiet(stage: Stage, clinics: Clinics) -> None:
    stage.day(46, 9, "Memphis changes its landlord, and has no line for three weeks. The table goes on.")
    clinics["Memphis"].team.go_off_air()
    for clinic in clinics.values():
        _stock_up(clinic)
    stage.exchange()


def _last_news(stage: Stage, clinics: Clinics) -> None:
    memphis, first = clinics["Memphis"], clinics["New Orleans"]
    stage.day(62, 18, "A trumpet player takes a stick from Memphis to New Orleans, and one back.")
    memphis.team.send_courier(first.team)
    first.team.send_courier(memphis.team)
    stage.day(63, 9, "Atlanta wrote its clinic's spares down by hand, and one line twice.")
    atlanta = clinics["Atlanta"]
    twice = atlanta.team.drop(atlanta.box, {"Bulb 1157": "3"}, atlanta.lot, 3, note="Sent home as spares")
    atlanta.team.undo(twice, "These were in the list of the clinic already.")
    stage.day(63, 12, "Memphis has a line again.")
    memphis.team.go_on_air()
    stage.exchange()


SCENES = {1: _count_after, 5: _buffalo_runs_out, 7: _memphis_goes_quiet, 9: _last_news}
