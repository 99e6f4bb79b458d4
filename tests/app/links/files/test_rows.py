import errno
import io
import os

import pytest

from app.links.files.encoding import UnreadableFile
from app.links.files.rows import read_codes, read_rows
from app.links.json import NewLink
from app.links.validation import InvalidLink

A, B, C = (NewLink({"target": f"https://{host}.example/"}) for host in "abc")


def read(text: str | bytes, **kwargs: object) -> list[tuple[int, NewLink | InvalidLink]]:
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    return [(row.line, row.link) for row in read_rows(io.BytesIO(raw), **kwargs)]


def links_of(text: str | bytes) -> list[NewLink | InvalidLink]:
    return [link for _, link in read(text)]


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


@pytest.mark.parametrize(
    "text",
    [
        "target\nhttps://a.example/\nhttps://b.example/\n",
        "\ufefftarget\r\nhttps://a.example/\r\nhttps://b.example/\r\n",
        "target\rhttps://a.example/\rhttps://b.example/",
        "\n\n target \n\nhttps://a.example/\n , \n\t\nhttps://b.example/,,\n",
        'Target;Code\n https://a.example/ ;\n"https://b.example/" ; \n',
        "sep=;\nTARGET;CODE\nhttps://a.example/;\nhttps://b.example/;\n",
        "code\ttarget\n\thttps://a.example/\n\thttps://b.example/\n",
        "target|title\nhttps://a.example/|\nhttps://b.example/|\n",
        '{"target": "https://a.example/"}\n{" Target ": "https://b.example/"}\n',
        '[{"target": "https://a.example/"}, {"target": "https://b.example/"}]',
        '\n[\n  {"target": "https://a.example/"},\n\n  {"target":\n"https://b.example/"}\n]\n',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_links_are_read_however_a_spreadsheet_or_a_program_writes_them(
    text: str, encoding: str
) -> None:
    assert links_of(text.removeprefix("\ufeff").encode(encoding)) == [A, B]


def test_an_empty_file_holds_no_links() -> None:
    for text in ("", "\n \n", "\ufeff", "target\n", "[]", "[\n]"):
        assert read(text) == []


@pytest.mark.parametrize(
    "text", ["code,where\n", "https://a.b/\n", '"x"\n', '"open\n', "sep=;\n", "target\udcff\n"]
)
def test_a_file_whose_columns_are_not_named_is_refused(text: str) -> None:
    with pytest.raises(UnreadableFile, match="the first line must name the columns"):
        read(text)


@pytest.mark.parametrize(
    ("raw", "advice"),
    [
        (b"PK\x03\x04more", "save the sheet as CSV"),
        (b"\xd0\xcf\x11\xe0more", "save the sheet as CSV"),
        (b"\x1f\x8bmore", "unpack it"),
        (b"%PDF-1.4", "CSV or JSON"),
    ],
)
def test_what_is_no_text_is_told_by_name(raw: bytes, advice: str) -> None:
    with pytest.raises(UnreadableFile, match=advice):
        read(raw)


def test_an_encoding_can_be_named_and_must_exist() -> None:
    raw = "target,title\nhttps://a.example/,Café\n".encode("windows-1252")
    [(_, link)] = read(raw, encoding="windows-1252")
    assert link == NewLink({**A.given, "title": "Café"})
    with pytest.raises(UnreadableFile, match="no encoding 'ebcdic-x'"):
        read(raw, encoding="ebcdic-x")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-be"])
def test_a_mark_is_no_part_of_a_name_where_the_encoding_was_named(encoding: str) -> None:
    raw = "\ufefftarget\nhttps://a.example/\n".encode(encoding)
    assert [link for _, link in read(raw, encoding=encoding)] == [A]


def test_a_file_put_behind_another_leaves_its_mark_and_header_and_takes_no_row_along() -> None:
    one = "\ufeffcode,target\nx,https://a.example/\n"
    (_, first), (header_line, header), (_, second) = read(f"{one}{one}")
    assert first == second == NewLink(A.given, code="x")
    assert (header_line, header) == (3, NewLink({"target": "target"}, code="code"))


@pytest.mark.parametrize(
    ("raw", "encoding", "fault"),
    [
        ("target\n".encode("utf-16") + b"\0", "", "can't be read as utf-16"),
        (b"target\nhttps://a.b/\n", "utf-16", "can't be read as utf-16"),
        (b"target\nhttps://a.b/\n", "hex", "no encoding 'hex'"),
        (b"target,code,Target\nhttps://a.b/,x,\n", "", "names 'target' twice"),
    ],
)
def test_what_cannot_be_read_as_it_says_is_one_complaint(
    raw: bytes, encoding: str, fault: str
) -> None:
    with pytest.raises(UnreadableFile, match=fault):
        read(raw, encoding=encoding)


def test_windows_1252_is_said_by_name_and_stops_no_other_row() -> None:
    raw = b"target,title\nhttps://a.example/,Caf\xe9 x\nhttps://b.example/,\n"
    [(line, bad), (_, good)] = read(raw)
    assert (line, good) == (2, B)
    assert "as Windows-1252 it would say 'https://a.example/,Café'" in str(bad)
    assert "--encoding windows-1252" in str(bad)


def test_unknown_columns_are_told_once_and_read_over() -> None:
    told: list[str] = []
    read(
        "target,Notes,,notes\nhttps://a.example/,1,2,3\nhttps://b.example/,,,\n",
        on_unknown=told.append,
    )
    assert told == ["Notes", "notes"]
    read('{"target":"x","url":1}\n{"target":"y","url":2}\n', on_unknown=told.append)
    assert told[2:] == ["url"]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("[]", "it is no JSON object"),
        ("{", "it is no JSON"),
        ('{"target":"x"}{', "it is no JSON"),
        ('{"target":"\udcff"}', "it is not UTF-8"),
        ("[" * 100_000, "it is no JSON"),
    ],
)
def test_a_bad_json_line_is_told_with_its_number(line: str, fault: str) -> None:
    (_, good), (number, bad) = read('{"target":"https://a.b/"}\n' + line + "\n")
    assert isinstance(good, NewLink)
    assert number == 2
    assert fault in str(bad)


