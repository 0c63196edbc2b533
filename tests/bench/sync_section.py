"""Section `sync`: a first exchange, a small one and an idle one, between two processes over loopback HTTP."""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from node import bootstrap, record
from node.config import Config
from sync.fence import FileFence
from sync.identity import Keys
from tests.bench import baseline, synthetic
from tests.bench.relay import Relay

NEW = 10  # entries of the small exchange
TIMED = 3  # first exchanges that are timed, each into an empty node; the median counts


class Child:
    """One of the two processes; `ask` sends a line and reads the JSON line that answers."""

    def __init__(self, *words: str) -> None:
        command = [sys.executable, "-m", "tests.bench.child", *words]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.said = self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a process of the benchmark ended early")
        return json.loads(line)  # type: ignore[no-any-return]

    def ask(self, line: str) -> dict[str, Any]:
        """Send a line, get the answer."""
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._read()

    def end(self) -> None:
        """Close its input and wait for it."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(60)


def run(folder: Path, entries: int, seed: int) -> dict[str, float]:
    """All figures of the section."""
    region = synthetic.region(entries, seed)
    lines = baseline.rows(region)
    plain = baseline.rows_per_second(folder, lines)
    sender = _fill(folder / "sender", region)
    receivers = [_empty(folder / f"receiver{n}", region, n) for n in range(TIMED + 1)]
    _introduce(sender, receivers)
    region_lines, count = region.lines, region.entries
    del region, lines
    seeds = sender.keys.to_bytes().hex()
    figures = _measure(folder, seeds, region_lines)
    figures["full_vs_sqlite"] = figures.pop("lines_per_second") / plain
    return {"entries": count, "lines": region_lines, **figures}


def _fill(folder: Path, region: synthetic.Region) -> bootstrap.Node:
    """A node whose own keys are the region's first team's, with every entry of the region."""
    node = _node(folder, region.teams[0].keys, region.network)
    node.log.ingest(synthetic.ranges(region), b"bench")
    node.fold.settle()
    return node


def _empty(folder: Path, region: synthetic.Region, number: int) -> bootstrap.Node:
    keys = Keys.from_bytes(bytes([number + 1]) * 64)
    node = _node(folder, keys, region.network)
    record.name_team(node, f"Receiver {number}")
    return node


def _node(folder: Path, keys: Keys, network: bytes) -> bootstrap.Node:
    folder.mkdir(parents=True)
    (folder / bootstrap.files.KEYS).write_bytes(keys.to_bytes())
    config, db = Config(data=folder), bootstrap.files.open_database(folder)
    fence = FileFence(folder / bootstrap.files.FENCE)
    machine = bootstrap.files.machine_mark()
    return bootstrap.wire(config, keys, network, bootstrap.now_ms, bootstrap.os.urandom, db, fence, machine)


def _introduce(sender: bootstrap.Node, receivers: list[bootstrap.Node]) -> None:
    """Each side vouches for the other, as pairing does; then the folders are left to the processes."""
    for other in receivers:
        for one, two in ((sender, other), (other, sender)):
            one.log.vouch(two.keys.node, two.keys.agree, two.keys.agree_sig)
        other.close()
    sender.close()


def _measure(folder: Path, seeds: str, lines: int) -> dict[str, float]:
    server = Child("serve", str(folder / "sender"))
    address = ("127.0.0.1", server.said["port"])
    figures: dict[str, float] = {}
    full = [_first(folder / f"receiver{n}", seeds, address) for n in range(TIMED)]
    figures["lines_per_second"] = lines / median(result["took"] for result in full)
    figures["full_peak_mb_receiver"] = max(result["peak_mb"] for result in full)
    figures["full_peak_mb_sender"] = server.ask("record 0")["peak_mb"]
    relay = Relay(address)
    counted = Child("pull", str(folder / f"receiver{TIMED}"), seeds)
    _exchange(counted, relay.address)
    figures["full_bytes_per_line"] = relay.take() / lines
    _exchange(counted, relay.address)
    server.ask(f"record {NEW}")
    relay.take()
    small = _exchange(counted, relay.address)
    if small["received"] != NEW:
        raise RuntimeError(f"the small exchange brought {small['received']} entries, not {NEW}")
    figures["increment_round_trips"], figures["increment_bytes"] = small["round_trips"], relay.take()
    idle = _exchange(counted, relay.address)
    figures["idle_round_trips"], figures["idle_bytes"] = idle["round_trips"], relay.take()
    counted.end()
    server.end()
    relay.close()
    return figures


def _first(folder: Path, seeds: str, address: tuple[str, int]) -> dict[str, Any]:
    child = Child("pull", str(folder), seeds)
    result = _exchange(child, address)
    child.end()
    return result


def _exchange(child: Child, address: tuple[str, int]) -> dict[str, Any]:
    result = child.ask(f"http://{address[0]}:{address[1]}")
    if not result["ok"]:
        raise RuntimeError(f"an exchange of the benchmark failed: {result['error']}")
    return result
