import base64
import csv
import io
import json
import re
from types import SimpleNamespace
from typing import Any

import pytest

from app.console.api.links.bulk.imports import MAX_DRY_RUN_BYTES
from app.console.api.links.bulk.reply import Reply
from app.console.pages.links import importing
from app.console.pages.links.verdicts import TOLD_AFTER
from app.keys.store import KeyStore
from app.links.link import LinkNotFound
from app.stores.redis.errors import RedisUnavailable
from tests.support.pages import HTML, Browser, text_of

PATH = "/links/-/import"
CSV = b"code,target,title,Odd\r\none,https://example.com/,<i>x</i>,1\r\ntwo,nowhere,,\r\n"
BOUNDARY = "----boundary7"


def send(browser: Browser, page: Any = None, **parts: bytes | str) -> Any:
    """Send a form with a file, as browsers do, with the token of the page."""
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', (page or browser.get(PATH)).text)
    assert token
    return post(browser, form_token=token[1], **parts)


def post(browser: Browser, **parts: bytes | str) -> Any:
    body = b""
    for name, content in parts.items():
        raw = content.encode() if isinstance(content, str) else content
        named = f'form-data; name="{name}"' + ('; filename="links.csv"' * (name == "file"))
        head = f"--{BOUNDARY}\r\nContent-Disposition: {named}\r\n\r\n"
        body += head.encode() + raw + b"\r\n"
    return raw_post(browser, body + f"--{BOUNDARY}--\r\n".encode())


def raw_post(browser: Browser, body: bytes) -> Any:
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    headers = browser._headers({"Content-Type": kind})
    return browser.client.simulate_post(PATH, body=body, headers=headers)


def hidden(page: Any) -> dict[str, str]:
    """Return what the form that confirms sends."""
    form = page.text.split("<form", 2)[1 if "Sign out" not in page.text else 2]
    found = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    found.pop("form_token")
    return found


def test_a_file_is_looked_at_and_imported_as_it_was(browser: Browser, links: Any) -> None:
    seen = send(browser, file=CSV)
    text = text_of(seen)
    assert seen.status_code == 200
    assert "nothing is stored yet" in text
    assert "Created 1 Unchanged 0 Refused 1" in text
    assert "2 created one –" in text
    assert re.search(r"3 refused (two|–) target: ", text)
    assert "Odd" in text
    with pytest.raises(LinkNotFound):
        links.get("one")
    done = send(browser, seen, **hidden(seen))
    assert "What became of the lines" in text_of(done)
    assert links.get("one").title == "<i>x</i>"
    again = send(browser, file=CSV)
    assert "Created 0 Unchanged 1 Refused 1" in text_of(again)


@pytest.mark.parametrize(
    "file",
    [
        b'[{"target": "https://example.com/a"}]',
        b'{"target": "https://example.com/a"}\n',
        b"target\nhttps://example.com/a\n",
        "target\nhttps://example.com/a\n".encode("utf-16"),
    ],
)
def test_every_kind_of_file_is_read_and_codes_are_made_up_at_the_import(
    browser: Browser, links: Any, file: bytes
) -> None:
    seen = send(browser, file=file)
    assert "created made up" in text_of(seen)
    send(browser, seen, **hidden(seen))
    (link,) = links.links.scan()
    assert link.target == "https://example.com/a"


def test_links_that_are_there_are_changed_if_that_was_asked_for(
    browser: Browser, links: Any
) -> None:
    links.create({"target": "https://example.com/old"}, code="one")
    assert "leads to https://example.com/old" in text_of(send(browser, file=CSV))
    seen = send(browser, file=CSV, update="on")
    assert "Updated 1" in text_of(seen)
    assert links.get("one").target == "https://example.com/old"
    send(browser, seen, **hidden(seen))
    assert links.get("one").target == "https://example.com/"


def test_a_large_file_is_chosen_again_and_has_to_be_the_same(browser: Browser, links: Any) -> None:
    line = b"https://example.com/%d\n"
    size = importing._CARRIED_BYTES // 2_000
    rows = b"".join(line % number + b" " * size + b"\n" for number in range(2_000))
    file = b"target\n" + rows
    seen = send(browser, file=file)
    assert "The file is large: choose it again" in text_of(seen)
    assert "1 800 lines more" in text_of(seen)
    other = send(browser, seen, **hidden(seen), file=CSV)
    assert (other.status_code, "another file" in text_of(other)) == (422, True)
    assert list(links.links.scan()) == []
    done = send(browser, seen, **hidden(seen), file=file)
    assert "What became of the lines" in text_of(done)
    assert links.links.count() == 2_000


def test_what_is_no_file_of_links_is_said(browser: Browser, links: Any) -> None:
    for parts, said in (
        ({}, "Choose a file"),
        ({"file": b""}, "Choose a file"),
        ({"carried": b"%"}, "Choose a file"),
        ({"file": b"PK\x03\x04 and so on"}, "save the sheet as CSV"),
        ({"file": b"\x00\x01\x02"}, "can't be read"),
        ({"file": b"name\nx\n"}, "can't be read"),
        ({"file": b"x" * (MAX_DRY_RUN_BYTES + 1)}, "send it in parts"),
    ):
        answer = send(browser, **parts)
        assert (answer.status_code, said in text_of(answer)) == (422, True), (said, text_of(answer))
    assert send(browser, file=b"x" * (MAX_DRY_RUN_BYTES + (1 << 23))).status_code == 413
    assert list(links.links.scan()) == []


