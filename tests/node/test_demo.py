"""The demo as whoever starts it sees it: real nodes, real links, and an honest verdict."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import ProxyHandler, build_opener

import pytest

from node import bootstrap, demo, keeping, queries, starting
from node.bootstrap import Node
from node.requests import ReceiptLineIn
from node.scenarios import SCENARIOS, Scenario
from node.scenarios.stage import Stage
from node.units import parse_time
from sync.errors import Conflict, NotFound, OutOfRange
from tests.fakes import seeded

NOW_MS = 1_800_000_000_000


def silent(text: str) -> None:
    """Nobody listens."""


def play(folder: Path | None = None, **more: Any) -> dict[str, Any]:
    """The storm, or another scenario, with a seed and a time of its own, to the end."""
    given = {"check": True, "say": silent, "clock": lambda: NOW_MS, "rng": seeded("demo"), **more}
    return demo.run(folder=folder, **given)


@contextmanager
def opened(folder: Path) -> Iterator[list[Node]]:
    """The nodes that a demo left in its folder, by name of the folder."""
    homes = sorted(path.parent for path in folder.glob("*/keys"))
    nodes = [bootstrap.open_node(bootstrap.Config(data=home), clock=lambda: NOW_MS) for home in homes]
    try:
        yield nodes
    finally:
        for node in nodes:
            node.close()


class Played(NamedTuple):
    """A storm that was played: its folder, its outcome, what was told, and what each exchange and stick brought."""

    folder: Path
    found: dict[str, Any]
    told: list[str]
    happened: list[tuple[str, Any]]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """One storm for all who only look."""
    folder, told, happened = tmp_path_factory.mktemp("demo"), list[str](), list[tuple[str, Any]]()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("sync_now", "bundle_read"):
            patch.setattr(Node, name, _watched(name, getattr(Node, name), happened))
        found = play(folder, say=told.append)
    return Played(folder, found, told, happened)


def _watched(name: str, real: Callable[..., Any], happened: list[tuple[str, Any]]) -> Callable[..., Any]:
    """The real thing, and a note of what came of it."""

    def call(*args: Any, **kwargs: Any) -> Any:
        answer = real(*args, **kwargs)
        happened.append((name, answer))
        return answer

    return call


def test_three_nodes_end_with_the_same_books_and_these_balance(played):
    found = played.found
    assert found["scenario"] == "storm" and found["nodes"] == 3
    assert 60 <= found["entries"] <= 120
    assert found["balanced"] is True
    for digest in ("root", "policy", "stock"):
        assert len({row[digest] for row in found["digests"]}) == 1
    assert len(found["digests"]) == found["nodes"] == 3


def test_the_outcome_is_one_json_document_with_the_promised_names(played):
    assert list(json.loads(json.dumps(played.found))) == [
        "scenario",
        "nodes",
        "entries",
        "balanced",
        "digests",
        "balance",
    ]


def test_the_nodes_in_the_folder_are_whole_and_hold_what_was_said(played):
    folder, found = played.folder, played.found
    with opened(folder) as nodes:
        assert len(nodes) == 3
        for node in nodes:
            assert node.log.verify() == []
            assert node.log.counts()[0] == found["entries"]
            assert node.digest()["stock"] == found["digests"][0]["stock"]


def test_a_demo_never_mixes_with_real_relief_work(played):
    with opened(played.folder) as nodes:
        networks = {node.network for node in nodes}
    assert len(networks) == 1 and bootstrap.RELIEF_NETWORK not in networks


def test_the_story_lasts_three_days_ends_now_and_never_lies_ahead(played):
    with opened(played.folder) as (node, *_):
        rows = queries.log(node, limit=200)
        recorded = [parse_time(row["recorded"]) for row in rows]
        assert max(parse_time(row["at"]) for row in rows) <= NOW_MS
    assert max(recorded) <= NOW_MS and NOW_MS - max(recorded) < 3 * 3_600_000
    assert NOW_MS - min(recorded) == 72 * 3_600_000


def test_nobody_writes_before_what_they_wrote_already(played):
    with opened(played.folder) as nodes:
        for node in nodes:
            own = [e for batch in node.log.folded() for e in batch if e.node == node.keys.node]
            claimed = [e.claimed for e in sorted(own, key=lambda e: e.seq)]
            assert claimed == sorted(claimed) and len(claimed) > 10


def test_there_is_something_to_look_at(played):
    with opened(played.folder) as (node, *_):
        stock, log = queries.stock(node), queries.log(node, limit=200)
    below = [row for row in stock if row["qty"].startswith("-")]
    assert [(row["item_name"], row["qty"]) for row in below] == [("Battery D", "-12")]
    assert any(NOW_MS - parse_time(row["as_of"]) > 30 * 86_400_000 for row in stock)
    assert any(row["expiry"] for row in stock)
    assert sum(row["void"] is not None for row in log) == 1
    assert {"receipt", "distribution", "loss", "count", "void"} <= {row["type"] for row in log}


def test_the_same_seed_at_the_same_time_makes_the_same_books(played, tmp_path):
    assert play(tmp_path)["digests"] == played.found["digests"]


def _down(event: tuple[str, Any]) -> bool:
    return event[0] == "sync_now" and any(not row["ok"] for row in event[1])


def test_the_link_fails_and_couriers_carry_news_across_meanwhile(played):
    happened = played.happened
    downs = [i for i, event in enumerate(happened) if _down(event)]
    first, last = downs[0], downs[-1]
    errors = [row["error"] for i in downs for row in happened[i][1] if not row["ok"]]
    assert len(errors) >= 2 and all("did not answer" in error for error in errors)
    carried = [answer for name, answer in happened[first:last] if name == "bundle_read"]
    assert len(carried) == 2 and all(read["received"] > 0 and not read["missing"] for read in carried)
    assert not any(_down(event) for event in happened[last + 1 :])


def test_the_failed_exchanges_lie_most_of_a_day_apart(played):
    told = played.told
    failed = [i for i, line in enumerate(told) if "no link" in line]
    headings = [next(line for line in reversed(told[:i]) if line.startswith("Day")) for i in failed]
    assert len(headings) == 2 and all(line.startswith("Day 2") for line in headings)


def _small(stage: Stage) -> None:
    """A scenario that is over at once: two teams and one receipt."""
    one, other = stage.team("One"), stage.team("Other")
    other.pair_with(one)
    one.place("Shed", "hub", "29.9,-90.1")
    one.item("Rope", "metre", "", {"coil": "50"})
    one.receive("Shed", "Neighbours", ReceiptLineIn(item="Rope", qty="2coil"))
    stage.meet()


def _line(stage: Stage) -> None:
    """Three teams in a line, of which the last goes quiet."""
    one, middle, last = (stage.team(name) for name in ("One", "Middle", "Last"))
    middle.pair_with(one)
    last.pair_with(middle)
    last.place("Shed", "hub", "29.9,-90.1")
    stage.exchange()
    assert [row["name"] for row in queries.places(one.node)] == ["Shed"]
    last.go_off_air()
    stage.exchange()
    last.go_on_air()
    stage.meet()


def test_a_round_of_exchanges_passes_news_up_the_line_each_pair_once_and_names_who_is_missing(monkeypatch):
    monkeypatch.setitem(SCENARIOS, "line", Scenario(_line, "three teams in a line", 1))
    told: list[str] = []
    assert play(scenario="line", say=told.append)["balanced"]
    assert [line.split()[:2] for line in told[:2]] == [["2", "exchanges"], ["2", "exchanges"]]
    assert "no link" not in told[0] and told[1].endswith("; no link to Last.")


def _from_template(stage: Stage) -> None:
    """A team that writes its own name for one of a template's two places into its copy."""
    one, other = stage.team("One", "storm", {"Van": ("Our van", "29.9,-90.1")}), stage.team("Other")
    other.pair_with(one)
    stage.meet()


