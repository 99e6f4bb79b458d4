"""Library in C that LD_PRELOAD loads into the processes under test."""

import os
import subprocess
from pathlib import Path


def compile_library(source: Path, directory: Path) -> Path:
    """Compile a source into a directory; return the library.

    Raises:
        subprocess.CalledProcessError, OSError: the C compiler fails, or there is none.
    """
    library = directory / f"{source.stem}.so"
    compiler = os.environ.get("CC", "gcc")
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library
