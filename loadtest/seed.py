"""``python -m loadtest.seed | hopline links import -``: the links that a load test asks for."""

import argparse
import os
import sys

from loadtest.scenario.links import Catalogue, as_csv


def main() -> int:
    """Write the links as CSV."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.seed", description=__doc__)
    parser.add_argument(
        "--links-prefix", default="load", help="what codes start with (default: load)"
    )
    parser.add_argument("--hot-links", type=int, default=50, help="number of them (default: 50)")
    parser.add_argument("--tail-links", type=int, default=300, help="number (default: 300)")
    options = parser.parse_args()
    catalogue = Catalogue(options.links_prefix, options.hot_links, options.tail_links)
    try:
        sys.stdout.write(as_csv(catalogue.rows()))
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has gone; Python would complain once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
