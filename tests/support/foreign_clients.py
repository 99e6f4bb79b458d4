"""Clients of other shorteners that others wrote, as they are published, and never changed.

What they need may contradict what we need, so they stand in a folder of their own.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

#: Packages of PyPI and what they import beside requests, which the tests have anyway.
_YOURLS = (
    *("yourls==1.2.3", "pyourls3==1.0.1"),
    *("represent==2.2.0", "Logbook==1.10.1", "six==1.17.0"),
)


def yourls_clients(cache_dir: Path) -> Path:
    """Return the folder that clients of YOURLS are imported from, filled if it isn't there."""
    folder = cache_dir / "foreign-yourls-1"
    if not folder.exists():
        cache_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".foreign-", dir=cache_dir) as name:
            ready = Path(name) / "ready"
            install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
            subprocess.run([*install, "--target", ready, *_YOURLS], check=True, timeout=200)
            try:
                ready.rename(folder)
            except OSError:
                # Another process was faster.
                assert folder.exists()
    return folder
