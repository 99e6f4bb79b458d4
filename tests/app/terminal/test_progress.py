from collections.abc import Iterator

import pytest

from app.terminal.progress import counted, describe
from tests.support.redirect.fakes import FakeClock


@pytest.mark.parametrize(
    ("total", "share", "seconds", "text"),
    [
        (None, None, 60, "5,000 links"),
        (20_000, 0.25, 60, "5,000 of 20,000 links, 25 %, 3 min left"),
        (20_000, 0.25, 10, "5,000 of 20,000 links, 25 %, 30 s left"),
        (None, 0.01, 400, "5,000 links, 1 %, 11.0 h left"),
        (None, 0.0, 60, "5,000 links"),
        (4_000, 1.25, 60, "5,000 of 4,000 links, 100 %, 0 s left"),
    ],
)
def test_share_and_time_left_are_said_where_they_are_known(
    total: int | None, share: float | None, seconds: float, text: str
) -> None:
    assert describe(5_000, "links", total, share, seconds) == text


class Work:
    """Items that take ten seconds each."""

    def __init__(self, count: int) -> None:
        self.clock = FakeClock()
        self._count = count

    def __iter__(self) -> Iterator[int]:
        for number in range(self._count):
            self.clock.now += 10
            yield number


def test_a_log_gets_a_line_each_half_minute(capsys: pytest.CaptureFixture[str]) -> None:
    work = Work(8)
    assert list(counted(work, "links", total=8, clock=work.clock)) == list(range(8))
    assert capsys.readouterr().err.splitlines() == [
        "hopline: 2 of 8 links, 25 %, 90 s left",
        "hopline: 5 of 8 links, 62 %, 36 s left",
    ]


def test_what_is_done_at_once_says_nothing_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(counted(range(5), "links", total=5)) == list(range(5))
    assert capsys.readouterr().err == ""


def test_without_a_total_the_share_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    work, shares = Work(6), [0.5, None]
    assert len(list(counted(work, "rows", share=lambda: shares.pop(0), clock=work.clock))) == 6
    assert capsys.readouterr().err.splitlines() == [
        "hopline: 2 rows, 50 %, 30 s left",
        "hopline: 5 rows",
    ]
