"""Commands that hand out the books: report and export."""

import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from node import accounts, snapshots
from node.bootstrap import Node
from node.cli.base import Call, say, with_json
from node.cli.output import output_to
from node.cli.words import table
from node.reporting import exporting, registry, verifying
from node.reporting.model import Column, Report
from node.reporting.writing import formats, json_file, privacy
from node.reporting.writing.cells import reader
from node.reporting.writing.document import Progress
from node.reporting.writing.moments import Moments

BALANCE_HEADS = ["received", "distributed", "in_transit", "lost", "unexplained", "repacked", "on_hand"]
_file = click.option("-o", "output", type=click.Path(path_type=Path, dir_okay=False), help="The file to write.")
_format = click.option("--format", "form", type=click.Choice(list(formats.FORMATS)), help="As a file of this kind.")

_people = click.option("--people", is_flag=True, help="Counts of people under five, too.")
_words = click.option("--words", is_flag=True, help="Free text, too, such as notes.")


@click.group()
def report() -> None:
    """Reports on the books, on the screen or as files; and whether a file says what the books say.

    Example: bucketline report balance --by place
    """


@report.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path, dir_okay=False))
@with_json
def verify(call: Call, file: Path) -> None:
    """Check a report in CSV, HXL or JSON against this node's entries: each figure, or where the first one is off.

    Example: bucketline report verify balance.csv
    """
    with call.node() as node, open(file, "rb") as content, registry.one_moment(node) as then:
        found = verifying.verify(then, content)
    wrong = found.difference
    call.answer(found._asdict() | {"difference": wrong and wrong._asdict()}, verifying.said(found))
    if wrong:
        sys.exit(1)


def _command(name: str) -> click.Command:
    """`report NAME`, with an option for whatever may be asked of that report."""

    def show(call: Call, form: str | None, output: Path | None, raw: bool = False, **given: Any) -> None:
        shows = {each: given.pop(each) for each in ("people", "words")}
        asked = {key: text for key, text in given.items() if text is not None}
        with call.node() as node:
            if form or output:
                _as_file(call, node, name, asked, form or formats.of_file(output or Path()), output, shows)
            elif name == "balance":
                with snapshots.taken(node) as then:
                    books = accounts.balance(then, asked.get("by"), raw)
                _show_balance(call, books, asked.get("by"))
            else:
                with registry.one_moment(node) as then:
                    _show(call, privacy.for_outside(registry.make(then, name, asked), **shows))

    show.__doc__ = f"{registry.about(name)}\n\nExample: bucketline report {name} --format xlsx -o {name}.xlsx"
    function: Callable[..., Any] = with_json(show)
    if name == "balance":
        function = click.option("--raw", is_flag=True, help="What this team has merged is shown apart.")(function)
    for word in reversed(registry.takes(name)):
        required = word in registry.needs(name)
        option = "--" + word.replace("_", "-")
        function = click.option(option, word, required=required, help=registry.ASKED[word])(function)
    return click.command(name)(_format(_file(_people(_words(function)))))


def _as_file(
    call: Call, node: Node, name: str, asked: Mapping[str, str], form: str, output: Path | None, shows: dict[str, bool]
) -> None:
    kind = formats.find(form)
    with _to(call, output, not kind.shown) as (out, progress), registry.one_moment(node) as then:
        kind.write(registry.document(then, name, asked, **shows), out, progress)


@contextmanager
def _to(call: Call, output: Path | None, binary: bool) -> Iterator[tuple[IO[bytes], Progress | None]]:
    """Where to write and whom to tell of it; what was written is told in the end."""
    with output_to(output, binary) as out, _counting() as progress:
        yield out, progress
    if output is not None:
        call.answer({"file": str(output), "bytes": output.stat().st_size}, f"Written to {output}.")


@contextmanager
def _counting() -> Iterator[Progress | None]:
    """How many rows are written, on a terminal; how many there will be is known only in the end."""
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(itertools.count(), label="Rows", show_pos=True, file=sys.stderr) as bar:
        yield lambda done: bar.update(done - bar.pos)


def _show(call: Call, made: Report) -> None:
    told, moments = list(_told(made)), Moments(made)
    if call.json:
        call.answer([json_file.row_of(made.columns, row, texts) for row, texts in told], "")
        return
    names = [column.name for column in made.columns]
    rows = [dict(zip(names, moments.told(row, texts), strict=True)) for row, texts in told]
    shown = [column for column in made.columns if column.kind != "id" and _says_something(column, rows)]
    heads = [(moments.headed(column).title, _pick(column.name)) for column in shown]
    call.answer(rows, table(rows, [(_lowered(head), pick) for head, pick in heads], "There is nothing."))
    for note in made.notes if rows else ():
        say(note)


def _lowered(head: str) -> str:
    """A heading as tables on the screen have them; what stands in brackets keeps its letters."""
    word, bracket, rest = head.partition(" (")
    return f"{word.lower()}{bracket}{rest}"


def _says_something(column: Column, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a column has room on the screen: what is empty in every row, or a sum of nought, stays in the files."""
    nothing = ("", "0") if column.kind in ("qty", "money") else ("",)
    return any(row[column.name] not in nothing for row in rows)


def _told(made: Report) -> Iterator[tuple[Any, list[str]]]:
    texts = reader(made.columns)
    return ((row, texts(row)) for row in made.rows())


def _show_balance(call: Call, found: Any, by: str | None) -> None:
    rows = found[f"{by}s" if by else "items"]
    heads = ["item_name", "unit", *(accounts.COLUMNS_SHOWN if by else BALANCE_HEADS)]
    whose = {"place": ["place_name"], "team": ["team"]}.get(by or "", [])
    columns = [(head.replace("_", " "), _pick(head)) for head in [*whose, *heads]]
    call.answer(rows, table(rows, columns, "The books are empty."))
    say("The books balance." if found["balanced"] else "The books do not balance:")
    for problem in found["problems"]:
        say(f"  {problem}")


def _pick(name: str) -> Any:
    return lambda row: row[name]


# exports


@click.command()
@click.argument("form", metavar="FORMAT", type=click.Choice(list(exporting.EXPORTS)))
@_file
@with_json
def export(call: Call, form: str, output: Path | None) -> None:
    """Write the books for another program.

    \b
    csv, hxl             the stock by lot; hxl with a row of HXL tags
    xlsx                 all reports as one workbook
    hledger, beancount   all movements as a journal
    parquet              all movements as one table, for DuckDB
    json                 stock, places, items and log

    Example: bucketline export xlsx -o books.xlsx
    """
    found = exporting.EXPORTS[form]
    with call.node() as node, _to(call, output, not found.shown) as (out, progress), registry.one_moment(node) as then:
        found.write(then, out, progress)


for _name in registry.REPORTS:
    report.add_command(_command(_name))

COMMANDS = [report, export]