def test_a_team_starts_from_a_template_with_its_own_names_and_without_places_that_it_lacks(tmp_path, monkeypatch):
    monkeypatch.setitem(SCENARIOS, "named", Scenario(_from_template, "one team with a van", 1))
    play(tmp_path, scenario="named")
    with opened(tmp_path) as (node, _):
        assert [(row["name"], row["kind"], row["lat"]) for row in queries.places(node)] == [
            ("Our van", "vehicle", "29.9")
        ]
        assert keeping.rows(node) == []
        assert len(queries.items(node)) == len(starting.find("storm").items)


SMALL = Scenario(_small, "two teams and one receipt", 1)


def test_a_scenario_is_found_by_the_name_it_is_listed_under(monkeypatch):
    monkeypatch.setitem(SCENARIOS, "small", SMALL)
    found = play(scenario="small")
    assert (found["scenario"], found["nodes"], found["balanced"]) == ("small", 2, True)


def _spoil_stock(stage: Stage) -> None:
    """The same wrong number in everybody's tables: all agree, and all are wrong."""
    for team in stage.teams:
        with team.node.log.transaction():
            team.node.db.execute_sql("UPDATE stock SET qty = qty + 1000")
    assert stage.agree()


def _write_apart(stage: Stage) -> None:
    stage.teams[1].place("Somewhere else", "site", "29.9,-90.2")


