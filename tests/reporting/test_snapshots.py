"""While a report is made others write: it doesn't wait for them, nor they for it, and it holds what was there when it
began."""

import io
import threading
from collections.abc import Callable

import pytest

from node import queries, record
from node.bootstrap import Node, open_node
from node.reporting import exporting, movements, registry, signed, verifying
from node.reporting.writing import formats
from node.requests import DistributionIn, LineIn
from tests.node.conftest import clock, new_node, node  # noqa: F401

WAIT_S = 20


class Held(io.BytesIO):
    """A file; when the first of it is written, something else is done first."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self._act: Callable[[], object] | None = act

    def write(self, piece: object) -> int:
        """Write a piece."""
        if self._act:
            act, self._act = self._act, None
            act()
        return super().write(piece)  # type: ignore[arg-type]


def drop(of: Node) -> None:
    record.distribute(of, DistributionIn(place="Harvey Hub", lines=[LineIn(item="Blanket", qty="7")], people=9))


def meanwhile(node: Node) -> Callable[[], None]:  # noqa: F811
    """A drop by another thread of this process, and one by another process's connection; neither may have to wait."""

    def act() -> None:
        done: list[str] = []

        def here() -> None:
            drop(node)
            done.append(queries.stock(node, item="Blanket")[0]["qty"])

        thread = threading.Thread(target=here, daemon=True)
        thread.start()
        thread.join(WAIT_S)
        assert done == ["113"], "the other thread waits for the report"
        other = open_node(node.config, node.clock, node.rng)
        drop(other)
        assert queries.stock(other, item="Blanket")[0]["qty"] == "106"
        other.close()

    return act


@pytest.mark.parametrize("form", ["csv", "json", "html", "xlsx"])
@pytest.mark.parametrize("name", ["balance", "statement", "activity", "stock", "movements", "discrepancies"])
def test_who_records_while_a_report_is_made_waits_for_nothing_and_is_not_in_it(node: Node, name: str, form: str):  # noqa: F811
    before = io.BytesIO()
    with registry.one_moment(node) as then:
        formats.FORMATS[form].write(registry.document(then, name, {}), before, None)
    out = Held(meanwhile(node))
    with registry.one_moment(node) as then:
        root = then.log.digest()[0]
        formats.FORMATS[form].write(registry.document(then, name, {}), out, None)
    assert out.getvalue() == before.getvalue()
    assert node.log.digest()[0] != root
    assert queries.stock(node, item="Blanket")[0]["qty"] == "106"


def test_such_a_report_is_true_of_its_own_root(node: Node):  # noqa: F811
    out = Held(meanwhile(node))
    with registry.one_moment(node) as then:
        root = then.log.digest()[0]
        formats.FORMATS["csv"].write(registry.document(then, "statement", {"by": "place"}), out, None)
    assert f"# root: {root}" in out.getvalue().decode()
    out.seek(0)
    with registry.one_moment(node) as then:
        assert verifying.verify(then, out) == verifying.Verdict("statement", True, True, None)
        assert then.log.digest()[0] != root


@pytest.mark.parametrize("name", exporting.EXPORTS)
def test_exports_hold_nobody_up_either(node: Node, name: str):  # noqa: F811
    out = Held(meanwhile(node))
    with registry.one_moment(node) as then:
        exporting.EXPORTS[name].write(then, out, None)
    assert out.tell() > 0 and queries.stock(node, item="Blanket")[0]["qty"] == "106"


def test_a_signed_statement_holds_nobody_up(node: Node, tmp_path):  # noqa: F811
    out = Held(meanwhile(node))
    told = signed.write(node, out)
    assert told["root"] != node.log.digest()[0]
    out.seek(0)
    stated = signed.check(out)
    assert {row["item_name"]: row["distributed"] for row in stated["balance"]}["Blanket"] == "0"


def test_the_tables_are_caught_up_with_before_and_a_snapshot_writes_nothing(node: Node):  # noqa: F811
    drop(node)
    with registry.one_moment(node) as then:
        assert movements.is_current(then) and then.fold.is_settled()
        assert then is not node and then.log.digest() == node.log.digest()
        assert then.fold.digest() == node.fold.digest()
        with pytest.raises(Exception, match="readonly"):
            then.db.execute_sql("DELETE FROM movement")
    with registry.one_moment(node) as then, registry.one_moment(then) as again:
        assert again is then, "a moment within a moment is the same one"
