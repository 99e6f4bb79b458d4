import csv
import io
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.exports.text import csv_form, ndjson_form
from tests.support.exported import NAMES, row, rows


def test_csv_names_its_columns_and_runs_nothing() -> None:
    hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "'=1", "\uff1d1", "plain"]
    form = csv_form()
    text = form.begin() + form.block([row(user_agent=text, is_bot=True) for text in hostile])
    found = list(csv.DictReader(io.StringIO(text.decode(), newline="")))
    assert list(found[0]) == NAMES
    assert [each["user_agent"] for each in found] == [f"'{text}" for text in hostile[:-1]] + [
        "plain"
    ]
    assert (found[0]["time"], found[0]["is_bot"]) == ("2026-05-10T12:00:00.123Z", "true")


@given(st.lists(rows(), max_size=4))
def test_text_forms_keep_every_value(given_rows: list[tuple[Any, ...]]) -> None:
    lines = ndjson_form().block(given_rows).split(b"\n")
    assert [list(json.loads(line)) for line in lines[:-1]] == [NAMES] * len(given_rows)
    for line, values in zip(lines, given_rows, strict=False):
        assert list(json.loads(line).values())[1:] == list(values)[1:]
    text = csv_form().begin() + csv_form().block(given_rows)
    cells = list(csv.reader(io.StringIO(text.decode(), newline="")))[1:]
    at = NAMES.index("user_agent")
    assert [each[at].removeprefix("'") for each in cells] == [
        each[at].removeprefix("'") for each in given_rows
    ]
