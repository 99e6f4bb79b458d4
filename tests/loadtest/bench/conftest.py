import shutil

import pytest

from tests.conftest import missing


@pytest.fixture
def wrk() -> str:
    """The load generator."""
    return shutil.which("wrk") or missing("wrk")
