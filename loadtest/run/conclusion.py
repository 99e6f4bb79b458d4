"""Conclusion of a run: clicks counted, budget compared, verdict printed, report written."""

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from loadtest.common.environment import interpreter, processor
from loadtest.common.measurements import Measurements
from loadtest.report import baseline
from loadtest.report.budget import BUDGETS, GENERATOR, check
from loadtest.report.figures import Result, as_json, parse_marks
from loadtest.report.verdict import Count, Generator, Verdict, judge
from loadtest.run.clicks import Console, ConsoleFailed, quiet_count, settled_count
from loadtest.run.locust_run import VERDICT
from loadtest.run.preflight import shown_host
from loadtest.scenario.session import Session

#: Why clicks may have come from elsewhere.
_OTHERS = "somebody else visits the test's links at the same time"


class Conclusion:
    """Knows the clicks before the run, and draws the conclusion after it."""

    def __init__(
        self,
        locust: Any,
        session: Session,
        console: Console | None,
        earlier: baseline.Figures | None,
    ) -> None:
        """Make one for a run that is about to begin.

        Args:
            locust: Locust's Environment.
            console: whom to ask for clicks; None to leave them uncounted.
            earlier: a run to compare with, if any.
        """
        self._options = locust.parsed_options
        self._host = shown_host(locust.host or "")
        self._session = session
        self._console = console
        self._before: dict[str, int] = {}
        self._is_alone = True
        self._began = datetime.now(UTC)
        self._baseline = earlier

    def count_before(self) -> None:
        """Count the clicks that the links have already.

        Raises:
            ConsoleFailed: the console doesn't answer.
        """
        if self._console is None:
            return
        catalogue = self._session.catalogue
        codes = [catalogue.viral(), *catalogue.new(0), *catalogue.hot(), *catalogue.tail()]
        # Of these two no request may ever be a click.
        codes += [*catalogue.expired(), *catalogue.unknown()]
        self._before, self._is_alone = quiet_count(self._console.clicks, codes)

    def draw(
        self,
        measured: Measurements,
        busiest: float,
        troubles: list[str],
        *,
        is_complete: bool,
        strays: str,
    ) -> Verdict:
        """Judge the run, say what came out, write the report; return the verdict.

        Args:
            strays: why there may be visits that no process reported; empty if there are none.
        """
        options = self._options
        budget = BUDGETS[options.budget]
        counted, trouble = self._count(measured)
        generator = Generator(
            measured=measured,
            busiest_share=busiest,
            most_late_ms=budget.limits[GENERATOR].p99_ms or 0.0,
            is_complete=is_complete,
            strays=strays or ("" if self._is_alone else _OTHERS),
            troubles=(*troubles, *filter(None, (trouble,))),
        )
        lines = check(measured.routes, budget)
        cuts = options.cut_connections
        verdict = judge(lines, generator, counted, measured.cut, None if cuts < 0 else cuts)
        result = Result(
            verdict=verdict,
            decides=budget.decides,
            lines=lines,
            generator=generator,
            counted=counted,
            options=options,
            scenarios=self._session.scenarios,
            seconds=self._session.seconds,
            interval_seconds=self._session.interval_seconds,
            began=self._began,
            host=self._host,
            marks=parse_marks(options.mark),
            environment=_environment(options.about, self._version()),
        )
        figures = as_json(result)
        print("\n".join(self._said(figures, counted)), flush=True)
        self._write(figures)
        return verdict

    def _count(self, measured: Measurements) -> tuple[Count | None, str]:
        if self._console is None or not self._before:
            return None, ""
        try:
            counted, is_alone = settled_count(
                self._console.clicks,
                self._before,
                measured.redirected,
                measured.unanswered,
                self._options.settle_seconds,
            )
        except ConsoleFailed as error:
            return None, str(error)
        self._is_alone = self._is_alone and is_alone
        return counted, ""

    def _version(self) -> str:
        try:
            return self._console.version() if self._console else ""
        except ConsoleFailed:
            return ""

    def _write(self, figures: dict[str, Any]) -> None:
        # Not before: matplotlib has no business in a process that keeps a schedule.
        from loadtest.report.page import render  # noqa: PLC0415

        report = Path(self._options.report)
        try:
            report.parent.mkdir(parents=True, exist_ok=True)
            report.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n")
            report.write_text(render(figures, self._baseline))
        except OSError as error:
            print(f"the report could not be written: {error}", flush=True)
        else:
            print(f"report: {report}, figures: {report.with_suffix('.json')}", flush=True)

    def _said(self, figures: dict[str, Any], counted: Count | None) -> list[str]:
        said = [f"{VERDICT}{figures['verdict']}", f"  decided by {figures['decides']}"]
        doubtful = [f"  in doubt: {doubt}" for doubt in figures["doubts"]]
        is_void = figures["verdict"] == "void"
        word = "would be broken" if is_void else "broken"
        broken = [f"  {word}: {violation}" for violation in figures["violations"]]
        said += [*doubtful, *broken] if is_void else [*broken, *doubtful]
        said += [f"  goal missed: {missed}" for missed in figures["missed_goals"]]
        uncounted = "not counted" if self._console else "not counted (no --console)"
        said.append(f"  clicks: {counted or uncounted}")
        if self._baseline and (others := baseline.differences(figures, self._baseline)):
            said.append(f"  not compared with the baseline: {'; '.join(others)}")
        return said


def _environment(about: str, hopline_version: str) -> dict[str, Any]:
    """Describe where the load came from and, as far as it was told, where it went.

    Args:
        about: path of a JSON object with more to say; empty for none.
        hopline_version: what the console says of itself.
    """
    told: dict[str, Any] = json.loads(Path(about).read_text()) if about else {}
    return {
        "Hopline": hopline_version or "unknown (no --console)",
        "Locust": version("locust"),
        "gevent": version("gevent"),
        "Python": interpreter(),
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "load average at the end": ", ".join(f"{load:.2f}" for load in os.getloadavg()),
        **told,
    }
