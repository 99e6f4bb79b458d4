"""Requests that are split, pipelined, malformed, huge or binary, and what may come of them.

``python -m tests.support.server.fuzz 200000 [seed]`` sends that many to a server of its own.
"""

import random
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from tests.support.server.gunicorn_server import Gunicorn
from tests.support.server.raw_client import RawAnswer, Reader, Truncated

#: Paths of the echo application that answer with the request's own path.
LANES = ("f", "l", "w", "nap/")
CLIENTS = 8
MOST_PIPELINED = 12


@dataclass(frozen=True)
class Sent:
    """One request: its bytes, and the path that its answer must name, if it is sound."""

    data: bytes
    path: str = ""
    closes: bool = False


def sound(token: str, rng: random.Random) -> Sent:
    """A request that must be answered."""
    path = f"/{rng.choice(LANES)}1{token}"
    lines = [f"GET {path} HTTP/1.1", "Host: fuzz"]
    lines += [f"X-{rng.random()}: {'y' * rng.randrange(200)}" for _ in range(rng.randrange(5))]
    closes = rng.random() < 0.05
    if closes:
        lines.append("Connection: close")
    return Sent("\r\n".join((*lines, "", "")).encode(), path, closes)


def with_body(token: str, rng: random.Random) -> Sent:
    """A request that is handed over to gunicorn, and is its connection's last."""
    body = rng.randbytes(rng.choice((1, 10, 5000)))
    path = f"/w1{token}"
    head = f"POST {path} HTTP/1.1\r\nHost: fuzz\r\n"
    if rng.random() < 0.5:
        data = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    else:
        chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        data = f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunk
    return Sent(data, path, closes=True)


def mutated(token: str, rng: random.Random) -> Sent:
    """A sound request with some bytes changed: whatever it now is, it may not break anything."""
    data = bytearray(sound(token, rng).data)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(data))
        change = rng.randrange(4)
        if change == 0:
            data[at] = rng.randrange(256)
        elif change == 1:
            del data[at]
        elif change == 2:
            data[at:at] = rng.choice((b"\r", b"\n", b"\0", b" ", b":", b"\r\n\r\n", b"\xff"))
        else:
            data[at:] = b"\r\n" + data[at:]
    return Sent(bytes(data))


def ambiguous(token: str, rng: random.Random) -> Sent:
    """A request with framing that two servers might read differently."""
    lines = rng.sample(
        ["Content-Length: 5", "Content-Length: 6", "Transfer-Encoding: chunked",
         "Transfer-Encoding: identity", "Transfer-Encoding : chunked", "Content-Length: +5",
         "Host: other", " folded: yes", "Expect: 100-continue", "Upgrade: h2c"],
        rng.randrange(1, 4),
    )  # fmt: skip
    head = "\r\n".join((f"POST /w1{token} HTTP/1.1", "Host: fuzz", *lines, "", ""))
    return Sent(head.encode() + rng.choice((b"", b"hello", b"0\r\n\r\n", b"5\r\nhello\r\n")))


def huge(_token: str, rng: random.Random) -> Sent:
    """A request beyond one of the limits."""
    return Sent(
        rng.choice(
            (
                b"GET /" + b"a" * rng.randrange(4090, 20_000) + b" HTTP/1.1\r\nHost: h\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X: y\r\n" * rng.randrange(100, 2000) + b"\r\n",
                b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"y" * rng.randrange(8000, 90_000),
            )
        )
    )


def binary(_token: str, rng: random.Random) -> Sent:
    """Bytes that are no HTTP."""
    return Sent(rng.randbytes(rng.randrange(1, 3000)))


KINDS: dict[Callable[[str, random.Random], Sent], int] = {
    sound: 75, with_body: 2, mutated: 12, ambiguous: 5, huge: 3, binary: 3,
}  # fmt: skip


def sealed(token: str) -> str:
    """Return a token that changed bytes don't turn into another: 10 without its 0 is 1."""
    return f"{token}-{crc32(token.encode()):08x}"


def conversation(name: str, rng: random.Random) -> list[Sent]:
    """Requests for one connection, sent without waiting."""
    count = rng.randrange(1, MOST_PIPELINED)
    if rng.random() < 0.5:
        kinds = [sound] * count
    else:
        kinds = rng.choices(list(KINDS), list(KINDS.values()), k=count)
    sent = [kind(sealed(f"{name}-{number}"), rng) for number, kind in enumerate(kinds)]
    last = next((number for number, each in enumerate(sent) if each.closes), count)
    return sent[: last + 1]


def pieces(data: bytes, rng: random.Random) -> Iterator[bytes]:
    """Cut the bytes at random places."""
    while data:
        size = rng.choice((1, 3, 50, 1000, len(data)))
        yield data[:size]
        data = data[size:]


def talk(server: Gunicorn, data: bytes, rng: random.Random) -> list[RawAnswer]:
    """Send the bytes, and read all answers."""
    with server.connect() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces(data, rng) if len(data) < 5000 else [data]:
                sock.sendall(piece)
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused and closed before we were done
        try:
            return Reader(sock).all()
        except Truncated:
            return []


def complaints(sent: list[Sent], answers: list[RawAnswer], *, is_whole: bool) -> Iterator[str]:
    """Yield what is wrong: every answer must belong to the request in its place, in order.

    What comes after an unsound request is not foreseen, but no answer may name a path out of
    order, or one that was not asked for.
    """
    if is_whole and all(each.path for each in sent) and len(answers) != len(sent):
        yield f"{len(answers)} answers to {len(sent)} requests"
    order = {each.path: number for number, each in enumerate(sent) if each.path}
    last = -1
    for number, answer in enumerate(answers):
        if answer.status >= 500 and answer.status != 501:
            yield f"status {answer.status}"
        foreseen = all(each.path for each in sent[: number + 1])
        if foreseen and answer.token != sent[number].path:
            yield f"{answer.token or answer.status} answers {sent[number].path}"
        place = order.get(answer.token, last + 1) if answer.token else last + 1
        if place <= last:
            yield f"{answer.token} is out of order"
        last = max(last, place)


def fuzz(server: Gunicorn, requests: int, seed: int) -> tuple[Counter[int], list[str]]:
    """Send so many requests, and return the statuses that came and what was wrong."""
    statuses: Counter[int] = Counter()
    wrong: list[str] = []

    def client(number: int) -> int:
        rng = random.Random(f"{seed}-{number}")
        left = requests // CLIENTS
        while left > 0:
            sent = conversation(f"{number}-{left}", rng)
            left -= len(sent)
            data = b"".join(each.data for each in sent)
            is_whole = rng.random() < 0.97
            answers = talk(server, data if is_whole else data[: rng.randrange(len(data))], rng)
            statuses.update(answer.status for answer in answers)
            found = complaints(sent, answers, is_whole=is_whole)
            wrong.extend(f"seed {seed}: {text}: {sent}" for text in found)
        return number

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client, range(CLIENTS)))
    return statuses, wrong


def main() -> None:
    requests, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as directory, Gunicorn(Path(directory)) as server:
        before = server.workers()
        statuses, wrong = fuzz(server, requests, seed)
        crashed = server.workers() != before or "Traceback" in server.log
        print(f"{requests} requests, answers by status: {dict(statuses)}")  # noqa: T201
        for text in wrong[:10]:
            print(text)  # noqa: T201
        if crashed:
            print(server.log[-5000:])  # noqa: T201
    sys.exit(bool(wrong or crashed))


if __name__ == "__main__":
    main()
