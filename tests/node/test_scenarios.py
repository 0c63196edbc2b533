"""Each scenario of the demo, played by the command as a user would: its end is balanced, and its figures are right."""

import json
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from node import (
    bootstrap,
    catalogue,
    demo,
    expiring,
    keeping,
    merging,
    needs,
    queries,
    runs,
    scenarios,
    starting,
)
from node.bootstrap import Node
from node.cli import cli
from node.events import Arrival, Count, Distribution, Item, Loss
from node.scenarios import brake_light_clinic, bus_boycott, free_breakfast
from node.units import parse_time
from tests.fakes import seeded

NOW_MS = 1_800_000_000_000
HOUR_MS = 3_600_000
ROOT = Path(__file__).parents[2]


class Played(NamedTuple):
    """What came of a scenario: its answer, the story as it was told, its nodes, and every fact that stands."""

    found: dict[str, Any]
    told: list[str]
    nodes: list[Node]
    facts: list[Any]

    def people(self) -> int:
        """Everybody who was served."""
        return sum(fact.people or 0 for fact in self.facts if isinstance(fact, Distribution))

    def book(self, item: str) -> dict[str, str]:
        """The balance of an item over all places."""
        return next(row for row in self.found["balance"] if row["item_name"] == item)


@pytest.fixture
def play(tmp_path, monkeypatch) -> Iterator[Any]:
    """Plays a scenario to its end with a seed, by the command; the nodes stay open as long as the test."""
    nodes: list[Node] = []
    balances: list[Any] = []

    def run(*args: Any, **more: Any) -> dict[str, Any]:
        found = real(*args, **more)
        balances.append(found["balance"])
        return found

    real = partial(demo.run, clock=lambda: NOW_MS, rng=seeded(str(tmp_path.name)))
    monkeypatch.setattr(demo, "run", run)

    def played(name: str, *options: str) -> Played:
        words = ["--data", str(tmp_path), "demo", name, "--check", "--json", *options]
        done = CliRunner().invoke(cli, words)
        assert done.exit_code == 0, done.output
        nodes.extend(_opened(tmp_path))
        found = {**json.loads(done.stdout), "balance": balances[-1]}
        return Played(found, done.stderr.splitlines(), nodes, _standing(nodes[0]))

    yield played
    for node in nodes:
        node.close()


def _opened(folder: Path) -> list[Node]:
    homes = sorted(path.parent for path in folder.glob("*/keys"))
    return [bootstrap.open_node(bootstrap.Config(data=home), clock=lambda: NOW_MS) for home in homes]


def _standing(node: Node) -> list[Any]:
    """The facts that nobody undid."""
    voided = {id for (id,) in catalogue.query(node, "SELECT target FROM voided")}
    entries = [entry for batch in node.log.folded() for entry in batch if entry.fact is not None]
    return [entry.fact for entry in entries if entry.id not in voided]


def assert_well_told(played: Played, name: str, nodes: int) -> None:
    """What holds of every scenario: a balanced end, and on the way there what relief work is like."""
    found = played.found
    assert (found["scenario"], found["nodes"], found["balanced"]) == (name, nodes, True)
    for digest in ("root", "policy", "stock"):
        assert len({row[digest] for row in found["digests"]}) == 1
    assert len(played.nodes) == nodes
    assert played.nodes[-1].log.verify() == []
    assert any("no link" in line for line in played.told), "Every link holds: that is not what it is like."
    assert any("by stick" in line for line in played.told)
    assert any(_is_damaged(fact) for fact in played.facts)
    assert any(_differs(fact) for fact in played.facts)
    assert all(not row["qty"].startswith("-") for row in queries.stock(played.nodes[0]))
    _assert_all_started_from(name, played)
    (latest,) = queries.log(played.nodes[0], limit=1)
    assert NOW_MS - 12 * HOUR_MS < parse_time(latest["recorded"]) <= NOW_MS


def _is_damaged(fact: Any) -> bool:
    if isinstance(fact, Arrival):
        return any(line.damaged for line in fact.lines)
    return isinstance(fact, Loss) and fact.reason == "damaged"


def _differs(fact: Any) -> bool:
    return isinstance(fact, Count) and any(line.qty != line.expected for line in fact.lines)


def _assert_all_started_from(name: str, played: Played) -> None:
    """Every team wrote down for itself what its template holds."""
    wanted = {item.name for item in starting.find(name).items}
    own: dict[bytes, set[str]] = {node.keys.node: set() for node in played.nodes}
    for batch in played.nodes[0].log.folded():
        for entry in batch:
            if isinstance(entry.fact, Item) and isinstance(entry.fact.name, str):
                own[entry.node].add(entry.fact.name)
    assert all(names >= wanted for names in own.values())


# the stories


def test_four_teams_empty_a_warehouse_that_is_one_in_all_their_books(play):
    played = play("warehouse-pickup")
    assert_well_told(played, "warehouse-pickup", 4)
    for node in played.nodes:
        assert len({row["same"] for row in merging.rows(node)}) == 1
        assert [row["name"] for row in queries.places(node)].count("Old Warehouse") == 1
        assert not expiring.expiring(node, 0)
    assert len(catalogue.places_named(played.nodes[0], "Old Warehouse")) == 4
    assert any("heard since explains -7680" in line for line in played.told)
    assert played.people() == 310 + 3 * 240 + 420 + 118 + 510 + 402 + 60


