import pytest

from app.clicks.click import new_click_id
from app.erasure.spool import read_command

CLICK_ID = new_click_id(1_778_414_400_000, bytes(10))


def test_the_command_of_a_click_says_whose_it_is() -> None:
    words = [b"XADD", b"clicks:stream", b"MAXLEN", b"~", b"1000", b"*", b"short_code", b"abc"]
    words += [b"ip", b"203.0.113.7"]
    command = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in words)
    found = read_command(CLICK_ID, command)
    assert found is not None
    assert (found.code, found.address, found.click_ref.click_id) == ("abc", "203.0.113.7", CLICK_ID)


@pytest.mark.parametrize(
    "command",
    [b"", b"XADD", b"*2\r\n$4\r\nXADD\r\n", b":7\r\n", b"*1\r\n$1\r\n*\r\n$9", b"\xff" * 50,
     b"*4\r\n$4\r\nXADD\r\n$1\r\ns\r\n$1\r\n*\r\n$3\r\nodd\r\n", b"*1\r\n$4\r\nXADD\r\n"],
)  # fmt: skip
def test_what_is_no_command_any_more_is_not_read(command: bytes) -> None:
    found = read_command(CLICK_ID, command)
    assert found is None or found.code == ""