@pytest.mark.parametrize(
    ("element", "fault"),
    [
        ("7", "it is no JSON object"),
        ("[]", "it is no JSON object"),
        ('{"target":', "it is no JSON"),
        ('{"target": "x" "code": "y"}', "it is no JSON"),
        ('{"title": "\udcff"}', "it is not UTF-8"),
        ('{"title": "\\ud800"}', "it is not UTF-8"),
        ('{"target": "x", "Target": "y"}', "it names 'target' twice"),
        ("[" * 100_000, "it is no JSON"),
    ],
)
def test_a_bad_element_of_an_array_is_told_with_its_line_and_stops_no_other(
    element: str, fault: str
) -> None:
    text = f'[\n{{"target": "https://a.example/"}},\n\n{element},\n{{"target": "https://b.example/"}}\n]'
    first, (number, bad), last = read(text)
    assert (first, last) == ((2, A), (5, B))
    assert number == 4
    assert fault in str(bad)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("x,https://a.b/,more", "more cells"),
        ('x,"a"b', "more stands behind a closing quote"),
        ('x,"a" b', "more stands behind a closing quote"),
        ('"x"y,https://a.b/', "more stands behind a closing quote"),
        ('x,"https://a.b/', "a quote is not closed on it"),
        ('"x,https://a.b/', "a quote is not closed on it"),
        ('x,https://a.b/,"', "a quote is not closed on it"),
        ('x,"https://a.b/""', "a quote is not closed on it"),
        ('x, "https://a.b/\t', "a quote is not closed on it"),
    ],
)
def test_a_bad_csv_line_is_told_with_its_number_and_stops_no_other(line: str, fault: str) -> None:
    (number, bad), (_, good) = read(f"code,target\n{line}\ny,https://c.d/\n")
    assert number == 2
    assert fault in str(bad)
    assert good == NewLink({"target": "https://c.d/"}, code="y")


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ('https://a.example/,"say "" , hi"', 'say " , hi'),
        ('https://a.example/ ,\t"x" ', "x"),
        ('"https://a.example/" , "a ""b"" c"', 'a "b" c'),
        ('https://a.example/,a "b" c', 'a "b" c'),
        ('https://a.example/,"  "', None),
        ('https://a.example/,""', None),
        ('https://a.example/,""""', '"'),
        ("https://a.example/," + "a" * 140_000, "a" * 140_000),
        ("https://a.example/," + '""' * 70_000, None),
    ],
)
def test_quotes_and_blanks_of_a_cell_are_read_as_they_were_meant(
    line: str, cells: str | None
) -> None:
    given = {**A.given, "title": cells} if cells else A.given
    if cells is None and line.endswith('""""'):
        given = {**A.given, "title": '"' * 69_999}
    assert links_of(f"target,title\n{line}\n") == [NewLink(given)]


@pytest.mark.parametrize(
    "text",
    [
        '[{"target": "https://a.example/"}, {bad}, {"target": "https://b.example/"}]',
        '[{"target": "https://a.example/"}, {"target": "x", {"target": "https://b.example/"}]',
        '[{"target": "https://a.example/"}, {"title": "a, {b} ]" x}, {"target": "https://b.example/"}]',
        '[{"target": "https://a.example/"}, bad, {"target": "https://b.example/"}]',
        '[{"target": "https://a.example/"}, }, {"target": "https://b.example/"}]',
        '[{"target": "https://a.example/"}, [1, 2, bad], {"target": "https://b.example/"}]',
        '[{"target": "https://a.example/"}, 7, {"target": "https://b.example/"}]',
        '[{"target": "https://a.example/"}, {"title": "\\"}, {"target": "https://b.example/"}]',
    ],
)
def test_a_bad_element_stops_no_other_of_its_line(text: str) -> None:
    first, bad, last = links_of(text)
    assert (first, last) == (A, B)
    assert isinstance(bad, InvalidLink)


