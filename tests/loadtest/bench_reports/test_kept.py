import pytest

from loadtest.bench_reports.installation import Cpu
from loadtest.bench_reports.kept import Filled, NotKept, read, write
from loadtest.bench_reports.results import Work

FILLED = Filled(
    1_000,
    10,
    5,
    1_790_000_000_000,
    Work(2.5, Cpu(3.5, 0.25)),
    43_000,
    Work(1.0, Cpu(0.5, 0.0)),
    99,
    summed=3,
)


def test_a_note_is_read_as_it_was_written(tmp_path):
    write(tmp_path, FILLED)
    assert read(tmp_path, clicks=1_000, links=10, days=5) == FILLED


def test_an_empty_folder_and_none_are_yet_to_be_filled(tmp_path):
    assert read(tmp_path, clicks=1, links=1, days=1) is None
    assert read(tmp_path / "none", clicks=1, links=1, days=1) is None


def test_a_folder_with_other_clicks_is_named_with_what_it_has(tmp_path):
    write(tmp_path, FILLED)
    with pytest.raises(NotKept, match="1,000 clicks, not 2,000: say --clicks 1000"):
        read(tmp_path, clicks=2_000, links=10, days=5)


def test_a_folder_that_was_left_half_filled_is_not_measured(tmp_path):
    (tmp_path / "data").mkdir()
    with pytest.raises(NotKept, match="no run has filled it to the end"):
        read(tmp_path, clicks=1, links=1, days=1)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"fill": 1}', "\x00"])
def test_a_damaged_note_is_said_to_be_one(tmp_path, text):
    (tmp_path / "filled.json").write_text(text)
    with pytest.raises(NotKept, match="can't be read"):
        read(tmp_path, clicks=1, links=1, days=1)
