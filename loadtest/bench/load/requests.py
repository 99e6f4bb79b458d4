"""Requests that both load generators send: the same links, with a browser's headers."""

from collections.abc import Sequence

#: What a current browser sends on following a link from another site.
HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.5",
    "Accept-Encoding": "gzip, deflate",
    "Referer": "https://news.example.org/2026/spring-sale",
}
LINKS = 100
#: Links of the tables, and links of the frozen Redis alone, whose clicks can so be told apart.
BENCH_PREFIX = "bench"
FROZEN_PREFIX = "frozen"


def codes(prefix: str) -> list[str]:
    """Return the short codes of one of the two sets of links."""
    return [f"{prefix}{number}" for number in range(LINKS)]


def target(code: str) -> str:
    """Return where a link leads."""
    return f"https://shop.example.com/spring/{code}?utm_source=newsletter&utm_campaign=spring"


def raw_requests(short_codes: Sequence[str], port: int) -> bytes:
    """Return one GET for each code as the open-loop generator reads them: each ended by NUL."""
    lines = [f"{name}: {value}\r\n" for name, value in HEADERS.items()]
    head = f" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{''.join(lines)}\r\n\0"
    return "".join(f"GET /{code}{head}" for code in short_codes).encode()
