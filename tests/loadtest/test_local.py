import sys

import pytest

from loadtest import local
from loadtest.local import LocalFailed, running
from loadtest.scenario.links import Catalogue


def test_a_hopline_that_ends_at_once_is_told_with_what_it_said(monkeypatch):
    """And stopping what has ended hides none of it."""
    monkeypatch.setattr(local, "HOPLINE", sys.executable)
    with (
        pytest.raises(LocalFailed, match=r"did not start:\n.*can't open file.*up"),
        running(Catalogue("load", hot_count=1, tail_count=0)),
    ):
        pass
