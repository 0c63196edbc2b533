"""The shape of the code: small files and functions, a docstring on what others use, and clean linters."""

import ast
import configparser
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CODE = sorted(path for package in ("sync", "node") for path in (ROOT / package).rglob("*.py"))
TOP = {
    ".ci",
    ".gitignore",
    "LICENSE",
    "README.md",
    "docs",
    "node",
    "pyproject.toml",
    "setup.cfg",
    "sync",
    "tests",
}

FILE_LINES_MAX = 350
FUNCTION_LINES_MAX = 45
NESTING_MAX = 4  # of loops, conditions and the like; nearly all functions have two or less
Function = ast.FunctionDef | ast.AsyncFunctionDef
BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.AsyncFor, ast.AsyncWith, ast.Match)


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, Function):
            yield node


def _lines(function: Function) -> int:
    """Lines of a function's body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) and len(function.body) > 1 else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def _nesting(node: ast.AST, elif_of: ast.AST | None = None) -> int:
    """How deep blocks stand in each other; an `elif` is no deeper than its `if`, an inner function counts anew."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function | ast.Lambda):
            continue
        is_elif = isinstance(node, ast.If) and node.orelse == [child] and isinstance(child, ast.If)
        deepest = max(deepest, _nesting(child) + (isinstance(child, BLOCKS) and not is_elif))
    return deepest


ALL = [(path, function) for path in CODE for function in _functions(path)]


@pytest.mark.parametrize("path", CODE, ids=_name)
def test_a_module_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), "Begin with a docstring."


def _public(tree: ast.Module) -> Iterator[ast.ClassDef | Function]:
    """Functions and classes that others may use, methods too; a bare `...` only repeats what is explained elsewhere."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
            yield node
            methods = node.body if isinstance(node, ast.ClassDef) else []
            yield from (m for m in methods if isinstance(m, Function) and m.name[0] != "_" and not _is_bare(m))


def _is_bare(function: Function) -> bool:
    return [ast.unparse(line) for line in function.body] == ["..."]


@pytest.mark.parametrize("path", CODE, ids=_name)
def test_what_others_use_says_what_it_is_for(path):
    bare = [node.name for node in _public(ast.parse(path.read_text("utf-8"))) if not ast.get_docstring(node)]
    assert not bare, f"{_name(path)}: no docstring on {', '.join(bare)}."


@pytest.mark.parametrize("path", CODE, ids=_name)
def test_a_file_is_small(path):
    assert len(path.read_text("utf-8").splitlines()) <= FILE_LINES_MAX


@pytest.mark.parametrize("path", CODE, ids=_name)
def test_functions_are_small(path):
    long = {f.name: _lines(f) for f in _functions(path) if _lines(f) > FUNCTION_LINES_MAX}
    assert not long, f"{_name(path)}: {long} are longer than {FUNCTION_LINES_MAX} lines."


@pytest.mark.parametrize("path", CODE, ids=_name)
def test_blocks_do_not_stand_deep_in_each_other(path):
    deep = {f.name: _nesting(f) for f in _functions(path) if _nesting(f) > NESTING_MAX}
    assert not deep


def test_functions_are_short_in_general():
    lengths = [_lines(function) for _, function in ALL]
    assert statistics.median(lengths) <= 6
    assert statistics.quantiles(lengths, n=10)[-1] < 20
    shallow = [function for _, function in ALL if _nesting(function) <= 2]
    assert len(shallow) >= 0.97 * len(ALL)


def test_quantities_and_money_are_never_floats():
    exact = ["events", "units", "record", "accounts", "tables", "fold", "folding"]
    for path in CODE:
        parts = path.relative_to(ROOT / "node").parts if path.is_relative_to(ROOT / "node") else ()
        if parts and parts[0].removesuffix(".py") in exact:
            found = [
                node.lineno
                for node in ast.walk(ast.parse(path.read_text("utf-8")))
                if (isinstance(node, ast.Constant) and isinstance(node.value, float))
                or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float")
            ]
            assert not found, f"{_name(path)} has a float in line {found}."


def _tracked() -> list[str]:
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("needs a clone made by git")
    found = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return found.stdout.splitlines()


def test_the_top_level_holds_what_it_should_and_nothing_else():
    assert {name.partition("/")[0] for name in _tracked()} == TOP


# imported name → distribution, where they differ
COMES_AS = {"playhouse": "peewee", "stdnum": "python-stdnum", "zxingcpp": "zxing-cpp", "PIL": "pillow", "fpdf": "fpdf2"}
COMES_AS |= {"font_source_sans_pro": "font-source-sans-pro"}


def _libraries() -> dict[str, str]:
    """Every library that the code imports, with a file that does."""
    found = {}
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            found |= {name.partition(".")[0]: _name(path) for name in names}
    return {k: v for k, v in found.items() if k not in sys.stdlib_module_names and k not in ("sync", "node")}


def test_every_library_in_use_is_declared_with_a_lower_bound():
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", "utf-8")
    extras = [lines for name, lines in settings["options.extras_require"].items() if name != "test"]
    wanted = " ".join([settings["options"]["install_requires"], *extras]).split()
    declared = {re.match(r"[\w-]+", line)[0]: line for line in wanted}
    assert all(">=" in line for line in wanted)
    for library, file in _libraries().items():
        assert COMES_AS.get(library, library) in declared, f"{file} imports {library}; name it in setup.cfg."
    spare = set(declared) - {COMES_AS.get(library, library) for library in _libraries()}
    assert not spare, f"Nothing imports {spare} any longer."


def _passes(*command: str) -> None:
    program = command[0]
    if subprocess.run([sys.executable, "-m", program, "--version"], capture_output=True).returncode:
        pytest.skip(f"needs {program}: pip install -e '.[test]'")
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_nothing():
    _passes("ruff", "check", ".")


def test_the_code_is_formatted():
    _passes("ruff", "format", "--check", ".")


def test_the_types_hold():
    _passes("mypy")
