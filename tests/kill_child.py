"""`python -m tests.kill_child FOLDER SEED`: records drops without end, and prints each entry's id once it is safe."""

import random
import sys
from pathlib import Path

from node import bootstrap, record
from node.bootstrap import Node
from node.config import Config
from node.requests import CountIn, DistributionIn, LineIn, ReceiptIn, ReceiptLineIn, VoidIn


def write_one(node: Node, rng: random.Random, place: str, item: str, own: list[str]) -> str:
    """One entry of some kind: its id."""
    qty, kind = str(rng.randint(1, 50)), rng.random()
    line = LineIn(item=item, qty=qty)
    if kind < 0.3:
        body = ReceiptIn(place=place, lines=[ReceiptLineIn(item=item, qty=qty, lot=rng.choice(["", "L1"]))])
        return record.receive(node, body).entry
    if kind < 0.4:
        return record.count(node, CountIn(place=place, lines=[line])).entry
    if kind < 0.5 and own:
        return record.void(node, own.pop(), VoidIn(why="typed twice")).entry
    own.append(record.distribute(node, DistributionIn(place=place, lines=[line])).entry)
    return own[-1]


def main(folder: str, seed: str) -> None:
    """Go on until killed."""
    rng, own = random.Random(seed), list[str]()
    node = bootstrap.open_node(Config(Path(folder)))
    place, item = (node.db.execute_sql(f"SELECT id FROM {table}").fetchone()[0] for table in ("place", "item"))
    while True:
        print(write_one(node, rng, place, item, own), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
