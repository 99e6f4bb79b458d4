"""``python -m loadtest``: a local Hopline under load, and the verdict; `make loadtest` runs it."""

import argparse
import json
import shlex
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from app.processes.child import ChildFailed
from loadtest import self_check
from loadtest.common.hopline import HOPLINE
from loadtest.faults.table import BEGINS_AT, FAULTS, KNOWN_LINKS, Fault, commit
from loadtest.local import Local, LocalFailed, running
from loadtest.report.budget import BUDGETS, EVERY_REDIRECT
from loadtest.report.verdict import EXIT_CODES, Outcome
from loadtest.run.locust_run import LocustRun
from loadtest.scenario.links import Catalogue
from loadtest.scenario.shapes import SHAPES

_CATALOGUE = Catalogue("load", hot_count=50, tail_count=100)
#: So few that every redirect worker knows them all before the fault.
_FAULT_CATALOGUE = Catalogue("load", hot_count=20, tail_count=0)
#: A fault's clicks may have to wait for a claim of a dead consumer's entries: a minute.
_FAULT_SETTLE_SECONDS = 180
_OUTCOMES = {code: outcome for outcome, code in EXIT_CODES.items()}


def main() -> int:
    """Run what is asked for; return the exit code: 0 met, 1 broken, 3 void, 2 wrong usage."""
    options = _parsed()
    # So that Hopline is stopped on the way out, as with Ctrl-C.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(EXIT_CODES["void"]))
    try:
        if options.self_check:
            return self_check.run(options.report.parent, _say)
        if options.faults:
            return _run_faults(options)
        return _run_once(options)
    except (ChildFailed, LocalFailed) as error:
        print(f"loadtest: {error}", file=sys.stderr)
    except OSError as error:
        print(f"loadtest: {error.filename or 'a file'}: {error.strerror}", file=sys.stderr)
    except KeyboardInterrupt:
        print("loadtest: stopped", file=sys.stderr)
    return EXIT_CODES["void"]


def _run_once(options: argparse.Namespace) -> int:
    with running(_CATALOGUE) as local, tempfile.TemporaryDirectory() as directory:
        run = LocustRun(
            local.url,
            options.report,
            options.seconds or SHAPES[options.load_shape].seconds,
            {
                **_common(options, local, Path(directory)),
                "hot_links": len(_CATALOGUE.hot()),
                "tail_links": len(_CATALOGUE.tail()),
                "load_shape": options.load_shape,
                "budget": options.budget,
                "baseline": options.baseline,
                "new_links_command": _new_links_command(local),
                "title": "Hopline under load",
            },
        )
        _say(f"{options.rate:g} requests a second on {local.url} for {run.seconds:g} s")
        return run.run(_say, None)


def _run_faults(options: argparse.Namespace) -> int:
    chosen = FAULTS if options.faults == "all" else {options.faults: FAULTS[options.faults]}
    outcomes = {}
    with tempfile.TemporaryDirectory() as directory:
        for name, fault in chosen.items():
            # Each on a Hopline of its own, so that none has to pay for another.
            with running(_FAULT_CATALOGUE) as local:
                outcomes[name] = _run_fault(name, fault, local, options, Path(directory))
    summary = options.report.with_name("loadtest-faults.json")
    summary.parent.mkdir(parents=True, exist_ok=True)
    summary.write_text(json.dumps(outcomes, indent=1) + "\n")
    for name, outcome in outcomes.items():
        _say(f"{outcome['verdict']:7} {FAULTS[name].name}: {outcome['sentence']}")
    _say(f"figures: {summary}")
    verdicts = {outcome["verdict"] for outcome in outcomes.values()}
    order: tuple[Outcome, ...] = ("broken", "void", "met")
    worst = next(each for each in order if each in verdicts)
    return EXIT_CODES[worst]


