"""`python -m tests.ha`: see `make ha`."""

import json
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.ha.options import Asked, Options, parse
from tests.ha.picture import draw
from tests.ha.report import conclusion, exit_code, figures, label, show
from tests.ha.run import run
from tests.ha.scenarios.table import SCENARIOS
from tests.support.tools import working_folder

_COLUMNS = 110


def main(arguments: Sequence[str] | None = None) -> int:
    """Play all that is asked for, one after the other; return the exit code."""
    texts = {name: scenario.text for name, scenario in SCENARIOS.items()}
    options = parse(arguments, texts, [one.name for one in SCENARIOS.values() if one.is_failover])
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    options.json_path.parent.mkdir(parents=True, exist_ok=True)
    console = Console(width=_COLUMNS)
    runs = []
    with working_folder(options.directory, "hopline-ha-", keep=options.keep) as folder:
        for asked in options.runs:
            runs.append(_run(options, folder, asked))
            show(runs[-1], console)
            options.json_path.write_text(json.dumps({"runs": runs}, indent=2) + "\n")
    console.print(conclusion(runs))
    return exit_code(runs)


def _run(options: Options, folder: Path, asked: Asked) -> dict[str, Any]:
    scenario = SCENARIOS[asked.scenario]
    begun_at = time.monotonic()
    with scenario.set_up(folder / asked.label, asked, options) as testbed:
        outcome = run(testbed, scenario, asked, options)
    said = figures(scenario, asked, outcome, options)
    picture = options.json_path.with_name(f"{options.json_path.stem}-{asked.label}.png")
    draw(outcome, label(said), picture)
    return {**said, "picture": picture.name, "took_seconds": round(time.monotonic() - begun_at, 1)}


if __name__ == "__main__":
    sys.exit(main())
