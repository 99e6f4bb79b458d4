import sys

import pytest

from app.processes.child import ChildFailed
from loadtest.common import hopline
from loadtest.local import running
from loadtest.scenario.links import Catalogue


def test_a_hopline_that_ends_at_once_is_told_with_what_it_said(monkeypatch):
    """And stopping what has ended hides none of it."""
    monkeypatch.setattr(hopline, "HOPLINE", sys.executable)
    with (
        pytest.raises(ChildFailed, match=r"(?s)up ended with exit code 2;.*can't open file"),
        running(Catalogue("load", hot_count=1, tail_count=0)),
    ):
        pass
