"""Section `exports`: time and memory of handing out all movements, in a process of its own for each format.

The books hold five times `--entries` entries, about a million lines by default. Memory is the peak of the process over
what it had when the node was open and idle. `python -m tests.bench.exports_section FOLDER FORM` is one such process.
"""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

from node import bootstrap, queries
from node.config import Config
from node.reporting import registry
from node.reporting.exporting import EXPORTS
from node.reporting.writing import formats
from tests.bench import projection

TIMES = 5  # entries for one of `--entries`
FORMS = ("csv", "json", "parquet", "hledger", "beancount", "xlsx")


def run(folder: Path, entries: int, seed: int) -> dict[str, float]:
    """All figures of the section."""
    node, _ = bootstrap.init(Config(data=folder / "books"), "Books", rng=random.Random(seed).randbytes)
    writer = projection.Writer(node, seed)
    writer.catalogue()
    writer.grow(TIMES * entries)
    node.close()
    figures: dict[str, float] = {"entries": writer.written}
    for form in FORMS:
        command = [sys.executable, "-m", "tests.bench.exports_section", str(folder / "books"), form]
        figures |= json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return figures


def _memory(name: str) -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0]) / 1000


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def export(folder: Path, form: str) -> dict[str, float]:
    """One export: {lines, seconds, peak_mb_over_idle, mb} of a format, each with its name before it."""
    node, rows = bootstrap.open_node(Config(data=folder)), [0]
    node.fold.settle()
    _forget_peak()
    idle, started = _memory("VmRSS"), time.perf_counter()
    file = folder.parent / f"movements.{form}"
    with open(file, "wb") as out, queries.one_moment(node):
        if form in ("hledger", "beancount"):
            EXPORTS[form].write(node, out, lambda done: rows.__setitem__(0, done))
        else:
            formats.FORMATS[form].write(
                registry.document(node, "movements", {}), out, lambda done: rows.__setitem__(0, done)
            )
    figures = {"seconds": time.perf_counter() - started, "peak_mb_over_idle": _memory("VmHWM") - idle}
    node.close()
    size = file.stat().st_size / 1e6
    file.unlink()
    return {f"{form}_{name}": value for name, value in ({"lines": rows[0]} | figures | {"mb": size}).items()}


if __name__ == "__main__":
    bootstrap.calm_collector()
    print(json.dumps(export(Path(sys.argv[1]), sys.argv[2])))
