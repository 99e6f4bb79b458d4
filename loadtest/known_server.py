"""A server of known latency that a load test is tested with: ``python -m loadtest.known_server``.

It redirects as Hopline does and counts clicks as its console does, and can be told to be slow, to
stand still, and to miscount. It prints its port.
"""

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from gevent import sleep
from gevent.pywsgi import WSGIServer

from loadtest.scenario.links import target

_STATS = re.compile(r"/api/v1/links/(?P<code>[^/]+)/stats")
_SILENT = None
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class KnownServer:
    """A WSGI app.

    Attributes:
        latency_seconds: how long each answer takes.
        stall_every: after so many requests nothing is answered for a while; 0 for never.
        stall_seconds: for how long.
        miscount: clicks that are left out of the count of each code.
        count_seconds: how long a count takes.
    """

    def __init__(
        self,
        latency_seconds: float,
        stall_after: int,
        stall_seconds: float,
        miscount: int,
        count_seconds: float,
    ) -> None:
        self._latency_seconds = latency_seconds
        self._stall_after = stall_after
        self._stall_seconds = stall_seconds
        self._miscount = miscount
        self._count_seconds = count_seconds
        self._clicks: Counter[str] = Counter()
        self._requests = 0

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if stats := _STATS.fullmatch(path):
            return self._count(stats["code"], start_response)
        self._requests += 1
        if self._requests == self._stall_after:
            # The whole process stands still, as in a long collection of garbage.
            time.sleep(self._stall_seconds)
        sleep(self._latency_seconds)
        return self._answer(path.removeprefix("/"), environ["REQUEST_METHOD"], start_response)

    def _count(self, code: str, start_response: StartResponse) -> Iterable[bytes]:
        sleep(self._count_seconds)
        clicks = max(0, self._clicks[code] - self._miscount)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"clicks": clicks}).encode()]

    def _answer(self, code: str, method: str, start_response: StartResponse) -> Iterable[bytes]:
        status = _status(code)
        fields = [("Content-Length", "0")]
        if status.startswith("302"):
            fields.append(("Location", target(code)))
            self._clicks[code] += method == "GET"
        start_response(status, fields)
        return [b""]


def _status(code: str) -> str:
    if code.endswith("+") or not code:
        return "200 OK"
    kind = code.split("-")[1]
    return {"unknown": "404 Not Found", "expired": "410 Gone"}.get(kind, "302 Found")


def main() -> int:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency-ms", type=float, default=5, help="how long each answer takes")
    parser.add_argument(
        "--stall-after", type=int, default=0, help="stand still after so many requests; 0: never"
    )
    parser.add_argument("--stall-seconds", type=float, default=1, help="for how long")
    parser.add_argument(
        "--miscount", type=int, default=0, help="clicks to leave out of each code's count"
    )
    parser.add_argument("--count-ms", type=float, default=0, help="how long a count takes")
    options = parser.parse_args()
    app = KnownServer(
        options.latency_ms / 1000,
        options.stall_after,
        options.stall_seconds,
        options.miscount,
        options.count_ms / 1000,
    )
    server = WSGIServer(("127.0.0.1", 0), app, log=_SILENT)
    server.start()
    print(server.server_port, flush=True)
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
