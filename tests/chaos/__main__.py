"""`python -m tests.chaos`: see `make chaos`."""

import json
import logging
import sys
from collections.abc import Sequence

from rich.console import Console

from tests.chaos.faults.plan import make_plan
from tests.chaos.faults.table import FAULTS, PAIRS
from tests.chaos.options import parse
from tests.chaos.report import figures, show
from tests.chaos.run import run
from tests.chaos.testbed.testbed import Testbed
from tests.support.tools import working_folder

_COLUMNS = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run once; return the exit code."""
    options = parse(arguments)
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    kinds = [FAULTS[name].kind for name in options.kinds]
    lasting = FAULTS[options.lasting].kind if options.lasting else None
    plan = make_plan(kinds, options.seed, options.seconds, options.every_seconds, PAIRS, lasting)
    with (
        working_folder(options.directory, "hopline-chaos-", keep=options.keep) as folder,
        Testbed(folder, options.store, options.workers, options.maxlen, options.shards) as testbed,
    ):
        outcome = run(testbed, plan, options.rate, options.settle_seconds)
    said = figures(options, outcome)
    options.json_path.parent.mkdir(parents=True, exist_ok=True)
    options.json_path.write_text(json.dumps(said, indent=2) + "\n")
    show(said, options, Console(width=_COLUMNS))
    return 0 if said["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
