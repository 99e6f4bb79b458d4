"""What is in the Debian package."""

import re

import pytest

from tests.support.deploy import packages

LOCK = packages.REPOSITORY / "deploy" / "requirements.lock"


def plain(name: str) -> str:
    """Return a distribution's name as it is compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.timeout(300)
def test_every_wheel_is_hoplines_or_named_by_the_lock(package, tmp_path):
    wheels = packages.wheelhouse(package, tmp_path)
    held = {tuple(map(plain, path.name.split("-")[:2])) for path in wheels.glob("*.whl")}
    lines = re.findall(r"^([\w.-]+)==([^\s;]+)", LOCK.read_text(), re.MULTILINE)
    (ours,) = (each for each in held if each[0] == "hopline")
    assert held <= {(plain(name), plain(version)) for name, version in lines} | {ours}
    assert {"falcon", "gunicorn", "gunicorn-h1c", "redis"} <= {name for name, _ in held}
