"""``python -m loadtest.bench_console``: the console's pages over many clicks, held to targets."""

import argparse
import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser

from app.processes.child import ChildFailed
from loadtest.bench.load.closed_loop import LoadFailed
from loadtest.bench.load.requests import HEADERS
from loadtest.bench_console.browser import open_overview, seen_in_overview, with_chromium
from loadtest.bench_console.pages import ask_pages
from loadtest.bench_console.results import Results
from loadtest.bench_console.store import PROBE, fill_clicks, fill_links
from loadtest.bench_console.tables import pages_table
from loadtest.bench_console.visitors import visit
from loadtest.bench_console.watchers import seen_live
from loadtest.bench_reports.installation import Installation, running_installation
from loadtest.bench_reports.kept import NotKept
from loadtest.common.command_line import Say, add_count, add_output, speaker, terminal
from loadtest.common.targets import targets_table

_NO_LIMIT = 1_000_000_000
_CLICK_SECONDS = 60.0


def main() -> int:
    """Measure, print, write; return the exit code: 0 done, 1 failed, 2 wrong usage."""
    options = _parsed()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    say = speaker()
    limits = {f"console_{kind}_per_minute": _NO_LIMIT for kind in ("reads", "reports", "writes")}
    try:
        with _folder(options) as folder:
            fill_clicks(folder, options.clicks)
            with running_installation(folder, **limits) as installation:
                fill_links(installation, folder, options.links, say)
                if options.only_fill:
                    return 0
                installation.wait_for_consumers()
                results = _measure(options, installation, folder, say)
    except (ChildFailed, LoadFailed, NotKept, RuntimeError) as error:
        print(f"bench-console: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    terminal().print(pages_table(results))
    terminal().print(targets_table(results.targets()))
    options.output.mkdir(parents=True, exist_ok=True)
    figures = options.output / "bench-console.json"
    figures.write_text(json.dumps(results.as_json(), indent=1, ensure_ascii=False) + "\n")
    print(f"raw figures: {figures}")
    return 0


def _measure(
    options: argparse.Namespace, installation: Installation, folder: Path, say: Say
) -> Results:
    results = Results(options.clicks, options.links)
    click, url = _clicker(installation), f"http://{installation.console}/"

    def browse(browser: Browser) -> None:
        results.opened = open_overview(browser, url, options.openings)
        say("the overview was opened")
        results.overview_seconds = seen_in_overview(browser, url, click, options.seen)
        say("clicks were seen in it")

    results.asked = ask_pages(installation, options.links, options.repeats, say)
    with_chromium(browse)
    results.live_seconds = seen_live(installation.console, PROBE, click, options.seen)
    say("clicks were seen live")
    results.visited = visit(installation, folder, options.streams, options.seconds, say)
    return results


def _clicker(installation: Installation) -> Callable[[], None]:
    """Return what follows the link that nobody else follows, as a person's browser does."""

    def click() -> None:
        connection = HTTPConnection(installation.redirect, timeout=_CLICK_SECONDS)
        try:
            connection.request("GET", f"/{PROBE}", headers=HEADERS)
            status = connection.getresponse().status
        finally:
            connection.close()
        if status != 302:
            raise ChildFailed(f"/{PROBE} is answered by {status}")

    return click


@contextmanager
def _folder(options: argparse.Namespace) -> Iterator[Path]:
    """Yield the folder that is kept, or one that is gone afterwards."""
    if options.keep:
        yield options.keep.resolve()
        return
    with TemporaryDirectory(prefix="hopline-bench-console-", dir=options.directory) as name:
        yield Path(name) / "store"


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.bench_console",
        description="Measure the console's pages over generated clicks and imported links, on this"
        " machine: server time, a real Chromium, clicks that are seen, and visitors beside those"
        " who watch live.",
    )
    add_count(parser, "--clicks", 20_000_000, "how many ClickHouse makes up")
    add_count(parser, "--links", 1_000_000, "how many are imported")
    add_count(parser, "--repeats", 60, "how often each page is asked for")
    add_count(parser, "--openings", 10, "how often Chromium opens the overview")
    add_count(parser, "--seen", 50, "clicks that are waited for on Live, and as many in Overview")
    add_count(parser, "--streams", 200, "open Live pages")
    add_count(parser, "--seconds", 8, "of each of the eight runs of redirects")
    add_output(parser, "bench-console.json")
    parser.add_argument("--directory", type=Path, help="where the disk has room (default: TMPDIR)")
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="folder that stays: a run with the same clicks and links measures it again",
    )
    parser.add_argument(
        "--only-fill", action="store_true", help="end once it is filled (only with --keep)"
    )
    options = parser.parse_args()
    if options.only_fill and not options.keep:
        parser.error("--only-fill leaves nothing without --keep DIR")
    return options


if __name__ == "__main__":
    sys.exit(main())
