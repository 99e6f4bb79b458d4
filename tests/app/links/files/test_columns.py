"""Files of other programs, whose columns have other names."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.links.files.columns import code_in, parted, plain
from app.links.files.encoding import UnreadableFile
from app.links.files.rows import read_rows
from app.links.json import NAMES, NewLink
from app.links.validation import InvalidLink

TARGET = "https://example.com/a?b=c"
MAY_MS = 1_462_134_856_000


def links_of(text: str, **columns: str) -> list[NewLink | InvalidLink]:
    return [row.link for row in read_rows(io.BytesIO(text.encode()), columns=columns)]


@pytest.mark.parametrize(
    "text",
    [
        # Shlink: its web client's export, and what its own importer reads.
        "createdAt,domain,shortCode,shortUrl,longUrl,title,tags,visits\n"
        f"2016-05-01T22:34:16+02:00,s.test,abc,https://s.test/abc,{TARGET},A,x|y,7\n",
        f"Long URL,Tags,Domain,Short code,Title,Created\n{TARGET},x|y,,abc,A,2016-05-01 20:34:16\n",
        # YOURLS' table of links.
        "keyword,url,title,timestamp,ip,clicks,tags\n"
        f"abc,{TARGET},A,2016-05-01 20:34:16,192.0.2.1,7,x|y\n",
        # Bitly, with its API's names and with its pages'.
        "created_at,link,long_url,title,tags,archived\n"
        f'2016-05-01T20:34:16+0000,https://bit.ly/abc,{TARGET},A,"x,y",false\n',
        "Bitlink;Long URL;Title;Created;Tags;Total Clicks\n"
        f"bit.ly/abc;{TARGET};A;2016-05-01 20:34:16;x|y;7\n",
        # Dub and Short.io.
        f"key,url,title,createdAt,tags,clicks\nabc,{TARGET},A,2016-05-01T20:34:16.000Z,x|y,7\n",
        f"Short link\tURL\tTitle\tCreated at\tTags\ns.test/abc?q#f\t{TARGET}\tA\t1462134856\tx|y\n",
        "originalURL;path;shortURL;title;createdAt;tags\n"
        f"{TARGET};abc;https://s.test/abc;A;2016-05-01T20:34:16Z;x|y\n",
        # Kutt, as its API answers.
        f'[{{"address": "abc", "target": "{TARGET}", "description": "A", "visit_count": 7,'
        ' "created_at": "2016-05-01T20:34:16.000Z", "tags": ["x", "y"]}]',
        f'{{"shortCode": "abc", "longUrl": "{TARGET}", "title": "A", "tags": ["x", "y"],'
        ' "dateCreated": "2016-05-01T20:34:16+00:00", "meta": {"maxVisits": null}}',
    ],
)
def test_exports_of_other_programs_are_read_as_they_are(text: str) -> None:
    [link] = links_of(text)
    assert isinstance(link, NewLink), link
    tags = link.given["tags"]
    assert tags in (["x", "y"], "x,y")
    clicks = 7 if "visit_count" in text or "visits" in text or "licks" in text else None
    given = {"target": TARGET, "title": "A", "tags": tags}
    assert link == NewLink(given, "abc", MAY_MS, clicks=clicks)


def test_a_name_of_ours_goes_before_what_others_say_for_it() -> None:
    text = f"url,link,slug,target,code\nhttps://u.test/,https://l.test/x,s,{TARGET},abc\n"
    assert links_of(text) == [NewLink({"target": TARGET}, "abc")]


def test_a_link_alone_is_where_it_leads_and_beside_its_target_what_is_clicked() -> None:
    assert links_of(f"link,slug\n{TARGET},abc\n") == [NewLink({"target": TARGET}, "abc")]
    assert links_of(f"link,url\ns.test/abc,{TARGET}\n") == [NewLink({"target": TARGET}, "abc")]


def test_a_file_says_anything_where_it_is_told_what_that_is() -> None:
    text = f"Ziel,Endung,Angelegt,tags\n{TARGET},abc,gestern,x|y\n"
    given = {"target": TARGET, "tags": ["x", "y"]}
    assert links_of(text, target="ziel", code="Endung") == [NewLink(given, "abc")]


def test_a_column_that_is_said_to_be_nothing_is_left_out() -> None:
    text = f"long_url,created\n{TARGET},yesterday\n"
    assert isinstance(links_of(text)[0], InvalidLink)
    assert links_of(text, created_at="") == [NewLink({"target": TARGET})]


def test_a_column_that_was_named_and_is_not_there_is_named() -> None:
    with pytest.raises(UnreadableFile, match="doesn't name 'ziel'"):
        links_of(f"url,slug\n{TARGET},abc\n", code="Ziel")


def test_what_is_read_as_what_is_told_once() -> None:
    told: list[tuple[str, ...]] = []
    line = f'{{"longUrl": "{TARGET}", "domain": null, "code": "abc"}}\n'
    rows = read_rows(
        io.BytesIO(2 * line.encode()),
        on_unknown=lambda name: told.append((name,)),
        on_alias=lambda theirs, ours: told.append((theirs, ours)),
    )
    assert len(list(rows)) == 2
    assert told == [("longUrl", "target"), ("domain",)]


def test_a_bar_in_a_tag_of_ours_is_a_part_of_it() -> None:
    assert links_of(f"target,tags\n{TARGET},x|y\n") == [NewLink({"target": TARGET, "tags": "x|y"})]


@pytest.mark.parametrize(
    ("short_url", "code"),
    [
        ("https://s.test/abc", "abc"),
        ("s.test/abc/", "abc"),
        ("http://s.test/a/b?c#d", "a/b"),
        ("https://s.test/", None),
        ("s.test", None),
        ("", None),
        (7, None),
        (None, None),
    ],
)
def test_a_code_is_the_path_of_its_short_url(short_url: object, code: str | None) -> None:
    assert code_in(short_url) == code


@given(st.text(), st.text())
def test_whatever_a_file_says_a_row_is_a_link_or_a_fault(name: str, value: str) -> None:
    text = f"longUrl\t{plain(name)}\n{TARGET}\t{value}\n"
    try:
        links = links_of(text)
    except UnreadableFile:
        return
    assert all(isinstance(link, NewLink | InvalidLink) for link in links)


@given(st.sampled_from(NAMES))
def test_names_of_ours_are_theirs_however_they_are_written(name: str) -> None:
    assert plain(f" {name.upper().replace('_', ' ')} ") == name


def test_only_texts_without_commas_are_parted() -> None:
    assert [parted(one) for one in ("a|b", "a,b|c", "a", 5)] == [["a", "b"], "a,b|c", ["a"], 5]
