"""`python -m tests.ha`: see `make ha`."""

import itertools
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.ha.options import Options, parse
from tests.ha.picture import draw
from tests.ha.report import conclusion, figures, show
from tests.ha.run import run
from tests.ha.scenarios.scenario import SCENARIOS
from tests.ha.testbed.testbed import Testbed
from tests.support.tools import working_folder

_COLUMNS = 110


def main(arguments: Sequence[str] | None = None) -> int:
    """Play all that is asked for, one after the other; return the exit code."""
    options = parse(arguments)
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    options.json_path.parent.mkdir(parents=True, exist_ok=True)
    console = Console(width=_COLUMNS)
    runs = []
    with working_folder(options.directory, "hopline-ha-", keep=options.keep) as folder:
        for asked in itertools.product(
            options.stores, options.down_after_seconds, options.scenarios
        ):
            runs.append(_run(options, folder, *asked))
            show(runs[-1], console)
            options.json_path.write_text(json.dumps({"runs": runs}, indent=2) + "\n")
    console.print(conclusion(runs))
    return 0 if all(run["passed"] for run in runs) else 1


def _run(
    options: Options, folder: Path, store: str, down_after_seconds: float, name: str
) -> dict[str, Any]:
    label = f"{name}-{store}-{down_after_seconds:g}s"
    scenario = SCENARIOS[name]
    with Testbed(folder / label, store, down_after_seconds, options) as testbed:
        outcome = run(testbed, scenario, down_after_seconds, options)
    picture = options.json_path.with_name(f"{options.json_path.stem}-{label}.png")
    said = figures(scenario, down_after_seconds, outcome, options)
    title = f"{scenario.text} · {outcome.store} · down after {down_after_seconds:g} s"
    draw(outcome, title, picture)
    return {**said, "picture": picture.name}


if __name__ == "__main__":
    sys.exit(main())
