"""Options that a run takes, on the command line and in Locust's web UI."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from loadtest.report.budget import BUDGETS
from loadtest.report.figures import parse_marks
from loadtest.scenario.shapes import SHAPES

#: Options that say where files are or how to run a command, which a browser must not set.
_NOT_IN_THE_WEB = {"include_in_web_ui": False}


def add_options(parser: ArgumentParser) -> None:
    """Add ours to Locust's.

    Of Locust's own, -u (users) is the number of connections, -r how many of them are opened a
    second and -t the length of the judged run.
    """
    _add_load(parser)
    _add_links(parser)
    _add_judgement(parser)
    _add_results(parser)


def _add_load(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--rate", type=float, default=300, help="Requests a second that are due, all scenarios.")
    add(
        "--seconds",
        type=float,
        default=0,
        help="Length of the judged run; 0 takes the shape's own (60 for steady). So does -t.",
    )
    add(
        "--warm-up",
        type=float,
        default=3,
        help="Seconds of load before it, whose latencies are not judged; its clicks are counted.",
    )
    add(
        "--load-shape",
        choices=sorted(SHAPES),
        default="steady",
        help="How the rate goes over the run: loadtest/scenario/shapes.py.",
    )
    add(
        "--arrivals",
        choices=("poisson", "constant"),
        default="poisson",
        help="Gaps between requests: random, as visitors come, or all alike.",
    )
    add(
        "--connections",
        type=int,
        default=64,
        help="Connections kept open, shared out over the scenarios; each is one of Locust's users,"
        " and -u says the same.",
        **_NOT_IN_THE_WEB,
    )
    add("--random-seed", type=int, default=1, help="The same one gives the same arrivals.")


def _add_links(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--links-prefix", default="load", help="What the codes of the test's links start with.")
    add("--hot-links", type=int, default=50, help="Links that most visits go to.")
    add("--tail-links", type=int, default=300, help="Links visited now and then.")
    add(
        "--new-links-command",
        default="",
        help="Command that reads CSV for `hopline links import -` and makes links during the run;"
        " none appear without it. It has a minute each time, and no terminal to ask anything. Over"
        " ssh: 'ssh HOST hopline links import -'.",
        **_NOT_IN_THE_WEB,
    )
    add("--new-links-every", type=float, default=10, help="Seconds between new links.")
    add(
        "--prime",
        action="store_true",
        help="Ask by HEAD for every hot link on every connection first, so that each redirect"
        " worker knows them: for runs in which Redis goes away.",
    )


def _add_judgement(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--budget",
        choices=sorted(BUDGETS),
        default="default",
        help="Which table of loadtest/report/budget.py is held against the run.",
    )
    add(
        "--cut-connections",
        type=int,
        default=0,
        help="How many connections may end before an answer, as when a worker is killed; -1 for"
        " any. Each is asked again, and that answer has to keep the budget.",
    )
    add(
        "--console",
        default="",
        help="The console's URL, to compare redirects with clicks; they are not compared"
        " without it. A token is read from HOPLINE_CONSOLE_TOKEN.",
        **_NOT_IN_THE_WEB,
    )
    add(
        "--settle-seconds",
        type=float,
        default=60,
        help="How long clicks are waited for after the run before they count as lost.",
    )


def _add_results(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--report",
        default="build/loadtest.html",
        help="Where the report is written; the figures go beside it, as .json.",
        **_NOT_IN_THE_WEB,
    )
    add(
        "--baseline",
        default="",
        help="Figures (.json) of an earlier run with the same load, to be shown beside this one's.",
        **_NOT_IN_THE_WEB,
    )
    add("--title", default="", help="What the report says was tested.")
    add(
        "--mark",
        action="append",
        default=[],
        metavar="FROM-TO:TEXT",
        help="A stretch of the run, in seconds after the warm-up, to be shown in the report;"
        " can be given again.",
        **_NOT_IN_THE_WEB,
    )
    add(
        "--about",
        default="",
        help="JSON file about the installation (versions, settings), shown in the report.",
        **_NOT_IN_THE_WEB,
    )


def take_common(options: Any) -> None:
    """Take what Locust calls users and run time for the number of connections and the length."""
    options.connections = options.num_users
    if options.run_time:
        options.seconds = float(options.run_time)
        # Once taken, a length that is typed in the web UI later counts.
        options.run_time = None


def complaint(options: Any) -> str:
    """Return what of the options can't be, named as it is typed; an empty text if all can."""
    if options.tags or options.exclude_tags:
        return "--tags picks no scenario: each is a class, name classes at the end"
    if not options.report.endswith(".html"):
        return "--report has to end in .html: the figures go beside it, as .json"
    if options.console and not _is_console(options.console):
        return "--console has to be a URL: http://HOST:PORT, without a user in it"
    return _wrong_number(options) or _unreadable(options)


def _wrong_number(options: Any) -> str:
    for name in ("rate", "connections", "hot_links", "new_links_every"):
        if not getattr(options, name) > 0:
            return f"--{name.replace('_', '-')} has to be more than 0"
    for name in ("seconds", "warm_up", "tail_links", "settle_seconds"):
        if not getattr(options, name) >= 0:
            return f"--{name.replace('_', '-')} has to be 0 or more"
    return ""


def _is_console(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_port = parts.port != 0
    except ValueError:
        return False
    is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    return is_web and has_port and "@" not in url


def _unreadable(options: Any) -> str:
    """Return what could not be read at the end of a run, which is too late to say so."""
    try:
        parse_marks(options.mark)
        if options.about:
            json.loads(Path(options.about).read_text())
    except OSError as error:
        return f"--about {options.about}: {error.strerror}"
    except ValueError as error:
        return f"--mark or --about: {error}"
    return ""