def test_bulbs_are_fitted_and_sent_home_in_twelve_chapters(play):
    played = play("brake-light-clinic")
    assert_well_told(played, "brake-light-clinic", 12)
    first, *others = (chapter.cars for chapter in brake_light_clinic.CHAPTERS)
    fitted, spares = _bulbs(played, "Fitted"), _bulbs(played, "Sent home as spares")
    assert fitted == 3 * first + 2 * sum(others)
    assert spares == 3 * (first // 2) + 2 * sum(cars // 2 for cars in others)
    bags = [chapter.bags for chapter in brake_light_clinic.CHAPTERS]
    assert played.book("Groceries")["distributed"] == str(9 * bags[0] + 5 * sum(bags[1:]))
    _assert_all_learned(played, brake_light_clinic.LEARNED)


def _bulbs(played: Played, note: str) -> int:
    drops = [fact for fact in played.facts if isinstance(fact, Distribution) and fact.note == note]
    assert all(fact.people == sum(line.qty for line in fact.lines) // 1000 for fact in drops)
    return sum(fact.people for fact in drops)


def _assert_all_learned(played: Played, item: str) -> None:
    """What the first chapter added is in the file that all others started from, with the least there should be."""
    rows = [row for row in keeping.rows(played.nodes[0]) if row["item_name"] == item]
    assert len({row["team"] for row in rows}) == len(rows) == 12


def test_a_twentieth_of_the_children_have_breakfast_every_school_day(play):
    played = play("free-breakfast", "--scale", "5")
    assert_well_told(played, "free-breakfast", 19)
    assert played.people() == free_breakfast.CHILDREN * free_breakfast.SCHOOL_DAYS * 5 // 100
    assert (played.book("Breakfast")["distributed"], played.book("Breakfast")["on_hand"]) == ("5000", "0")
    days = Counter(fact.at // (24 * HOUR_MS) for fact in played.facts if isinstance(fact, Distribution))
    assert len(days) == free_breakfast.SCHOOL_DAYS
    cities = {row["team"] for row in queries.places(played.nodes[0]) if row["kind"] == "site"}
    assert len(cities) == 19


def test_seventeen_thousand_people_ride_twice_a_day(play):
    played = play("bus-boycott")
    assert_well_told(played, "bus-boycott", 3)
    begin = NOW_MS - bus_boycott.HOURS * HOUR_MS
    rides: Counter[int] = Counter()
    for fact in played.facts:
        if isinstance(fact, Distribution) and fact.people:
            rides[(fact.at - begin) // (12 * HOUR_MS)] += fact.people
    assert list(rides.values()) == [17_000] * 2 * bus_boycott.DAYS
    assert played.book("Seat")["distributed"] == "102000"
    vehicles = [row["vehicle_name"] for row in runs.vehicles(played.nodes[0])]
    wagons = [name for name in vehicles if name.startswith("Wagon ")]
    assert len(wagons) == 15
    for wagon in wagons:
        sheet = runs.sheet(played.nodes[0], wagon)
        assert sheet["balanced"] and all(row["left"] == "0" for row in sheet["items"])
    assert played.book("US dollar")["distributed"] == "857.8"


def test_what_societies_take_in_and_give_is_told_to_the_cent(play):
    played = play("benevolent-society")
    assert_well_told(played, "benevolent-society", 3)
    money = played.book("US dollar")
    dues = 3 * (84 + 61 + 47) * 2
    assert money["received"] == str(dues + 312 + 188 + 246 + 100) + ".75"
    stipends = 8 * (28 + 19 + 19 + 1)
    assert money["distributed"] == str(stipends + 3 * 95)
    assert money["repacked"] == str(2 * (72 + 45 + 30)) and money["unexplained"] == money["lost"] == "0"
    assert any("Of -8 dollars at the count, -8 are explained" in line for line in played.told)
    assert needs.rows(played.nodes[0]) == []


def test_every_picket_gets_a_meal_and_every_need_is_closed(play):
    played = play("bread-for-ed")
    assert_well_told(played, "bread-for-ed", 3)
    rows = needs.rows(played.nodes[0], everything=True)
    assert len(rows) == 18 * 4 and {row["status"] for row in rows} == {"closed"}
    assert all(line["left"] == "0" for row in rows for line in row["lines"])
    asked = sum(int(row["lines"][0]["qty"]) for row in rows)
    assert played.book("Meal")["distributed"] == str(asked) == "4600"


# what they are made of


def test_no_child_is_lost_to_rounding_at_any_scale():
    for percent in range(1, 101):
        children = free_breakfast.CHILDREN * percent // 100
        shares = free_breakfast.shares(children)
        assert sum(shares) == children and all(share > 0 for share in shares)


def test_bulbs_by_type_are_as_many_as_were_asked_for():
    for bulbs in range(1, 60):
        assert sum(map(int, brake_light_clinic.by_type(bulbs).values())) == bulbs


def test_there_is_a_scenario_for_each_template_and_the_help_and_the_docs_tell_of_it():
    assert sorted(scenarios.SCENARIOS) == starting.names()
    shown = CliRunner().invoke(cli, ["demo", "--help"]).output
    page = (ROOT / "docs" / "scenarios.md").read_text("utf-8")
    for name in scenarios.SCENARIOS:
        assert f"  {name} " in shown and f"`{name}`" in page
