import io
import itertools
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence

import pytest

from app.links import importer
from app.links.files.rows import read_rows
from app.links.importer import Outcome, Rehearsal, Row, import_links
from app.links.json import NewLink, from_plain, to_plain
from app.links.link import Link
from app.links.store import LinkStore, open_store
from app.links.validation import InvalidLink
from app.stores.keys import link_key
from app.stores.redis.client import connect

TARGET = {"target": "https://example.com/"}


@pytest.fixture
def store(redis_url: str, make_settings: Callable[..., object]) -> LinkStore:
    return open_store(make_settings(redis_url=redis_url))


def rows(*links: NewLink | InvalidLink) -> list[Row]:
    return [Row(line, link) for line, link in enumerate(links, 2)]


def kinds(outcomes: Iterator[Outcome]) -> list[str]:
    return [outcome.kind for outcome in outcomes]


def test_a_bad_row_is_refused_with_its_line_and_stops_no_other(store: LinkStore) -> None:
    outcomes = list(
        import_links(
            store,
            rows(
                NewLink(TARGET, code="a"),
                NewLink({"target": "javascript:alert(1)"}, code="b"),
                InvalidLink("line", "it is no JSON"),
                NewLink(TARGET, code="c/d"),
                NewLink({}, code="e"),
                NewLink(TARGET, code="f"),
            ),
        )
    )
    assert [(outcome.line, outcome.kind) for outcome in outcomes] == [
        (2, "created"),
        (3, "refused"),
        (4, "refused"),
        (5, "refused"),
        (6, "refused"),
        (7, "created"),
    ]
    assert outcomes[1].reason.startswith("target: its scheme is javascript")
    assert outcomes[2].reason == "it is no JSON"
    assert {link.code for link in store.links.page().links} == {"a", "f"}


def test_the_same_import_again_changes_nothing(store: LinkStore) -> None:
    links = rows(NewLink(TARGET, code="a"), NewLink(TARGET, code="b"))
    assert kinds(import_links(store, links)) == ["created", "created"]
    before = store.get("a")
    assert kinds(import_links(store, links)) == ["unchanged", "unchanged"]
    assert store.get("a") == before


def test_a_code_that_leads_elsewhere_is_refused(store: LinkStore) -> None:
    store.create({"target": "https://other.example/"}, code="a")
    (outcome,) = import_links(store, rows(NewLink(TARGET, code="a")))
    assert outcome.kind == "refused"
    assert outcome.reason == "the code 'a' is taken: it leads to https://other.example/"


def test_a_deleted_link_is_not_revived(store: LinkStore) -> None:
    store.create(TARGET, code="a")
    store.delete("a")
    (outcome,) = import_links(store, rows(NewLink(TARGET, code="a")))
    assert outcome.kind == "refused"
    assert "deleted" in outcome.reason


def test_a_code_twice_in_one_import_is_created_once(store: LinkStore) -> None:
    other = NewLink({"target": "https://other.example/"}, code="a")
    links = rows(NewLink(TARGET, code="a"), NewLink(TARGET, code="a"), other)
    assert kinds(import_links(store, links)) == ["created", "unchanged", "refused"]


def test_a_row_without_a_code_gets_one_made_up(store: LinkStore) -> None:
    (outcome,) = import_links(store, rows(NewLink(TARGET)))
    assert store.get(outcome.code).target == TARGET["target"]


def test_a_made_up_code_that_is_taken_is_made_up_anew(store: LinkStore) -> None:
    characters = itertools.chain("2" * 7, "2" * 7, itertools.repeat("3"))
    store._choice = lambda _: next(characters)
    first, second = import_links(store, rows(NewLink(TARGET), NewLink(TARGET)))
    assert (first.code, second.code) == ("2" * 7, "3" * 7)
    assert store.links.count() == 2


def test_a_rehearsal_foretells_the_outcomes_and_stores_nothing(store: LinkStore) -> None:
    store.create(TARGET, code="a")
    store.create({"target": "https://other.example/"}, code="b")
    links = rows(
        NewLink(TARGET, code="a"),
        NewLink(TARGET, code="b"),
        NewLink(TARGET, code="c"),
        NewLink(TARGET, code="c"),
        NewLink({"target": "https://other.example/"}, code="c"),
        NewLink(TARGET),
        NewLink({"target": "ftp://x"}),
    )
    foretold = kinds(import_links(store, links, shelf=Rehearsal(store)))
    assert store.links.count() == 2
    assert foretold == [
        "unchanged",
        "refused",
        "created",
        "unchanged",
        "refused",
        "created",
        "refused",
    ]
    assert kinds(import_links(store, links)) == foretold


