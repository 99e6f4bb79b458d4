import pytest

from app.links.files.encoding import complaint, guess


@pytest.mark.parametrize(
    ("start", "encoding"),
    [
        (b"", "utf-8"),
        (b"target,code\n", "utf-8"),
        (b"target\0,code\n", "utf-8"),
        ("ü€".encode(), "utf-8"),
        ("target\n".encode("utf-16-le"), "utf-16-le"),
        ("target\n".encode("utf-16-be"), "utf-16-be"),
        ("target\n".encode("utf-16"), "utf-16"),
        ("target\n".encode("utf-32"), "utf-32"),
        ("target\n".encode("utf-8-sig"), "utf-8-sig"),
    ],
)
def test_an_encoding_is_known_by_its_first_bytes(start: bytes, encoding: str) -> None:
    assert guess(start) == encoding


def test_text_is_no_cause_for_complaint() -> None:
    assert complaint("Café, 日本\n") == ""


def test_bytes_that_no_encoding_explains_are_only_no_utf_8() -> None:
    assert complaint("x\udc81") == "it is not UTF-8"
