import json
from xml.etree import ElementTree as ET

import falcon
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.console.yourls.answer import Answer, refusal, write

FOUND = Answer({"link": {"url": "https://a.example/?b&c=<d>"}, "statusCode": 200}, "plainly")


def written(answer: Answer, format_name: str, callback: str | None = None) -> falcon.Response:
    resp = falcon.Response()
    write(resp, answer, format_name, callback)
    return resp


def test_json_is_what_was_said() -> None:
    resp = written(FOUND, "json")
    assert json.loads(resp.data or b"") == FOUND.fields
    assert resp.content_type == "application/json"


def test_xml_has_each_field_as_an_element() -> None:
    resp = written(FOUND, "xml")
    assert resp.text == (
        '<?xml version="1.0"?>\n<root><link><url>https://a.example/?b&amp;c=&lt;d&gt;</url></link>'
        "<statusCode>200</statusCode></root>\n"
    )
    assert resp.content_type == "application/xml"


@pytest.mark.parametrize("format_name", ["simple", "", "yaml"])
def test_any_other_format_is_plain_text(format_name: str) -> None:
    resp = written(FOUND, format_name)
    assert resp.text == "plainly"
    assert resp.content_type == "text/plain; charset=utf-8"


def test_jsonp_calls_what_was_named() -> None:
    resp = written(FOUND, "jsonp", "app.$found")
    assert (
        resp.data
        == b"app.$found("
        + json.dumps({**FOUND.fields, "callback": "app.$found"}, separators=(",", ":")).encode()
        + b")"
    )
    assert resp.content_type == "application/javascript"


@pytest.mark.parametrize(
    "callback", [None, "", "alert(1)//", "a b", "<script>", "a\n", "ä", "1a", "a" * 200]
)
def test_jsonp_calls_nothing_but_a_name(callback: str | None) -> None:
    resp = written(FOUND, "jsonp", callback)
    assert resp.status_code == 400
    assert resp.content_type == "application/json"
    assert json.loads(resp.data or b"")["message"] == "callback: expected the name of a function"


def test_what_was_to_be_called_is_told_back_in_every_format() -> None:
    assert json.loads(written(FOUND, "json", "<f>").data or b"")["callback"] == "<f>"
    assert "<callback>&lt;f&gt;</callback>" in (written(FOUND, "xml", "<f>").text or "")


def test_the_status_is_the_one_that_is_told() -> None:
    assert written(refusal(403, "no"), "json").status_code == 403
    assert written(Answer({"version": "1"}, "1"), "json").status_code == 200
    assert written(Answer({"statusCode": 404}, ""), "xml").status_code == 404


@given(st.text(), st.sampled_from(["json", "xml"]))
def test_every_text_can_be_written(text: str, format_name: str) -> None:
    resp = written(Answer({"a": text.encode(errors="replace").decode()}, ""), format_name)
    if format_name == "xml":
        assert ET.fromstring(resp.text or "").find("a") is not None
    else:
        assert "a" in json.loads(resp.data or b"")
