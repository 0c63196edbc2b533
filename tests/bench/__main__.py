"""`python -m tests.bench [SECTION…] [--entries N] [--seed S] [--json FILE]`: a table, and the figures as JSON."""

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench import accounts_section, exports_section, projection, sync_section

SECTIONS: dict[str, Callable[[Path, int, int], dict[str, float]]] = {
    "sync": sync_section.run,
    "projection": projection.run,
    "accounts": accounts_section.run,
    "exports": exports_section.run,
}


def main() -> None:
    """Run the sections that were named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Ratios against baselines of one run.")
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}; default all")
    parser.add_argument("--entries", type=int, default=50_000, help="synthetic entries (50000)")
    parser.add_argument("--seed", type=int, default=7, help="of the synthetic entries (7)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write {section: {figure: number}} there")
    words = parser.parse_args()
    unknown = set(words.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"no section {', '.join(sorted(unknown))}; there are: {', '.join(SECTIONS)}")
    found = {name: _run(name, words.entries, words.seed) for name in words.sections or SECTIONS}
    if words.json:
        words.json.write_text(json.dumps(found, indent=2) + "\n")


def _run(name: str, entries: int, seed: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        figures = SECTIONS[name](Path(folder), entries, seed)
    print(f"{name} (seed {seed})")
    for figure, value in figures.items():
        print(f"  {figure:<28}{value:>14,.2f}" if value % 1 else f"  {figure:<28}{value:>14,.0f}")
    return figures


main()
