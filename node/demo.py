"""The demo: several teams' nodes on this machine play a scenario, and then stay up for a browser.

It is the code that users run: real folders, keys, servers, pairing, exchanges over HTTP, courier files. Only the clock
is the story's, until the story has reached the present.
"""

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from node import accounts, bootstrap, scenarios
from node.bootstrap import Node
from node.scenarios.stage import WHOLE, Stage
from node.scenarios.team import HOST, Team
from sync.identity import Clock, Rng

PORT = 8480  # of the first page; the others follow
WAIT_SECONDS = 1

Say = Callable[[str], None]


def say_aside(text: str) -> None:
    """Tell it on standard error, so that standard output stays clean."""
    print(text, file=sys.stderr, flush=True)


def wait_for_signal() -> None:
    """Until somebody presses Ctrl-C or asks the process to end, which both arrive as a KeyboardInterrupt."""
    while True:  # a signal just before an endless wait would be noticed only at the next one
        threading.Event().wait(WAIT_SECONDS)


def run(
    scenario: str = "storm",
    check: bool = False,
    base_port: int | None = None,
    folder: Path | None = None,
    say: Say = say_aside,
    wait: Callable[[], None] = wait_for_signal,
    clock: Clock = bootstrap.now_ms,
    rng: Rng = os.urandom,
    scale: int = WHOLE,
) -> dict[str, Any]:
    """Play a scenario and tell what came of it; without `check` stay up until `wait` returns.

    Gives {scenario, nodes, entries, balanced, digests, balance}: how many nodes and entries there are, whether the
    books balance on every node and all nodes agree, each node's digests as {root, policy, stock}, and the books item by
    item. The pages listen from `base_port` on (8480; 0: anywhere), or where a port is free. The nodes live under
    `folder` and stay there; without one they are gone at the end. `say` is told the story line by line. NotFound for an
    unknown scenario. `scale` plays so many percent of a large one; OutOfRange for one that comes in one size.
    """
    chosen = scenarios.find(scenario, scale)
    with (
        _ends_in_order(),
        _folder(folder) as home,
        _stage(Stage(home, clock, rng, say, chosen.hours, chosen.step_seconds, scale)) as stage,
    ):
        chosen.play(stage)
        stage.clock.follow()
        found = {"scenario": scenario, **outcome(stage)}
        say(_verdict(found))
        if not check:
            _stay_up(stage, PORT if base_port is None else base_port, wait)
        return found


@contextmanager
def _ends_in_order() -> Iterator[None]:
    """Ctrl-C and a request to end both unwind what is under way, so that nothing is left lying about."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {sign: signal.signal(sign, signal.default_int_handler) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


@contextmanager
def _folder(folder: Path | None) -> Iterator[Path]:
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="bucketline-demo-", ignore_cleanup_errors=True) as made:
        yield Path(made)


@contextmanager
def _stage(stage: Stage) -> Iterator[Stage]:
    """Whatever happens on it, nothing runs on afterwards."""
    try:
        yield stage
    finally:
        stage.close()


# what came of it


def outcome(stage: Stage) -> dict[str, Any]:
    """{nodes, entries, balanced, digests, balance} as things stand now; `balance` has the rows of the first node."""
    nodes = [team.node for team in stage.teams]
    books = [accounts.balance(node) for node in nodes]
    return {
        "nodes": len(nodes),
        "entries": max((node.log.counts()[0] for node in nodes), default=0),
        "balanced": bool(nodes) and stage.agree() and all(book["balanced"] for book in books),
        "digests": [node.digest() for node in nodes],
        "balance": books[0]["items"] if books else [],
    }


def _verdict(found: dict[str, Any]) -> str:
    if found["balanced"]:
        return f"{found['nodes']} nodes hold the same {found['entries']} entries, and the books balance."
    return f"The books of the {found['nodes']} nodes do NOT balance, or the nodes don't agree."


# staying up


def _stay_up(stage: Stage, port: int, wait: Callable[[], None]) -> None:
    """Pages of all nodes and exchanges on schedule, until told to stop."""
    with suppress(KeyboardInterrupt):
        for team, url in [(team, _open_page(team.node, port and port + i)) for i, team in enumerate(stage.teams)]:
            team.node.start_scheduler()
            stage.say(f"{url}  {team.name}: {_whereabouts(team)}")
        stage.say("Open them in a browser; what you record on one is on the others soon. Ctrl-C ends the demo.")
        wait()
    stage.say("Stopping.")


def _open_page(node: Node, port: int) -> str:
    """The address of a node's pages; on another port where this one is taken."""
    try:
        return node.start_web_server(HOST, port).url
    except OSError:
        return node.start_web_server(HOST, 0).url


def _whereabouts(team: Team) -> str:
    """Who else the team talks to."""
    names = [row["name"] for row in team.node.peer_rows() if row["trust"] == "paired"]
    return f"talks to {' and '.join(names)}"
