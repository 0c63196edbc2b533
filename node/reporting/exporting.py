"""Exports: the books for other programs, each as one file."""

from collections.abc import Callable, Iterator
from typing import IO, NamedTuple

from node import queries
from node.fold import Node
from node.reporting import history, registry
from node.reporting.stock_report import plain_stock
from node.reporting.writing import beancount, csv_file, formats, hledger, parquet, pieces, xlsx
from node.reporting.writing.document import Document, Progress
from sync.errors import NotFound

Write = Callable[[Node, IO[bytes], Progress | None], None]
TEXT = "text/plain; charset=utf-8"
PAGE = 2000  # rows of a list in memory at a time


class Export(NamedTuple):
    """One export: what it holds; how its file is called and sent; whether it can be read on a screen."""

    about: str
    suffix: str
    media: str
    shown: bool
    write: Write


def _csv(node: Node, out: IO[bytes], progress: Progress | None) -> None:
    csv_file.write(Document(plain_stock(node)), out, progress, proof=False)


def _json(node: Node, out: IO[bytes], progress: Progress | None) -> None:
    whole = {
        "stock": _of(lambda: queries.stock(node, lots=True)),
        "places": _of(lambda: queries.places(node)),
        "items": _paged(lambda after: queries.items(node, after=after, limit=PAGE), "item"),
        "entries": _paged(lambda before: queries.log(node, PAGE, before), "entry"),
        "digest": queries.digest(node),
    }
    pieces.write(whole, out)


def _of(rows: Callable[[], list[queries.Row]]) -> Iterator[queries.Row]:
    """Rows that are asked for when it is their turn, and let go after it."""
    yield from rows()


def _paged(read: Callable[[str | None], list[queries.Row]], id: str) -> Iterator[queries.Row]:
    """Rows page by page, each after the last of the page before."""
    last = None
    while page := read(last):
        yield from page
        last = page[-1][id]


def _hxl(node: Node, out: IO[bytes], progress: Progress | None) -> None:
    csv_file.write_hxl(registry.document(node, "stock", {}), out, progress)


def _xlsx(node: Node, out: IO[bytes], progress: Progress | None) -> None:
    xlsx.write(registry.documents(node), out, progress)


def _parquet(node: Node, out: IO[bytes], progress: Progress | None) -> None:
    parquet.write(registry.document(node, "movements", {}), out, progress)


def _journal(write: Callable[..., None]) -> Callable[[Node, IO[bytes], Progress | None], None]:
    def journal(node: Node, out: IO[bytes], progress: Progress | None) -> None:
        found = queries.digest(node)
        write(lambda: history.moves(node), out, {"root": found["root"], "policy": found["policy"]}, progress)

    return journal


EXPORTS: dict[str, Export] = {
    "csv": Export("the stock by lot", ".csv", formats.FORMATS["csv"].media, True, _csv),
    "xlsx": Export("all reports as one workbook", ".xlsx", formats.FORMATS["xlsx"].media, False, _xlsx),
    "hxl": Export("the stock by lot, with HXL tags", ".hxl.csv", formats.FORMATS["hxl"].media, True, _hxl),
    "hledger": Export("all movements as a journal for hledger", ".journal", TEXT, True, _journal(hledger.write)),
    "beancount": Export(
        "all movements as a journal for beancount", ".beancount", TEXT, True, _journal(beancount.write)
    ),
    "parquet": Export("all movements, for DuckDB", ".parquet", formats.FORMATS["parquet"].media, False, _parquet),
    "json": Export("stock, places, items and log", ".json", formats.FORMATS["json"].media, True, _json),
}


def find(name: str) -> Export:
    """An export by its name; NotFound names those there are."""
    if name not in EXPORTS:
        raise NotFound(f"There is no export {name!r}.", kept="", todo=f"There are: {', '.join(EXPORTS)}.")
    return EXPORTS[name]
