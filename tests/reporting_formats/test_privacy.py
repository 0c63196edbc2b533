"""Small counts of people and free text stay in the node, unless somebody asks for them by name."""

import io

import pytest

from node.reporting.writing import csv_file
from node.reporting.writing.document import Document
from node.reporting.writing.privacy import PEOPLE_LEFT_OUT, WORDS_LEFT_OUT, for_outside, read_shown, shown
from node.reporting.writing.totals import Totals
from tests.reporting_formats.tables import COLUMNS, document, row

PEOPLE = next(at for at, column in enumerate(COLUMNS) if column.name == "people")
REPORT = document([row(people=count, note="for Mrs. X", qty=1000) for count in (None, 0, 1, 4, 5, 60)]).report


def test_counts_under_five_are_empty_and_in_no_total():
    outside = for_outside(REPORT)
    assert [cells[PEOPLE] for cells in outside.rows()] == [None, 0, None, None, 5, 60]
    sums = Totals(outside.columns)
    for cells in outside.rows():
        sums.take(cells)
    assert sums.lines()[-1].sums == {PEOPLE: 65}
    assert PEOPLE_LEFT_OUT in outside.notes


def test_free_text_is_no_column_of_what_leaves_the_node():
    outside = for_outside(REPORT)
    assert "note" not in [column.name for column in outside.columns]
    assert all(len(cells) == len(outside.columns) for cells in outside.rows())
    assert WORDS_LEFT_OUT in outside.notes
    out = io.BytesIO()
    csv_file.write(Document(outside), out)
    assert b"Mrs" not in out.getvalue()


def test_both_are_there_when_asked_for():
    outside = for_outside(REPORT, people=True, words=True)
    assert list(outside.rows()) == list(REPORT.rows()) and outside.columns == REPORT.columns
    assert outside.notes == REPORT.notes


@pytest.mark.parametrize("people", [True, False])
@pytest.mark.parametrize("words", [True, False])
def test_what_was_asked_for_can_be_read_again(people, words):
    assert read_shown(shown(people, words)) == {"people": people, "words": words}


def test_a_report_without_such_columns_stays_as_it_is():
    plain = document([]).report
    plain = Document(plain).report
    kept = for_outside(type(plain)("n", "t", COLUMNS[:4], lambda: iter([]), {}, ("A note.",)))
    assert kept.notes == ("A note.",) and kept.columns == COLUMNS[:4]
