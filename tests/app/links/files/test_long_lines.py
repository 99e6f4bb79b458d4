import io
import tracemalloc
from pathlib import Path

import pytest

from app.links.files.encoding import MAX_LINE
from app.links.files.rows import read_rows
from app.links.json import NewLink
from app.links.validation import InvalidLink

A, C = (NewLink({"target": f"https://{host}.example/"}) for host in "ac")


@pytest.mark.parametrize(
    ("before", "start", "end"),
    [
        ("target\n", "https://", ""),
        ("target\n", '"https://', '"'),
        ("target\n", " " * MAX_LINE, "https://b.example/"),
        ("", '{"target":"https://', '"}'),
    ],
)
def test_a_line_that_nobody_ended_is_refused_and_takes_no_more_memory(
    before: str, start: str, end: str, tmp_path: Path
) -> None:
    after = '{"target":"https://c.example/"}' if start[0] == "{" else "https://c.example/"
    first = '{"target":"https://a.example/"}' if start[0] == "{" else "https://a.example/"
    path = tmp_path / "links"
    path.write_text(f"{before}{first}\n{start}{'x' * 20 * MAX_LINE}{end}\n{after}")
    tracemalloc.start()
    with path.open("rb") as file:
        rows = [(row.line, row.link) for row in read_rows(file)]
    *_, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    number = before.count("\n") + 2
    assert (rows[0][1], rows[2]) == (A, (number + 1, C))
    assert (rows[1][0], str(rows[1][1])) == (
        number,
        str(InvalidLink("line", "it is longer than 1,048,576 characters")),
    )
    assert peak_bytes < 10 * MAX_LINE


def test_an_array_may_be_one_long_line() -> None:
    objects = ",".join(['{"target": "https://a.example/"}'] * (MAX_LINE // 30))
    assert [row.link for row in read_rows(io.BytesIO(f"[{objects}]".encode()))] == [A] * (
        MAX_LINE // 30
    )
