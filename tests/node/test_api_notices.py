"""What commands and pages point out is told by the API as well."""

from tests.node.conftest import Api


def test_what_is_worth_a_look_is_told_with_the_entry(api: Api):
    line = {"item": "Blanket", "qty": "100000"}
    told = api.post("distributions", {"place": "Harvey Hub", "lines": [line]})
    assert told.status_code == 201 and "The books now show -" in told.json["notices"][0]
    old = {"item": "Blanket", "qty": "1", "expiry": "2001-01-01"}
    told = api.post("receipts", {"place": "Harvey Hub", "lines": [old]})
    assert "Expired before it came: Blanket" in told.json["notices"][0]


def test_where_nothing_is_the_answer_is_the_entry_alone(api: Api):
    told = api.post("receipts", {"place": "Harvey Hub", "lines": [{"item": "Blanket", "qty": "1"}]})
    assert list(told.json) == ["entry"]
