"""A server of known latency that a load test is tested with: ``python -m loadtest.known_server``.

It redirects as Hopline does and counts clicks as its console does, and can be told to be slow, to
stand still, and to miscount. It prints its port.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from gevent import sleep
from gevent.pywsgi import WSGIServer

from loadtest.scenario.links import target

_STATS = "/api/v1/stats"
_SILENT = None
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class KnownServer:
    """A WSGI app, told what to do by :func:`_options`."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._clicks: Counter[str] = Counter()
        self._requests = 0

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == _STATS:
            return self._count(parse_qs(environ["QUERY_STRING"])["code"], start_response)
        self._requests += 1
        if self._requests == self._options.stall_after:
            # The whole process stands still, as in a long collection of garbage.
            time.sleep(self._options.stall_seconds)
        sleep(self._options.latency_ms / 1000)
        return self._answer(path.removeprefix("/"), environ["REQUEST_METHOD"], start_response)

    def _count(self, codes: list[str], start_response: StartResponse) -> Iterable[bytes]:
        sleep(self._options.count_ms / 1000)
        clicks = {code: max(0, self._clicks[code] - self._options.miscount) for code in codes}
        top = [{"name": code, "clicks": number} for code, number in clicks.items()]
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"by": {"link": {"top": top}}}).encode()]

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
    app = KnownServer(_options())
    server = WSGIServer(("127.0.0.1", 0), app, log=_SILENT)
    server.start()
    print(server.server_port, flush=True)
    server.serve_forever()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--latency-ms", type=float, default=5, help="how long each answer takes")
    add("--stall-after", type=int, default=0, help="stand still after so many requests; 0: never")
    add("--stall-seconds", type=float, default=1, help="for how long")
    add("--miscount", type=int, default=0, help="clicks to leave out of each code's count")
    add("--count-ms", type=float, default=0, help="how long a count takes")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
