"""The two processes of the sync benchmark: `python -m tests.bench.child serve|pull FOLDER …`, driven line by line.

Both say one JSON line when they are ready. The server then waits for lines: "record N" writes N entries, anything else
ends it. The puller waits for "sync ADDRESS" and answers each with what its exchange did.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from node import bootstrap, record
from node.config import Config
from node.requests import DistributionIn, LineIn
from sync.identity import Keys


def _say(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


def _peak_mb() -> float:
    """The process's peak resident memory so far, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1000


def _open(folder: str) -> bootstrap.Node:
    return bootstrap.open_node(Config(data=Path(folder)))


def serve(folder: str) -> None:
    """The node that holds everything: serves peers and records when told."""
    node = _open(folder)
    running = node.start_sync_server("127.0.0.1", 0)
    _say(port=running.address[1])
    for line in sys.stdin:
        command, _, count = line.partition(" ")
        if command != "record":
            break
        _record(node, int(count))
        _say(peak_mb=_peak_mb())
    node.close()


def _record(node: bootstrap.Node, count: int) -> None:
    """Drops of four or five lines each, as a team's phone would send them."""
    places = [row[0] for row in node.db.execute_sql("SELECT id FROM place ORDER BY id LIMIT 5").fetchall()]
    items = [row[0] for row in node.db.execute_sql("SELECT id FROM item ORDER BY id LIMIT 40").fetchall()]
    for at in range(count):
        lines = [LineIn(item=items[(at * 5 + k) % 40], qty=str(5 + k)) for k in range(4 + at % 2)]
        record.distribute(node, DistributionIn(place=places[at % 5], lines=lines, people=20 + at))


def pull(folder: str, peer: str) -> None:
    """The node that is empty at first: exchanges when told, and says what it took and in what time."""
    node = _open(folder)
    key = Keys.from_bytes(bytes.fromhex(peer)).node
    _say(ready=True)
    for line in sys.stdin:
        node.peers.add(key, "", [line.strip()])
        start = time.perf_counter()
        (result,) = node.sync_now(bootstrap.node_id(key))
        node.fold.settle()
        _say(**result, took=time.perf_counter() - start, peak_mb=_peak_mb(), digest=node.digest())
    node.close()


if __name__ == "__main__":
    bootstrap.calm_collector()
    {"serve": serve, "pull": pull}[sys.argv[1]](*sys.argv[2:])
