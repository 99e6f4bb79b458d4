import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.logs.formats import JsonLine, Line, LogfmtLine, VisitorAddress

FORGED = "x\r\n2027 ERROR forged\x1b[2J\u2028y\x85"


def record(text: str, *args: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("app.any", logging.WARNING, "any.py", 1, text, args, None)
    vars(made).update(extra)
    return made


def failure() -> logging.LogRecord:
    try:
        raise RuntimeError("boom")
    except RuntimeError as error:
        made = record("it broke")
        made.exc_info = (RuntimeError, error, error.__traceback__)
        return made


def test_what_a_visitor_sent_cannot_forge_a_line() -> None:
    line = Line().format(record("agent %s", FORGED))
    assert "\n" not in line
    assert line.endswith(r"agent x\x0d\x0a2027 ERROR forged\x1b[2J\u2028y\x85")


@given(st.text())
def test_programs_get_one_line_and_read_the_text_back(text: str) -> None:
    line = JsonLine().format(record("%s", text))
    assert len(line.splitlines()) == 1
    assert json.loads(line)["message"] == text


@given(st.text(max_size=30))
def test_logfmt_is_one_line_with_quotes_where_needed(text: str) -> None:
    line = LogfmtLine().format(record("%s", text))
    assert len(line.splitlines()) == 1
    _, _, value = line.partition(" message=")
    assert (json.loads(value) if value.startswith('"') else value) == text


def test_json_has_all_that_is_known() -> None:
    fields = json.loads(JsonLine().format(record("read %d", 5, request_id="abc")))
    assert fields.pop("time").endswith("Z")
    assert isinstance(fields.pop("pid"), int)
    assert fields == {
        "level": "warning",
        "process": "MainProcess",
        "logger": "app.any",
        "message": "read 5",
        "request_id": "abc",
    }


def test_a_request_is_named_where_one_is_logged() -> None:
    assert Line().format(record("odd", request_id="abc")).endswith("odd (request abc)")
    assert " request_id=abc" in LogfmtLine().format(record("odd", request_id="abc"))
    assert "request" not in LogfmtLine().format(record("odd"))


def test_a_traceback_keeps_its_lines_for_people_and_is_a_field_for_programs() -> None:
    assert "Traceback (most recent call last):\n" in Line().format(failure())
    assert "RuntimeError: boom" in json.loads(JsonLine().format(failure()))["exception"]
    assert r"Traceback (most recent call last):\n" in LogfmtLine().format(failure())


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("", "unknown"),
        ("no address", "unknown"),
    ],
)
@pytest.mark.parametrize("style", [Line, JsonLine, LogfmtLine])
def test_a_visitors_address_is_shown_as_its_network(
    style: type[Line], address: str, shown: str
) -> None:
    assert shown in style().format(record("of %s", VisitorAddress(address)))
    if address:
        assert address in style(full_addresses=True).format(record("%s", VisitorAddress(address)))
        assert address not in style().format(record("of %s", VisitorAddress(address)))
