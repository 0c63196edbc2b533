"""Who may import whom: a table of layers, held against every import in the code, those inside functions too.

A module imports only from layers above its own in the table. Some layers stand apart on top of that, and the modules
that decide (trust, chain, digest, exchange, folds) touch no clock, no randomness, no file and no network of their own.
"""

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ARCHITECTURE = ROOT / "docs" / "architecture.md"

# Lowest first. A layer's modules are patterns; two modules of one layer don't import each other, unless the layer is
# marked with a star: then they are the parts of one thing.
LAYERS = {
    "words": "sync.errors sync.limits",
    "files": "sync.placing",
    "keys and rules": "sync.identity sync.strict sync.trust sync.fence sync.digest",
    "entries": "sync.entry sync.frame sync.chunks sync.rows",
    "bulk": "sync.bulk",
    "chain and store": "sync.chain sync.store",
    "redactions": "sync.redacting sync.arrivals",
    "intake": "sync.intake sync.ranges",
    "reading": "sync.reader",
    "audit*": "sync.audit sync.extract",
    "writing": "sync.writing",
    "deciding": "sync.deciding",
    "log": "sync.log",
    "messages": "sync.messages sync.envelope",
    "exchange*": "sync.exchange sync.giving sync.taking sync.parcel",
    "carriers": "sync.client sync.server sync.bundle",
    "company": "sync.pairing sync.peers sync.discovery sync.scheduler",
    "facts": "node.events node.units node.requests node.codes",
    "many facts": "node.bulk",
    "tables*": "node.tables node.tables.*",
    "folding*": "node.fold node.folding node.folding.*",
    "snapshots": "node.snapshots",
    "likeness": "node.searching",
    "starter": "node.starter",
    "sameness": "node.sameness",
    "hearsay": "node.hearsay",
    "catalogue": "node.catalogue",
    "words in and out": "node.inputs node.ledger node.telling node.freshness node.namesakes",
    "recipes": "node.recipes",
    "traces": "node.traces",
    "writing down": "node.writing",
    "undoing": "node.undoing",
    "use": "node.record node.queries node.accounts",
    "acts*": (
        "node.kits node.repacking node.expiring node.counting "
        "node.redacting node.starting node.starting.* node.needing node.moving node.transit node.transfers node.runs "
        "node.slips node.papers node.waybill node.loads node.scanning node.needs "
        "node.promises node.filling node.planning "
        "node.correcting node.merging node.keeping node.alerts node.alerting "
        "node.alerting.*"
    ),
    "report": "node.reporting node.reporting.model",
    "report files*": "node.reporting.writing node.reporting.writing.*",
    "reports*": "node.reporting.*",
    "importing*": "node.importer node.importing node.importing.*",
    "settings": "node.config node.problems node.files node.running",
    "backup": "node.backup",
    "access*": "node.tokens node.sessions node.throttle node.access node.idempotency",
    "pages*": "node.web node.web.*",
    "api*": "node.api node.api.* node.openapi",
    "server*": "node.server node.hosting",
    "wiring": "node.bootstrap",
    "demo*": "node.demo node.scenarios node.scenarios.*",
    "commands*": "node.cli node.cli.* node.checks node.__main__",
}

# Layers that know nothing of each other although one stands above the other.
APART = [("pages", "api"), ("pages", "commands"), ("api", "commands")]

# Layers and modules that only compute: what they need of the world is handed in.
PURE = "sync.strict sync.trust sync.digest sync.entry sync.frame sync.chain sync.messages sync.exchange node.folding.*"
WORLD = {"time", "random", "secrets", "os", "socket", "threading", "requests", "flask", "pathlib", "subprocess"}

# Where clocks and randomness may enter: everywhere else they are handed in.
CLOCKS = re.compile(
    r"\b(time\.time|time\.time_ns|datetime\.now|datetime\.today|os\.urandom|secrets\.\w+|random\.\w+)\("
)
MAY_READ_CLOCKS = "node.bootstrap"


