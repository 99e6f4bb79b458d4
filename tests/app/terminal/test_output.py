import sys

import pytest

from app.cli.errors import as_failure
from app.config.variables import SettingsError
from app.links.link import CodeTaken, LinkNotFound
from app.links.validation import InvalidLink
from app.stores.clickhouse.connection import ClickHouseRefused, ClickHouseUnavailable
from app.stores.redis.errors import RedisRefused, RedisUnavailable
from app.terminal.output import Failure, complain, print_json, print_table

ROWS = [("a", "1", "https://a.example/"), ("[bold]b", "22", "x" * 100)]


def test_a_pipe_gets_tab_separated_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("CODE", "N", "TARGET"), ROWS)
    assert capsys.readouterr().out.splitlines() == [
        "CODE\tN\tTARGET",
        "a\t1\thttps://a.example/",
        "[bold]b\t22\t" + "x" * 100,
    ]


def test_a_terminal_gets_a_table_whose_last_column_wraps(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    print_table(("CODE", "N", "TARGET"), ROWS)
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert any("[bold]b  22" in line for line in lines)
    assert "".join(lines).count("x") == 101


def test_a_narrow_terminal_loses_no_column(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    columns = [f"COLUMN {number}" for number in range(10, 20)]
    print_table(columns, [["a value"] * 10])
    titles, values = capsys.readouterr().out.splitlines()
    assert titles.split("  ") == columns
    assert values.split() == ["a", "value"] * 10


def test_json_is_indented_and_keeps_its_order(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"b": 1, "a": ["ü"]})
    assert capsys.readouterr().out == '{\n  "b": 1,\n  "a": [\n    "ü"\n  ]\n}\n'


def test_every_line_of_a_complaint_names_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    complain("one\ntwo")
    assert capsys.readouterr().err == "hopline: one\nhopline: two\n"


@pytest.mark.parametrize(
    ("error", "exit_code", "text"),
    [
        (Failure("no"), 1, "no"),
        (Failure("wrong", exit_code=2), 2, "wrong"),
        (SettingsError("HOPLINE_X='y': z"), 2, "HOPLINE_X='y': z"),
        (RedisUnavailable("Redis is away."), 1, "Redis is away. Is `hopline up` running?"),
        (ClickHouseUnavailable("It is away"), 1, "It is away. Is `hopline up` running?"),
        (RedisRefused("too old"), 1, "too old"),
        (ClickHouseRefused("too old"), 1, "too old"),
        (InvalidLink("title", "long"), 1, "title: long"),
        (CodeTaken("taken"), 1, "taken"),
        (LinkNotFound("none"), 1, "none"),
        (PermissionError(13, "Permission denied", "/x"), 1, "/x can't be used: Permission denied"),
        (OSError(28, "Disk full", "/x"), 1, "/x can't be used: Disk full"),
        (OSError(28, "Disk full"), 1, "the output can't be written: Disk full"),
    ],
)
def test_a_failure_has_an_exit_code_and_a_line(error: Exception, exit_code: int, text: str) -> None:
    failure = as_failure(error)
    assert failure is not None
    assert (failure.exit_code, str(failure)) == (exit_code, text)


def test_a_fault_of_ours_is_not_explained_away() -> None:
    assert as_failure(KeyError("bug")) is None
    assert as_failure(ConnectionResetError(104, "Connection reset by peer")) is None
