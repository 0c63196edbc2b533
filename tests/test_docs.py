"""The documents say what the code does: commands, facts, fields, bounds and links are held against each other."""

import re
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from node import events
from sync.limits import Limits
from sync.messages import Message

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text("utf-8")
CI = (ROOT / ".ci" / "run").read_text("utf-8")
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
ADRS = sorted((DOCS / "adr").glob("*.md"))
FACTS = {fact.__struct_config__.tag: fact for fact in get_args(events.AnyFact)}


def _one_line_commands() -> list[str]:
    return [line for line in README.splitlines() if line.startswith("python3 -m venv")]


def _section(page: str, heading: str) -> str:
    """The text from a heading to the next of the same or a higher level."""
    match = re.search(rf"^(#+) {re.escape(heading)}$(.*?)(?=^#{{1,2}} |^\1 |\Z)", page, re.MULTILINE | re.DOTALL)
    assert match, f"There is no heading {heading!r}."
    return match[2]


def test_the_readme_has_one_line_to_run_and_one_to_test():
    run, test = _one_line_commands()
    assert run.endswith("bucketline demo")
    assert "-m pytest" in test
    assert all("pip install -q" in line for line in (run, test))


def test_ci_runs_the_readmes_own_test_line():
    finds = re.search(r'^line="\$\((.+)\)"$', CI, re.MULTILINE)
    assert finds, "The script no longer takes its command from the README."
    found = subprocess.run(["bash", "-c", finds[1]], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == _one_line_commands()[1]
    assert 'bash -euo pipefail -c "$line"' in CI
    assert CI.count("pytest") == 1, "The script runs tests of its own besides the README's line."


def test_each_debian_package_that_ci_installs_has_its_reason_in_the_docs():
    programs = re.search(r"^programs=\((.+)\)$", CI, re.MULTILINE)
    assert programs
    needed = _section((DOCS / "architecture.md").read_text("utf-8"), "What the tests need")
    for program in programs[1].split():
        assert re.search(rf"^\| `{program}` \| \w.+\|$", needed, re.MULTILINE), f"Say what {program} is for."


def _skip_reasons() -> list[str]:
    return [
        reason
        for path in (ROOT / "tests").rglob("*.py")
        for reason in re.findall(r"""["'](needs (?:chromium|Debian's)[^"']*)""", path.read_text("utf-8"))
    ]


def test_ci_notices_tests_that_were_skipped_for_a_missing_program(tmp_path):
    pattern = re.search(r'grep -E "(.+)" "\$said"', CI)
    assert pattern
    for reason in ["needs chromium", "needs Debian's sqlite3", *_skip_reasons()]:
        assert re.search(pattern[1], f"SKIPPED [1] tests/web/test_pages.py:9: {reason}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} points to {target}, which isn't there."


def test_the_readme_leads_to_every_page():
    for page in DOCS.glob("*.md"):
        assert f"docs/{page.name}" in README, f"README.md doesn't say what docs/{page.name} is for."


def test_decisions_are_numbered_without_gaps():
    assert [path.name[:4] for path in ADRS] == [f"{number:04}" for number in range(1, len(ADRS) + 1)]


@pytest.mark.parametrize("path", ADRS, ids=lambda path: path.stem)
def test_a_decision_has_its_parts_and_fits_a_page(path):
    lines = path.read_text("utf-8").splitlines()
    assert lines[0].startswith(f"# {int(path.name[:4])}. ")
    assert [line[3:] for line in lines if line.startswith("## ")] == ["Context", "Decision", "Consequences"]
    assert len(lines) <= 50


@pytest.mark.parametrize("tag", FACTS)
def test_the_data_model_has_every_field_of_a_fact(tag):
    page = _section((DOCS / "data-model.md").read_text("utf-8"), tag)
    for name in [field.encode_name for field in msgspec.structs.fields(FACTS[tag])]:
        assert f"`{name}`" in page, f"docs/data-model.md doesn't say what {tag}.{name} is."


def test_the_data_model_has_no_fact_that_the_code_lacks():
    facts = _section((DOCS / "data-model.md").read_text("utf-8"), "Facts")
    assert set(re.findall(r"^### (.+)$", facts, re.MULTILINE)) == set(FACTS)


@pytest.mark.parametrize("words", [events.LOSS_REASONS, events.PLACE_KINDS, events.URGENCIES, events.LANGUAGES])
def test_the_data_model_has_every_word_of_a_choice(words):
    page = (DOCS / "data-model.md").read_text("utf-8")
    assert all(f"`{word}`" in page for word in words)


def test_the_glossary_explains_each_word_once_and_in_order():
    page = (DOCS / "glossary.md").read_text("utf-8")
    for heading in ("Words of the field", "Words of the software"):
        words = re.findall(r"^\| (.+?) \| .+ \|$", _section(page, heading), re.MULTILINE)[1:]
        assert words == sorted(set(words), key=str.casefold)


def test_the_protocol_has_every_bound():
    page = (DOCS / "protocol.md").read_text("utf-8")
    for bound in fields(Limits):
        assert re.search(rf"^\| `{bound.name}` \| {bound.default:,} \|", page, re.MULTILINE), (
            f"docs/protocol.md doesn't give {bound.name} = {bound.default:,}."
        )


def test_the_protocol_has_every_key_of_a_message():
    page = _section((DOCS / "protocol.md").read_text("utf-8"), "Messages")
    keys = {field.name: field.encode_name for field in msgspec.structs.fields(Message)}
    assert dict(re.findall(r"^\| `(\w)` \| (\w+) \|", page, re.MULTILINE)) == {v: k for k, v in keys.items()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_lines_are_short_enough_to_read_in_a_terminal(page):
    long = [line for line in page.read_text("utf-8").splitlines() if len(line) > 125 and line[:1] not in "|!"]
    assert not long


def test_the_package_says_the_licence_that_the_file_holds():
    assert "license = AGPL-3.0-or-later" in (ROOT / "setup.cfg").read_text("utf-8")
    licence = (ROOT / "LICENSE").read_text("utf-8")
    assert "GNU AFFERO GENERAL PUBLIC LICENSE" in licence and "END OF TERMS AND CONDITIONS" in licence