def _modules() -> dict[str, Path]:
    """Every module of both packages by its dotted name; a package goes by its own name."""
    found = {}
    for package in ("sync", "node"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = _modules()
TOPS = ("sync", "node")  # the packages themselves hold no code


def _fits(module: str, patterns: str) -> bool:
    return any(fnmatchcase(module, pattern) for pattern in patterns.split())


def _layer(module: str) -> str | None:
    return next((name for name, patterns in LAYERS.items() if _fits(module, patterns)), None)


def _imports(path: Path, package: str) -> Iterator[tuple[str, int]]:
    """Each of our own modules that a file imports, with the line."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base]).strip(".")
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield (whole if whole in MODULES else base), node.lineno


def _own_imports(module: str) -> Iterator[tuple[str, int]]:
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for name, line in _imports(path, package):
        if name in MODULES and name not in (module, *TOPS):
            yield name, line


def test_every_module_has_its_place_in_the_table():
    homeless = [m for m in MODULES if m not in TOPS and _layer(m) is None]
    assert not homeless, (
        f"{', '.join(homeless)}: place each in LAYERS in tests/test_imports.py, and in the table of architecture.md."
    )


def test_every_name_in_the_table_is_that_of_a_module():
    names = [name for patterns in LAYERS.values() for name in patterns.split()]
    assert [name for name in names if not any(fnmatchcase(module, name) for module in MODULES)] == []


@pytest.mark.parametrize("module", [m for m in MODULES if m not in TOPS])
def test_a_module_imports_only_from_layers_above_it_in_the_table(module):
    order = list(LAYERS)
    own = _layer(module)
    if own is None:
        pytest.fail(f"{module} has no layer yet.")
    for name, line in _own_imports(module):
        other = _layer(name)
        together = other == own and own.endswith("*")
        assert other is not None and (together or order.index(other) < order.index(own)), (
            f"{MODULES[module].relative_to(ROOT)}:{line}: {module} ({own}) may not import {name} ({other})."
        )


def test_replication_knows_nothing_of_the_inventory():
    for module in MODULES:
        if module.startswith("sync"):
            assert not [name for name, _ in _own_imports(module) if name.startswith("node")]


def test_pages_api_and_commands_know_nothing_of_each_other():
    sides = {name.rstrip("*"): name for name in LAYERS}
    for module in MODULES:
        for one, other in APART:
            for mine, theirs in ((one, other), (other, one)):
                if _layer(module) == sides[mine]:
                    found = [name for name, _ in _own_imports(module) if _layer(name) == sides[theirs]]
                    assert not found, f"{module} is of the {mine} and imports {found} of the {theirs}."


@pytest.mark.parametrize("module", [m for m in MODULES if _fits(m, PURE)])
def test_what_decides_touches_nothing_of_the_world(module):
    package = module.rpartition(".")[0]
    used = {name.partition(".")[0] for name, _ in _imports(MODULES[module], package)}
    assert not used & WORLD, f"{module} imports {used & WORLD}: have it handed in."


@pytest.mark.parametrize("module", [m for m in MODULES if not _fits(m, MAY_READ_CLOCKS)])
def test_clocks_and_randomness_are_handed_in(module):
    source = MODULES[module].read_text("utf-8")
    found = [match[0] for match in CLOCKS.finditer(source)]
    assert not found, f"{module} calls {found}: time and randomness are handed in by {MAY_READ_CLOCKS}."


def test_the_architecture_page_shows_the_same_table():
    rows = re.findall(r"^\| ([a-z ]+\*?) \| ((?:`[\w.*]+`,? ?)+)\|", ARCHITECTURE.read_text("utf-8"), re.MULTILINE)
    shown = {name: " ".join(re.findall(r"`([^`]+)`", modules)) for name, modules in rows}
    assert shown == LAYERS
    assert list(shown) == list(LAYERS), "The layers stand in another order."