def test_what_is_no_link_under_a_code_is_refused(store: LinkStore, redis_url: str) -> None:
    with connect(redis_url, timeout_seconds=30) as client:
        client.set(link_key("a"), b"garbage")
    (outcome,) = import_links(store, rows(NewLink(TARGET, code="a")))
    assert outcome.kind == "refused"
    assert "can't be read" in outcome.reason


def test_tombstones_are_imported_and_keep_their_codes_taken(store: LinkStore) -> None:
    links = rows(NewLink({}, code="a", created_ms=5, deleted=True), NewLink({}, deleted=True))
    assert kinds(import_links(store, links)) == ["created", "refused"]
    tombstone = Link(code="a", target="", created_ms=5, updated_ms=5, deleted=True)
    assert store.get("a") == tombstone
    assert store.links.count() == 0
    assert kinds(import_links(store, links[:1])) == ["unchanged"]


def test_creation_times_survive(store: LinkStore) -> None:
    original = store.create({**TARGET, "tags": ["t"], "expires_at": "2d", "status": 307}, code="a")
    new = from_plain(to_plain(original))
    copy = store.draft(new.given, code="b", created_ms=new.created_ms)
    assert copy.created_ms == original.created_ms
    assert {**to_plain(copy), "updated_at": "", "code": ""} == {
        **to_plain(original),
        "updated_at": "",
        "code": "",
    }


@pytest.mark.parametrize("piece", [1, 3, 1000])
def test_ten_thousand_links_come_in_pieces(
    store: LinkStore, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "_PIECE", piece)
    amount = 10_000 if piece == 1000 else 20
    links = (Row(n, NewLink(TARGET, code=f"c{n}")) for n in range(amount))
    outcomes = list(import_links(store, links))
    assert [outcome.line for outcome in outcomes] == list(range(amount))
    assert store.links.count() == amount


def test_a_link_that_is_another_in_its_terms_is_left_and_told_of(store: LinkStore) -> None:
    store.create(TARGET, code="a")
    row = NewLink({**TARGET, "status": "301", "tags": "x"}, code="a")
    (outcome,) = import_links(store, rows(row))
    assert outcome == Outcome(2, "unchanged", "a", "status is 302, tags is ()")
    assert store.get("a").status == 302


@pytest.mark.parametrize("is_rehearsal", [True, False])
def test_links_are_changed_to_what_their_rows_say_where_that_is_wanted(
    store: LinkStore, is_rehearsal: bool
) -> None:
    for code in ("a", "b", "c"):
        store.create({**TARGET, "title": code}, code=code)
    store.delete("c")
    changed = [
        NewLink({"target": "https://other.example", "status": "301.0"}, code="a"),
        NewLink(TARGET, code="b"),
        NewLink(TARGET, code="c"),
        NewLink({**TARGET, "click_limit": "none"}, code="d"),
        NewLink({**TARGET, "click_limit": "1E+02"}, code="d"),
    ]
    shelf = Rehearsal(store) if is_rehearsal else None
    outcomes = list(import_links(store, rows(*changed), shelf=shelf, changes_links=True))
    assert kinds(outcomes) == ["updated", "unchanged", "refused", "created", "updated"]
    link = store.get("a")
    assert (link.target, link.status, link.title) == (
        (TARGET["target"], 302, "a") if is_rehearsal else ("https://other.example/", 301, "a")
    )
    if not is_rehearsal:
        assert store.get("d").click_limit == 100


@pytest.mark.parametrize("piece", [1, 2, 1000])
@pytest.mark.parametrize("is_rehearsal", [True, False])
def test_of_several_rows_of_one_code_the_last_one_counts(
    store: LinkStore, is_rehearsal: bool, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "_PIECE", piece)
    other = {"target": "https://other.example/"}
    changed = [
        NewLink({**TARGET, "click_limit": "5"}, code="a"),
        NewLink({**other, "title": "x"}, code="a"),
        NewLink({**other, "click_limit": "5"}, code="a"),
        NewLink({**TARGET, "title": "x"}, code="a"),
    ]
    shelf = Rehearsal(store) if is_rehearsal else None
    outcomes = import_links(store, rows(*changed), shelf=shelf, changes_links=True)
    assert kinds(outcomes) == ["created", "updated", "unchanged", "updated"]
    if not is_rehearsal:
        link = store.get("a")
        assert (link.target, link.click_limit, link.title) == (TARGET["target"], 5, "x")


