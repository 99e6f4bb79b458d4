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
from tests.ha.report import broken_off, conclusion, exit_code, figures, label, show
from tests.ha.run import run
from tests.ha.scenarios.table import SCENARIOS
from tests.support.tools import working_folder

logger = logging.getLogger(__name__)

_COLUMNS = 110


def main(arguments: Sequence[str] | None = None) -> int:
    """Play all that is asked for, one after the other; return the exit code."""
    options = parse(
        arguments,
        {name: scenario.text for name, scenario in SCENARIOS.items()},
        failovers=[name for name, scenario in SCENARIOS.items() if scenario.is_failover],
        further=[name for name, scenario in SCENARIOS.items() if not scenario.is_usual],
    )
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    # It would tell of each replica that is away, in twenty lines, whenever that is asked.
    logging.getLogger("clickhouse_driver").setLevel(logging.CRITICAL)
    options.json_path.parent.mkdir(parents=True, exist_ok=True)
    console = Console(width=_COLUMNS)
    runs = []
    with working_folder(options.directory, "hopline-ha-", keep=options.keep) as folder:
        for asked in options.runs:
            try:
                runs.append(_run(options, folder, asked))
            except Exception as error:
                logger.exception("%s broke off", asked.label)
                runs.append(broken_off(asked, error))
            else:
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
