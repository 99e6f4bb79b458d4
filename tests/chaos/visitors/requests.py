"""Requests of visitors: a browser's, or as large and as odd as are accepted."""

from tests.chaos.visitors.client_log import REFERRER

_BROWSER = b"Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
_HOST = b"chaos.example"
#: Just below the 8 KB that a line may have at the proxies.
_LINE_BYTES = 7_900


def ordinary(code: str, number: int) -> bytes:
    """Return what a browser sends."""
    return _request(code, number, (b"User-Agent: " + _BROWSER,))


def hostile(code: str, number: int) -> bytes:
    """Return the largest or oddest heads that are accepted, by turns."""
    lines = _HOSTILE[number % len(_HOSTILE)](number)
    return _request(code, number, lines)


def _request(code: str, number: int, lines: tuple[bytes, ...]) -> bytes:
    head = (
        f"GET /{code} HTTP/1.1".encode(),
        b"Host: " + _HOST,
        f"Referer: {REFERRER}{number}".encode(),
        *lines,
    )
    return b"\r\n".join((*head, b"", b""))


def _emoji(number: int) -> tuple[bytes, ...]:
    """Four bytes a character, in each header that is stored."""
    text = ("😀" * (_LINE_BYTES // 4)).encode()
    names = (b"User-Agent", b"Accept-Language", b"Purpose")
    return tuple(name + b": " + text for name in names)


def _malformed(number: int) -> tuple[bytes, ...]:
    """Bytes that are no UTF-8: cut sequences, surrogates, overlong forms."""
    odd = b"\xff\xfe\xed\xa0\x80\xc0\xaf\xf0\x9f\x98 \x80" * 60
    return (b"User-Agent: " + odd, b"Accept-Language: " + odd, b"Purpose: " + odd)


def _forwarded(number: int) -> tuple[bytes, ...]:
    """Chains of proxies that are different each time, so that remembering them is dear."""
    line = b"X-Forwarded-For: " + f"{number}-".encode() + b"x" * _LINE_BYTES
    return (b"User-Agent: " + _BROWSER, *(line,) * 3)


def _invented(number: int) -> tuple[bytes, ...]:
    """An id and a time of the visit that a stranger makes up: the same for everybody."""
    return (
        b"User-Agent: " + _BROWSER + f" {number}".encode() * 500,
        b"X-Request-ID: 0123456789abcdef0123456789abcdef",
        b"X-Request-Start: t=1700000000.000",
    )


_HOSTILE = (_emoji, _malformed, _forwarded, _invented)
