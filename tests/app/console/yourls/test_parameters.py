import falcon
import falcon.testing
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.console.api.body import MAX_BYTES, BodyTooLarge
from app.console.yourls.parameters import UnreadableForm, read_parameters

FORM = "application/x-www-form-urlencoded"


def request(
    query: str = "", body: bytes | str = b"", content_type: str = FORM, method: str = "POST"
) -> falcon.Request:
    return falcon.testing.create_req(
        method=method,
        query_string=query,
        body=body,
        headers={"Content-Type": content_type, "Content-Length": str(len(body))},
    )


def parts(*pairs: tuple[str, str], boundary: str = "x") -> bytes:
    head = 'Content-Disposition: form-data; name="{}"'
    texts = (f"--{boundary}\r\n{head.format(name)}\r\n\r\n{value}\r\n" for name, value in pairs)
    return ("".join(texts) + f"--{boundary}--\r\n").encode()


def test_a_form_goes_before_the_query_and_the_last_of_a_name_before_the_first() -> None:
    req = request("a=query&b=1&b=2&c=", "a=form&url=https%3A%2F%2Fexample.com%2F%3Fa%3Db%26c")
    assert read_parameters(req) == {
        "a": "form",
        "b": "2",
        "c": "",
        "url": "https://example.com/?a=b&c",
    }


def test_the_parts_of_a_form_are_read() -> None:
    body = parts(("action", "shorturl"), ("title", "Grüße"), ("empty", ""))
    req = request("format=json", body, "multipart/form-data; boundary=x")
    found = read_parameters(req)
    assert found == {"format": "json", "action": "shorturl", "title": "Grüße", "empty": ""}


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
def test_a_body_of_another_type_holds_none(content_type: str) -> None:
    assert read_parameters(request("a=1", b"{}", content_type)) == {"a": "1"}


def test_a_body_that_comes_with_get_is_left_alone() -> None:
    assert read_parameters(request("a=1", b"a=2", method="GET")) == {"a": "1"}


@pytest.mark.parametrize("content_type", [FORM, "multipart/form-data; boundary=x"])
def test_a_large_body_is_not_read(content_type: str) -> None:
    with pytest.raises(BodyTooLarge):
        read_parameters(request("", b"a" * (MAX_BYTES + 1), content_type))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"a=1&" * 100, FORM),
        (parts(*[("a", "1")] * 100), "multipart/form-data; boundary=x"),
        (parts(("a", "1")), "multipart/form-data"),
        (parts(("a", "1")), "multipart/form-data; boundary=other"),
        (parts(("a", "1"))[:-9], "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data; boundary=" + "y" * 200),
        (b"--x\r\n\r\n\r\n", "multipart/form-data; boundary=ä"),
    ],
)
def test_a_form_that_is_none_is_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(UnreadableForm):
        read_parameters(request("", body, content_type))


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert read_parameters(request("a=%ff", b"b=%c3%28")) == {"a": "\ufffd", "b": "\ufffd("}


@given(st.binary(max_size=300), st.sampled_from([FORM, "multipart/form-data; boundary=x"]))
def test_no_body_is_more_than_refused(body: bytes, content_type: str) -> None:
    try:
        found = read_parameters(request("", body, content_type))
    except UnreadableForm:
        return
    assert all(isinstance(text, str) for pair in found.items() for text in pair)
