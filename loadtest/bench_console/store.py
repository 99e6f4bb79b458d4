"""Store that pages are measured over: clicks that were made up, and links that were imported."""

import json
import subprocess
import sys
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

from app.processes.child import ChildFailed
from loadtest.bench_api.questions import MadeUp
from loadtest.bench_reports.generated import HOTTEST
from loadtest.bench_reports.installation import Installation
from loadtest.bench_reports.kept import read
from loadtest.common.command_line import Say

#: Links among which clicks are spread, and over how many days.
CLICKED_LINKS, DAYS = 100_000, 90
#: Of which nobody has clicked but who measures.
PROBE = "probe"
#: Links of a file that is imported.
_BULK = 100_000
_NOTE = "links.json"
_TIMEOUT_SECONDS, _LOOK_SECONDS = 600.0, 0.2


def fill_clicks(folder: Path, clicks: int) -> None:
    """Have clicks and their sums made up in a folder, unless they are there.

    Raises:
        ChildFailed: it went wrong, and has said how.
        NotKept: something else is in the folder.
    """
    filled = read(folder, clicks=clicks, links=CLICKED_LINKS, days=DAYS)
    if filled and filled.summed == len(filled.generated.days):
        return
    options = {"--clicks": clicks, "--links": CLICKED_LINKS, "--days": DAYS, "--keep": folder}
    argv = [str(part) for option in options.items() for part in option]
    command = [sys.executable, "-m", "loadtest.bench_reports", "--only-fill", *argv]
    if subprocess.run(command, check=False).returncode:
        raise ChildFailed("the store was not filled")


def fill_links(installation: Installation, folder: Path, links: int, say: Say) -> None:
    """Import links, those first that have clicks, unless they are there; have all be searchable.

    Raises:
        ChildFailed: they were refused, or other links are there.
    """
    note = folder / _NOTE
    held = json.loads(note.read_text())["links"] if note.exists() else 0
    if held not in (0, links):
        raise ChildFailed(f"{folder} holds {held:,} links: say --links {held}")
    made_up = MadeUp(links, code_of)
    for first in range(0, links if not held else 0, _BULK):
        end = min(first + _BULK, links)
        _import(installation, made_up.lines(first, end), end - first)
        say(f"{end:,} links imported")
    if not held:
        _import(installation, f'{{"code":"{PROBE}","target":"https://example.com/"}}'.encode(), 1)
        note.write_text(json.dumps({"links": links}))
    _wait_for_index(installation)


def code_of(number: int) -> str:
    """Return the code of a link, by which clicks may have been made up for it."""
    if not number:
        return HOTTEST
    return f"link{number:06d}" if number <= CLICKED_LINKS else f"b{number:x}"


def _import(installation: Installation, body: bytes, links: int) -> None:
    with closing(HTTPConnection(installation.console, timeout=_TIMEOUT_SECONDS)) as connection:
        headers = {"Content-Type": "application/x-ndjson"}
        connection.request("POST", "/api/v1/links/-/import", body, headers)
        *_, last = connection.getresponse().read().splitlines()
    said = json.loads(last)
    # A run that was broken off has left some.
    if said.get("created", 0) + said.get("unchanged", 0) != links:
        raise ChildFailed(f"of {links:,} links {last.decode()} was said")


def _wait_for_index(installation: Installation) -> None:
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    with closing(HTTPConnection(installation.console, timeout=_TIMEOUT_SECONDS)) as connection:
        while True:
            connection.request("GET", "/api/v1/links?sort=clicks&limit=1")
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                return
            if time.monotonic() > deadline:
                raise ChildFailed("the index of links is not filled: see up.log")
            time.sleep(_LOOK_SECONDS)
