"""The Go peer: one file of the standard library, built for each run (Go caches the parts)."""

import subprocess
from pathlib import Path

from loadtest.bench.servers import PEERS


class BuildFailed(Exception):
    """The compiler refused; the text is its own."""


def built(directory: Path) -> Path:
    """Compile the peer into a folder and return the program.

    Raises:
        BuildFailed: when the compiler refuses.
    """
    program = directory / "peer"
    argv = ["go", "build", "-o", str(program), str(PEERS / "go" / "main.go")]
    try:
        subprocess.run(argv, cwd=directory, capture_output=True, text=True, check=True)
    except subprocess.CalledProcessError as error:
        raise BuildFailed(f"go build failed: {error.stderr.strip()}") from None
    return program
