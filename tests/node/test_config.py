"""Settings: a flag goes before the environment, that before the file, that before the default."""

from pathlib import Path

import pytest

from node import config
from sync.errors import Malformed, OutOfRange, Problem


def _file(folder: Path, text: str) -> None:
    (folder / config.FILE).write_text(text, "utf-8")


def test_a_flag_goes_before_the_environment_before_the_file_before_the_default(tmp_path: Path) -> None:
    flags, environment = {"data": tmp_path}, {"BUCKETLINE_DATA": "/nowhere"}
    assert config.load(flags, environment).port == 8480
    _file(tmp_path, "port = 9001\nsync_port = 9002\nhost = '10.0.0.1'")
    assert config.load(flags, environment).port == 9001
    environment["BUCKETLINE_PORT"] = "9003"
    assert config.load(flags, environment).port == 9003
    found = config.load({**flags, "port": 9004, "host": None}, environment)
    assert (found.port, found.sync_port, found.host) == (9004, 9002, "10.0.0.1")


def test_the_folder_comes_from_flag_environment_or_platform(tmp_path: Path) -> None:
    assert config.load({}, {"BUCKETLINE_DATA": str(tmp_path)}).data == tmp_path
    assert config.load({"data": None}, {}).data == config.default_folder()


def test_addresses_are_a_list_in_the_file_and_parted_by_commas_elsewhere(tmp_path: Path) -> None:
    _file(tmp_path, 'addresses = ["http://a:1", "http://b:2"]')
    assert config.load({"data": tmp_path}, {}).addresses == ("http://a:1", "http://b:2")
    environment = {"BUCKETLINE_ADDRESSES": "http://c:3, http://d:4,"}
    assert config.load({"data": tmp_path}, environment).addresses == ("http://c:3", "http://d:4")


def test_the_local_network_is_let_in_only_if_asked_for(tmp_path: Path) -> None:
    flags = {"data": tmp_path}
    assert config.load(flags, {}).web_host == "127.0.0.1"
    assert config.load(flags, {"BUCKETLINE_LAN": "yes"}).web_host == "0.0.0.0"
    assert config.load({**flags, "lan": True, "host": "10.0.0.1"}, {}).web_host == "10.0.0.1"


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("PORT", "eighty", Malformed),
        ("PORT", "-1", Malformed),
        ("PORT", "٣", Malformed),
        ("PORT", "65536", OutOfRange),
        ("SYNC_PORT", "1.5", Malformed),
        ("LAN", "maybe", Malformed),
        ("SYNC_SECONDS", "1", OutOfRange),
        ("SYNC_SECONDS", "99999999", OutOfRange),
        ("HOST", " ", Malformed),
    ],
)
def test_a_value_that_cannot_be_names_its_variable(tmp_path: Path, name: str, value: str, error: type[Problem]) -> None:
    with pytest.raises(error, match=f"BUCKETLINE_{name}"):
        config.load({"data": tmp_path}, {f"BUCKETLINE_{name}": value})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("port = ", "can't be read"),
        ("port = true", "must be a whole number"),
        ("colour = 'red'", "colour"),
        ("addresses = [1]", "list of addresses"),
        ("host = 5", "must be a text"),
        ("lan = 2", "true or false"),
    ],
)
def test_a_file_that_is_off_is_named(tmp_path: Path, text: str, said: str) -> None:
    _file(tmp_path, text)
    with pytest.raises(Malformed, match=said) as caught:
        config.load({"data": tmp_path}, {})
    assert config.FILE in caught.value.what