@pytest.mark.parametrize("form", ["{}", "[{}]"])
def test_brackets_within_brackets_are_refused_at_any_depth(form: str) -> None:
    for depth in (*range(800, 1_010), 5_000):
        nested = "[" * depth + "]" * depth
        [bad] = links_of(form.replace("{}", f'{{"tags": {nested}, "code": ""}}'))
        assert isinstance(bad, InvalidLink)


def test_what_links_do_not_have_may_be_nested() -> None:
    [link] = links_of('{"target": "https://a.example/", "meta": {"a": [1, {}]}, "tags": ["x"]}')
    assert link == NewLink({**A.given, "tags": ["x"]})
    for value in ('{"a": 1}', '[{"a": 1}]', "[[]]"):
        [bad] = links_of(f'{{"target": "https://a.example/", "tags": {value}}}')
        assert "expected text" in str(bad)


def test_what_stands_behind_an_array_is_read_as_well() -> None:
    a, b = (f'{{"target": "https://{host}.example/"}}' for host in "ab")
    for text in (f"[{a}]\n[{b}]", f"[{a}]{b}", f"[{a}],\n{b}\n]", f"[{a}][]\n[{b}]\n\n"):
        assert links_of(text) == [A, B]
    [(_, link), (line, fault)] = read(f"[{a}]\n\n;")
    assert (link, line) == (A, 3)
    assert "no JSON" in str(fault)


def test_an_array_that_is_cut_off_is_told_where_it_ends() -> None:
    [(_, link), (line, fault)] = read('[\n{"target": "https://a.example/"},\n')
    assert (link, line) == (A, 2)
    assert "cut off" in str(fault)
    [(_, link), (line, fault)] = read('[\n{"target": "https://a.example/"},\n{"target": "htt')
    assert (link, line) == (A, 3)
    assert "no JSON" in str(fault)


@pytest.mark.parametrize("form", ["{}", "[{}]"])
def test_a_json_object_that_names_something_twice_is_refused(form: str) -> None:
    text = form.replace("{}", '{"target": "https://a.example/", "target": "https://b.example/"}')
    [bad] = links_of(text)
    assert "'target' twice" in str(bad)


def test_what_a_broken_end_leaves_readable_is_read() -> None:
    raw = "target\nhttps://a.example/\nhttps://b.example/\n".encode("utf-16") + b"\0"
    first, second, (line, fault) = read(raw)
    assert (first, second, line) == ((2, A), (3, B), 4)
    assert "from here on it can't be read as utf-16" in str(fault)


class _Broken(io.RawIOBase):
    """A file on a disk that gives some of it, and then no more."""

    def __init__(self, text: bytes) -> None:
        self._text = text

    def readable(self) -> bool:
        return True

    def readinto(self, room: memoryview) -> int:
        if not self._text:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        length = min(len(room), len(self._text))
        room[:length], self._text = self._text[:length], self._text[length:]
        return length


def test_a_disk_that_breaks_off_is_told_as_that() -> None:
    with pytest.raises(UnreadableFile, match="can't be read: Input/output error"):
        list(read_rows(io.BufferedReader(_Broken(b""))))
    *_, row = read_rows(io.BufferedReader(_Broken(b"target\n" + b"https://a.example/\n" * 9_000)))
    assert row.line > 8_000
    assert "from here on it can't be read as utf-8: Input/output error" in str(row.link)


def test_a_cell_that_was_kept_from_being_a_formula_is_read_as_it_was() -> None:
    assert links_of("target,title\nhttps://a.example/,'=1+1\n") == [
        NewLink({**A.given, "title": "=1+1"})
    ]


@pytest.mark.parametrize(
    "text",
    [
        "code\nx\n\ny\n",
        "CODE;outcome\nx;updated\ny;\n",
        "outcome,Short code\nupdated,x\n,y\n",
        '{"code": "x", "outcome": 1}\n{"slug": " y "}\n',
        '[{"code": "x"}, {"code": "y"}]',
    ],
)
def test_codes_are_read_from_whatever_names_them(text: str) -> None:
    assert [code for _, code in read_codes(io.BytesIO(text.encode()))] == ["x", "y"]


@pytest.mark.parametrize(
    "text", ["code\nx\n,1\n", '{"code": "x"}\n{"code": 5}\n', '{"code":"x"}\n{']
)
def test_a_line_without_a_code_is_told_of_and_stops_no_other(text: str) -> None:
    (_, first), (line, fault) = read_codes(io.BytesIO(text.encode()))
    assert (first, isinstance(fault, InvalidLink)) == ("x", True)
    assert line in (2, 3)


def test_a_file_without_codes_is_unreadable() -> None:
    with pytest.raises(UnreadableFile, match="code"):
        list(read_codes(io.BytesIO(b"x\ny\n")))