def _block_a_team(stage: Stage) -> None:
    stage.teams[1].node.block(stage.teams[0].node.id)


@pytest.mark.parametrize("harm", [_spoil_stock, _write_apart, _block_a_team])
def test_books_that_do_not_agree_are_not_called_balanced(monkeypatch, harm):
    def play_and_harm(stage: Stage) -> None:
        _small(stage)
        harm(stage)

    monkeypatch.setitem(SCENARIOS, "small", Scenario(play_and_harm, "harm", 1))
    told: list[str] = []
    assert play(scenario="small", say=told.append)["balanced"] is False
    assert "NOT" in told[-1]


def test_an_unknown_scenario_is_answered_with_those_that_there_are(tmp_path):
    with pytest.raises(NotFound, match="storm"):
        demo.run("flood", folder=tmp_path / "none", say=silent)
    assert not (tmp_path / "none").exists()


def test_a_scenario_of_one_size_is_not_played_in_part(tmp_path):
    with pytest.raises(OutOfRange, match="full size"):
        demo.run("storm", folder=tmp_path / "none", say=silent, scale=5)
    assert not (tmp_path / "none").exists()


def test_a_folder_that_holds_a_demo_already_is_left_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setitem(SCENARIOS, "small", SMALL)
    play(tmp_path, scenario="small")
    with opened(tmp_path) as nodes:
        before = [node.digest() for node in nodes]
    with pytest.raises(Conflict, match="empty folder"):
        play(tmp_path, scenario="small")
    with opened(tmp_path) as nodes:
        assert [node.digest() for node in nodes] == before


def _addresses(told: list[str]) -> list[str]:
    return [line.split()[0] for line in told if line.startswith("http://")]


def _page(url: str) -> str:
    with build_opener(ProxyHandler({})).open(url) as answer:
        assert answer.status == 200
        return answer.read().decode()


def test_pages_of_all_nodes_answer_until_it_is_told_to_stop():
    told, seen = list[str](), list[str]()

    def look() -> None:
        seen.extend(_page(url) for url in _addresses(told))

    assert play(check=False, base_port=0, say=told.append, wait=look)["balanced"]
    assert len(seen) == 3
    assert all("Canal Street Depot" in page and "Bayou Wheels" in page for page in seen)
    for url in _addresses(told):
        with pytest.raises(OSError):
            _page(url)


def test_a_port_that_is_taken_is_replaced_by_a_free_one(monkeypatch):
    monkeypatch.setitem(SCENARIOS, "small", SMALL)
    told: list[str] = []

    def look() -> None:
        assert all("Shed" in _page(url) for url in _addresses(told))

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        play(scenario="small", check=False, base_port=port, say=told.append, wait=look)
    found = _addresses(told)
    assert len(found) == 2 and f"http://127.0.0.1:{port}/" not in found


@contextmanager
def _started(temporary: Path) -> Iterator[subprocess.Popen[str]]:
    """A demo in a process of its own that has come up; it doesn't outlive the test, whatever happens."""
    script = "from node import demo; print(demo.run(base_port=0)['balanced'])"
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert any("Ctrl-C" in line for line in process.stderr or ())
            yield process
        finally:
            process.kill()


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no such signals")
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly_and_nothing_is_left_behind(tmp_path, sign):
    with _started(tmp_path) as process:
        assert list(tmp_path.glob("bucketline-demo-*"))
        process.send_signal(sign)
        out, rest = process.communicate(timeout=60)
    assert (process.returncode, out.strip(), rest.strip()) == (0, "True", "Stopping.")
    assert not list(tmp_path.glob("bucketline-demo-*"))