def test_forms_that_cannot_be_read_are_refused(browser: Browser) -> None:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"\r\n'.encode()
    for body in (
        b"",
        b"nothing",
        head,
        head + b"\r\ncut off",
        head.replace(b"file", b"\xff") + f"\r\nx\r\n--{BOUNDARY}--".encode(),
        head + f"Content-Transfer-Encoding: base64\r\n\r\nx\r\n--{BOUNDARY}--".encode(),
    ):
        assert raw_post(browser, body).status_code == 400, body
    assert browser.send(PATH).status_code == 415


def test_a_form_of_another_page_imports_nothing(browser: Browser, links: Any) -> None:
    assert post(browser, form_token="00", file=CSV).status_code == 403
    assert post(browser, file=CSV).status_code == 403


def test_a_key_imports_links_within_its_tags(guarded: Browser, keys: KeyStore, links: Any) -> None:
    _, credential = keys.add("importer", ("links:write",), tags=("spring",))
    guarded.send("/sign-in", key=credential.text)
    links.create({"target": "https://example.com/secret"}, code="one")
    file = b"code,target,tags\none,https://a.example/,spring\nb,https://a.example/,\n"
    text = text_of(send(guarded, file=file + b"c,https://a.example/,spring\n"))
    assert "Created 1 Unchanged 0 Refused 2" in text
    assert "secret" not in text
    _, reader = keys.add("reader", ("links:read",))
    other = Browser(guarded.client)
    other.send("/sign-in", key=reader.text)
    assert other.get(PATH).status_code == 403
    assert PATH not in other.get("/links").text


def test_an_import_that_redis_cuts_short_says_how_far_it_came(
    browser: Browser, links: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = send(browser, file=CSV)

    def fail(*_: object) -> None:
        raise RedisUnavailable("away")

    monkeypatch.setattr("app.links.store.LinkStore.put_new", fail)
    done = send(browser, seen, **hidden(seen))
    assert done.status_code == 503
    assert "0 lines were dealt with" in text_of(done)


def told(browser: Browser, page: Any = None, **parts: bytes | str) -> list[dict[str, Any]]:
    """Send a form as a script does that wants to hear how far it is."""
    browser.headers = {**browser.headers, "Accept": "application/x-ndjson, text/html"}
    answer = send(browser, page, **parts)
    browser.headers = {**browser.headers, "Accept": HTML}
    assert answer.headers["content-type"] == "application/x-ndjson"
    # Else a proxy in front would hold the lines back until all are there.
    assert answer.headers["x-accel-buffering"] == "no"
    return [json.loads(line) for line in answer.text.splitlines()]


def many(count: int) -> bytes:
    lines = (b"c%d,https://example.com/%d\n" % (each, each) for each in range(count))
    return b"code,target\n" + b"".join(lines)


def test_who_asks_for_it_hears_how_far_an_import_is(browser: Browser, links: Any) -> None:
    file = many(2 * TOLD_AFTER + 1) + b"odd,nowhere\n"
    *parts, last = told(browser, file=file)
    assert [sum(each["counts"].values()) for each in parts] == [TOLD_AFTER, 2 * TOLD_AFTER]
    assert all(0 < each["part"] <= 1 for each in parts)
    assert "nothing is stored yet" in last["page"]
    page = SimpleNamespace(text=last["page"])
    *parts, last = told(browser, page, **hidden(page), file=file)
    assert parts[-1]["counts"] == {"created": 2 * TOLD_AFTER}
    assert "What became of the lines" in last["page"]
    assert links.links.count() == 2 * TOLD_AFTER + 1


def test_who_looks_away_has_the_rest_imported_as_well(
    links: Any, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = many(4 * TOLD_AFTER)
    page = send(browser, file=file)
    sent: list[Any] = []
    monkeypatch.setattr(importing, "Reply", lambda *a, **k: sent.append(Reply(*a, **k)) or [])
    browser.headers = {**browser.headers, "Accept": "application/x-ndjson"}
    send(browser, page, **hidden(page), file=file)
    [reply] = sent
    next(iter(reply))
    reply.close()
    assert links.links.count() == 4 * TOLD_AFTER
    # Its turn is free again.
    browser.headers = {**browser.headers, "Accept": HTML}
    assert send(browser, file=CSV).status_code == 200


def refused(page: Any) -> list[dict[str, str]]:
    """Return the refused lines that a page carries."""
    carried = re.search(r'href="data:text/csv;charset=utf-8;base64,([^"]+)"', page.text)
    assert carried
    return list(csv.DictReader(io.StringIO(base64.b64decode(carried[1]).decode())))


def test_refused_lines_can_be_kept_with_why(browser: Browser) -> None:
    file = b"code,target\n=a,https://example.com/\nok,https://example.com/\nb,=nowhere\n"
    page = send(browser, file=file)
    assert "Download the 2 refused lines" in text_of(page)
    rows = refused(page)
    assert [(row["line"], row["code"], row["text"]) for row in rows] == [
        ("2", "", "'=a,https://example.com/"),
        ("4", "", "b,=nowhere"),
    ]
    assert rows[0]["why"].startswith("code: ")
    clean = b"code,target\nok,https://example.com/\n"
    assert "data:text/csv" not in send(browser, file=clean).text


@pytest.mark.parametrize("between", [b" ", b"\n"])
def test_refused_elements_of_an_array_are_kept_without_text(
    browser: Browser, between: bytes
) -> None:
    elements = (b'{"code": "c%d", "target": "nowhere"}' % each for each in range(3))
    file = b"\n [" + between + (b"," + between).join(elements) + between + b"]"
    rows = refused(send(browser, file=file))
    assert [row["text"] for row in rows] == ["", "", ""]
    assert all(row["why"].startswith("target: ") for row in rows)