def _run_fault(
    name: str, fault: Fault, local: Local, options: argparse.Namespace, directory: Path
) -> dict[str, Any]:
    _say(f"{fault.name}: {options.rate:g} requests a second for {fault.run_seconds:g} s")
    run = LocustRun(
        local.url,
        options.report.with_name(f"loadtest-fault-{name}.html"),
        fault.run_seconds,
        {
            **_common(options, local, directory),
            "budget": "faults",
            "cut_connections": -1 if fault.most_cut is None else fault.most_cut,
            "hot_links": len(_FAULT_CATALOGUE.hot()),
            "tail_links": 0,
            "prime": True,
            "settle_seconds": _FAULT_SETTLE_SECONDS,
            "mark": fault.mark,
            "title": fault.name,
        },
        KNOWN_LINKS,
    )
    done: list[int] = []
    run.forget()
    code = run.run(_say, (BEGINS_AT, lambda: done.append(commit(fault, local.process))))
    if not done:
        raise LocalFailed(f"{fault.name}: it was not done")
    if code not in _OUTCOMES:
        raise LocalFailed(f"{fault.name}: Locust ended with exit code {code}")
    return {"verdict": _OUTCOMES[code], "sentence": _sentence(run.figures())}


def _sentence(figures: dict[str, Any]) -> str:
    every = figures["routes"][EVERY_REDIRECT]
    errors = sum(every["errors"].values())
    latency = every["latency_ms"]
    return (
        f"p99.9 {latency['99.9']:.1f} ms, slowest {latency['100']:.1f} ms, {errors} errors,"
        f" {figures['cut_connections']} cut connections; {figures['count']['sentence']}"
    )


def _common(options: argparse.Namespace, local: Local, directory: Path) -> dict[str, Any]:
    about = directory / "about.json"
    about.write_text(json.dumps(local.about()))
    return {
        "rate": options.rate,
        "warm_up": options.warm_up,
        "console": local.console,
        "about": about,
    }


def _new_links_command(local: Local) -> str:
    """Return a command that makes links, at the lowest priority: it stands for someone else's."""
    variables = [f"{name}={value}" for name, value in local.environ.items() if "HOPLINE_" in name]
    nice = ["nice", "-n", "19"] if shutil.which("nice") else []
    return shlex.join([*nice, "env", *variables, HOPLINE, "links", "import", "-"])


def _say(text: str) -> None:
    print(text, flush=True)


def _parsed() -> argparse.Namespace:
    """Read the command line; ends the process with exit code 2 if it can't be."""
    parser = _options()
    options = parser.parse_args()
    if options.faults:
        if options.report.suffix != ".html":
            options.report /= "loadtest.html"
        own = ("seconds", "load_shape", "budget", "baseline")
        if any(getattr(options, name) != parser.get_default(name) for name in own):
            parser.error("--faults has a length, a shape and a budget of its own, and no baseline")
    elif options.report.suffix != ".html":
        parser.error("--report has to end in .html: the figures go beside it, as .json")
    return options


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest",
        description="Start a Hopline on free ports, put it under load and judge it. For a Hopline"
        " that runs elsewhere: locust -f loadtest/locustfile.py, see docs/load-testing.md.",
    )
    add = parser.add_argument
    add("--rate", type=float, default=300, help="requests a second (default: 300)")
    add("--seconds", type=float, default=0, help="length of the judged run (default: the shape's)")
    add("--warm-up", type=float, default=5, help="seconds of load before it (default: 5)")
    add("--load-shape", choices=sorted(SHAPES), default="steady", help="how the rate goes")
    add("--budget", choices=sorted(BUDGETS), default="default", help="which budget is held")
    add("--baseline", default="", help="figures (.json) of an earlier run, to compare with")
    add(
        "--faults",
        nargs="?",
        const="all",
        choices=("all", *FAULTS),
        help="break something under load: one of loadtest/faults/table.py, or all in turn",
    )
    add(
        "--self-check",
        action="store_true",
        help="see that known latency is measured, and that a stall of 1 s shows in p99.9",
    )
    add(
        "--report",
        type=Path,
        default=Path("build/loadtest.html"),
        help="where the report is written (.html), figures beside it; with --faults a folder for"
        " one of each, or a report in it (default: build/loadtest.html)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
