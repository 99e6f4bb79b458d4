import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli.link_files import read_rows, write_links
from app.cli.output import Failure
from app.link_options import InvalidLink, LinkOptions
from app.link_plain import NewLink, to_plain
from app.links import REDIRECT_STATUSES, Link


def read(text: str) -> list[tuple[int, NewLink | InvalidLink]]:
    return [(row.line, row.link) for row in read_rows(io.StringIO(text, newline=""))]


def test_csv_names_its_columns_in_the_first_line_in_any_order() -> None:
    assert read("title,target,code\nA,https://a.b/,x\n\n,https://c.d/,\n") == [
        (2, NewLink({"title": "A", "target": "https://a.b/"}, code="x")),
        (4, NewLink({"target": "https://c.d/"})),
    ]


def test_json_lines_are_told_by_their_brace() -> None:
    assert read('{"target":"https://a.b/","tags":["x"]}\n\n{"target":"https://c.d/"}') == [
        (1, NewLink({"target": "https://a.b/", "tags": ["x"]})),
        (3, NewLink({"target": "https://c.d/"})),
    ]


def test_a_byte_order_mark_is_read_over() -> None:
    assert read("\ufefftarget\nhttps://a.b/\n") == [(2, NewLink({"target": "https://a.b/"}))]
    assert read('\ufeff{"target":"x"}') == [(1, NewLink({"target": "x"}))]


def test_line_ends_of_every_kind_are_read() -> None:
    assert [line for line, _ in read("target\r\nhttps://a.b/\r\nhttps://c.d/\r\n")] == [2, 3]


def test_an_empty_file_holds_no_links() -> None:
    assert read("") == []
    assert read("target\n") == []


@pytest.mark.parametrize("text", ["code,url\n", "https://a.b/\n", '["x"]\n', "\n\n", '"open\n'])
def test_a_file_whose_columns_are_not_named_is_refused(text: str) -> None:
    with pytest.raises(Failure, match="the first line must name the columns"):
        read(text)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("[]", "it is no JSON object"),
        ("{", "it is no JSON"),
        ('{"target":"x"}{', "it is no JSON"),
        ('{"url":"x"}', "links have no such option"),
        ('{"target":"\udcff"}', "it is no JSON"),
    ],
)
def test_a_bad_json_line_is_told_with_its_number(line: str, fault: str) -> None:
    (_, good), (number, bad) = read('{"target":"https://a.b/"}\n' + line + "\n")
    assert isinstance(good, NewLink)
    assert number == 2
    assert fault in str(bad)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("x,https://a.b/,more", "more cells"),
        ('x,"a"b', "it is no CSV"),
        ("x," + "a" * 140_000, "it is no CSV"),
    ],
)
def test_a_bad_csv_line_is_told_with_its_number_and_stops_no_other(line: str, fault: str) -> None:
    (number, bad), (_, good) = read(f"code,target\n{line}\ny,https://c.d/\n")
    assert number == 2
    assert fault in str(bad)
    assert good == NewLink({"target": "https://c.d/"}, code="y")


codes = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,9}", fullmatch=True)
times_ms = st.integers(0, 4_102_444_799_999)
links = st.builds(
    Link,
    code=codes,
    target=st.sampled_from(["https://a.b/", "https://a.b/?q=%22,%3B%27", "http://[::1]:9/#x"]),
    created_ms=times_ms,
    updated_ms=times_ms,
    status=st.sampled_from(REDIRECT_STATUSES),
    expires_at=st.none() | st.integers(0, 4_102_444_799),
    click_limit=st.none() | st.integers(1, 10**12),
    forward_query=st.booleans(),
    cache_control=st.none() | st.sampled_from(["no-cache", 'private="x, y", max-age=1']),
    tags=st.lists(st.sampled_from(["a", "b-c", "über", "x:y"]), unique=True).map(
        lambda tags: tuple(sorted(tags))
    ),
    title=st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(" ,;\"'"))
    .map(str.strip)
    .filter(lambda title: len(title) <= 200),
    disabled=st.booleans(),
)
options = LinkOptions([], allow_private_targets=True)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@given(held=st.lists(links, max_size=5))
def test_what_is_written_reads_back_the_same(form: str, held: list[Link]) -> None:
    file = io.StringIO(newline="")
    write_links(file, held, form)
    rows = [link for _, link in read(file.getvalue())]
    assert [_stored(row) for row in rows] == [{**to_plain(link), "updated_at": ""} for link in held]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_tombstone_reads_back_as_one(form: str) -> None:
    file = io.StringIO(newline="")
    write_links(file, [Link(code="x", target="", created_ms=5, updated_ms=6, deleted=True)], form)
    ((_, row),) = read(file.getvalue())
    assert isinstance(row, NewLink)
    assert (row.code, row.created_ms, row.deleted) == ("x", 5, True)


def test_json_lines_are_the_plain_form() -> None:
    file = io.StringIO()
    link = Link(code="x", target="https://a.b/", created_ms=5, updated_ms=6)
    write_links(file, [link], "jsonl")
    assert json.loads(file.getvalue()) == to_plain(link)


def _stored(row: NewLink | InvalidLink) -> dict[str, object]:
    assert isinstance(row, NewLink)
    held = options.check(row.given, now=0.0)
    link = Link(code=row.code, created_ms=row.created_ms, updated_ms=0, **held)
    return {**to_plain(link), "updated_at": ""}
