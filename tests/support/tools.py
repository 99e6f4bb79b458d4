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
    """Run a tool as make does; return its exit code, its figures and what it wrote."""
    figures = folder / "figures.json"
    command = [sys.executable, "-m", module, "--json", figures, *arguments]
    done = subprocess.run(
        [*map(str, command), "--directory", str(folder / "stage")],
        env={name: text for name, text in os.environ.items() if not is_ours(name)},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    output = done.stdout + done.stderr
    assert figures.exists(), output
    return done.returncode, json.loads(figures.read_text()), output
