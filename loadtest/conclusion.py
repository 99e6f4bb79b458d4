"""The end of a run: clicks counted, budget compared, verdict printed, report written."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from loadtest.budget import BUDGETS, GENERATOR, check
from loadtest.clicks import Console, ConsoleFailed, settled_count
from loadtest.environment import environment
from loadtest.figures import Result, as_json, parse_marks
from loadtest.measurements import Measurements
from loadtest.page import render
from loadtest.session import Session
from loadtest.verdict import Count, Generator, Verdict, judge


class Conclusion:
    """Knows the clicks before the run, and draws the conclusion after it."""

    def __init__(self, locust: Any, session: Session, console: Console | None) -> None:
        """Make one for a run that is about to begin.

        Args:
            locust: Locust's Environment.
            console: whom to ask for clicks; None to leave them uncounted.
        """
        self._options = locust.parsed_options
        self._host = locust.host
        self._session = session
        self._console = console
        self._before: dict[str, int] = {}
        self._began = datetime.now(UTC)

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
        self._before = self._console.clicks(codes)

    def draw(
        self, measured: Measurements, busiest: float, troubles: list[str], *, is_complete: bool
    ) -> int:
        """Judge the run, write the report, say what came out; return the exit code."""
        budget = BUDGETS[self._options.budget]
        counted, trouble = self._count(measured)
        generator = Generator(
            due=measured.due,
            unsent=measured.unsent,
            queued=measured.queued,
            late=measured.late,
            loop=measured.loop,
            busiest_share=busiest,
            most_late_ms=budget[GENERATOR].p99_ms or 0.0,
            is_complete=is_complete,
            troubles=(*troubles, *filter(None, (trouble,))),
        )
        lines = check(measured.routes, budget)
        cuts = self._options.cut_connections
        verdict = judge(lines, generator, counted, measured.cut, None if cuts < 0 else cuts)
        result = Result(
            verdict=verdict,
            lines=lines,
            generator=generator,
            counted=counted,
            measured=measured,
            session=self._session,
            began=self._began,
            host=self._host or "",
            marks=parse_marks(self._options.mark),
            environment=environment(self._options.about, self._version()),
        )
        self._write(as_json(result))
        _say(verdict, counted, Path(self._options.report))
        return verdict.exit_code

    def _count(self, measured: Measurements) -> tuple[Count | None, str]:
        if self._console is None:
            return None, ""
        try:
            return (
                settled_count(
                    self._console.clicks,
                    self._before,
                    measured.redirected,
                    measured.unanswered,
                    self._options.settle_seconds,
                ),
                "",
            )
        except ConsoleFailed as error:
            return None, str(error)

    def _version(self) -> str:
        try:
            return self._console.version() if self._console else ""
        except ConsoleFailed:
            return ""

    def _write(self, figures: dict[str, Any]) -> None:
        report = Path(self._options.report)
        report.parent.mkdir(parents=True, exist_ok=True)
        baseline = self._options.baseline
        earlier = json.loads(Path(baseline).read_text()) if baseline else None
        report.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n")
        report.write_text(render(figures, earlier))


def _say(verdict: Verdict, counted: Count | None, report: Path) -> None:
    said = [f"verdict: {verdict.outcome}"]
    said += [f"  broken: {violation}" for violation in verdict.violations]
    said += [f"  in doubt: {doubt}" for doubt in verdict.doubts]
    said.append(f"  clicks: {counted or 'not counted (no --console)'}")
    said.append(f"report: {report}, figures: {report.with_suffix('.json')}")
    print("\n".join(said), flush=True)