def test_a_link_that_is_deleted_meanwhile_is_refused_and_stops_no_other(
    store: LinkStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code in ("a", "b"):
        store.create(TARGET, code=code)
    find, changed = store.put_new, [NewLink({**TARGET, "title": "x"}, code=code) for code in "ab"]

    def found_and_deleted(links: Sequence[Link]) -> list[bytes | None]:
        held = find(links)
        store.delete("a")
        return held

    monkeypatch.setattr(store, "put_new", found_and_deleted)
    first, second = import_links(store, rows(*changed), changes_links=True)
    assert (first.kind, first.reason) == ("refused", "the link 'a' was deleted")
    assert (second.kind, store.get("b").title) == ("updated", "x")


def test_a_row_without_a_target_is_told_that_it_is_missing(store: LinkStore) -> None:
    (outcome,) = import_links(store, rows(NewLink({"title": "x"}, code="a")))
    assert (outcome.kind, outcome.reason) == (
        "refused", "target: it is missing: say where the link leads",
    )  # fmt: skip


_ENDS = ("\n", "\r\n", "\r")
_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")
_PIECES = ('"', ",", ";", "\0", "\t", "'", "\\", "{", "}", "[", "]", ":", "é", "\u2028", "\x0b", "")
_SPREAD = ("\n", '"\n', "\n\n", "\r\n", "\r")


@pytest.mark.parametrize("form", ["csv", "lines", "array"])
def test_of_mangled_files_every_row_is_told_with_its_line(store: LinkStore, form: str) -> None:
    source = random.Random(16)
    for _ in range(334):
        lines, good, header = _mangled_file(form, source)
        encoding = source.choice(_ENCODINGS)
        end = source.choice(_ENDS)
        raw = end.join(lines).encode(encoding, "replace")
        told = list(import_links(store, read_rows(io.BytesIO(raw))))
        again = list(import_links(store, read_rows(io.BytesIO(raw))))
        of_line = {outcome.line: outcome for outcome in told}
        shown = (raw, told)
        assert len(again) == len(told), shown
        for line, code in good.items():
            assert (of_line[line].kind, of_line[line].code) == ("created", code), shown
        assert {each.kind for each in again if each.line in good} <= {"unchanged"}, shown
        blank = re.compile(r'[\s,]*(?:""\s*(?:,|\Z)[\s,]*)*' if form == "csv" else r"\s*")
        filled = {n for n, line in enumerate(lines, 1) if not blank.fullmatch(line) and n > header}
        if form == "array":
            assert set(of_line) <= filled, shown
        else:
            assert [outcome.line for outcome in told] == sorted(filled), shown


def _mangled_file(form: str, source: random.Random) -> tuple[list[str], dict[int, str], int]:
    """Return a file's lines, the codes of those that were left good, and where its head ends."""
    lines: list[str] = [""] * source.choice((0, 0, 2))
    lines += {"csv": ["target,code,title,tags"], "lines": [], "array": ["["]}[form]
    header, good = len(lines), {}
    for _ in range(8):
        code = f"{source.getrandbits(60):x}"
        text, is_good = _row(form, code, source), source.random() < 0.5
        if is_good:
            good[len(lines) + 1] = code
        else:
            text = _mangled(text, source)
        lines += text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        lines += [source.choice(("", " ", "\t"))] * source.choice((0, 0, 0, 1))
    return [*lines, "]"] if form == "array" else lines, good, header


def _row(form: str, code: str, source: random.Random) -> str:
    title = source.choice(("a title", 'say ""hi"", you', "x; y", "Köln"))
    if form == "csv":
        return f'https://example.com/{code},{code},"{title}",x'
    row = {"target": f"https://example.com/{code}", "code": code, "title": title, "tags": ["x"]}
    return json.dumps(row, ensure_ascii=False) + ("," if form == "array" else "")


def _mangled(row: str, source: random.Random) -> str:
    """Break a row somewhere; it begins as it did, for that tells the form."""
    for _ in range(source.choice((1, 1, 3))):
        at = source.randrange(1, len(row) + 1)
        piece = source.choice(_PIECES if source.random() < 0.8 else _SPREAD)
        row = row[:at] + piece + row[at + source.randrange(4) :]
    return row
