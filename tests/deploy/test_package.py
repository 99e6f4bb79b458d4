"""What is in the Debian package.

It is built here while other tests run: the wheels that it takes an index to get are kept, and are
there already when the packages for a booted machine are built.
"""

import re

import pytest

from tests.support.deploy import packages

LOCK = packages.REPOSITORY / "deploy" / "requirements.lock"


def plain(name: str) -> str:
    """Return a distribution's name as it is compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.timeout(300)
def test_every_wheel_is_hoplines_or_named_by_the_lock(tmp_path):
    wheels = packages.wheelhouse(packages.build(tmp_path), tmp_path / "unpacked")
    held = {tuple(map(plain, path.name.split("-")[:2])) for path in wheels.glob("*.whl")}
    lines = re.findall(r"^([\w.-]+)==([^\s;]+)", LOCK.read_text(), re.MULTILINE)
    (ours,) = (each for each in held if each[0] == "hopline")
    assert held <= {(plain(name), plain(version)) for name, version in lines} | {ours}
    assert {"falcon", "gunicorn", "gunicorn-h1c", "redis"} <= {name for name, _ in held}
