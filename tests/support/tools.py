"""Tools of the tests, `make chaos` and `make ha`: where one works, and how a test runs one."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.up_process import is_ours


@contextmanager
def working_folder(given: Path | None, prefix: str, *, keep: bool) -> Iterator[Path]:
    """Yield the folder that was given, or a new one; it is removed unless it is to be kept."""
    folder = given or Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def run_tool(
    module: str, folder: Path, *arguments: object, seconds: float
) -> tuple[int, dict[str, Any], str]:
    """Run a tool as make does; return its exit code, its figures and what it wrote.

    Args:
        seconds: after which it is killed, and the test fails with what it wrote by then.
    """
    figures, log = folder / "figures.json", folder / "tool.log"
    command = [sys.executable, "-m", module, "--json", figures, *arguments]
    environ = {name: text for name, text in os.environ.items() if not is_ours(name)}
    try:
        with log.open("w") as written:
            done = subprocess.run(
                [*map(str, command), "--directory", str(folder / "stage")],
                env={**environ, "PYTHONUNBUFFERED": "1"},
                stdout=written,
                stderr=subprocess.STDOUT,
                timeout=seconds,
                check=False,
            )
    except subprocess.TimeoutExpired:
        raise AssertionError(f"not at its end after {seconds} s:\n{log.read_text()}") from None
    output = log.read_text()
    assert figures.exists(), output
    return done.returncode, json.loads(figures.read_text()), output
