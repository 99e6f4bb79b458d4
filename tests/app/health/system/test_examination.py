from collections.abc import Iterator

from app.config.settings import Settings
from app.health.check import Check, ok
from app.health.system.examination import examine_within


def three(_: Settings) -> Iterator[Check]:
    for name in ("one", "two", "three"):
        yield ok(name, "well")


def test_everything_is_looked_at_in_time() -> None:
    found = examine_within(Settings(), lambda: 0.0, three)
    assert [check.name for check in found] == ["one", "two", "three"]


def test_it_ends_and_says_so_once_it_has_taken_long() -> None:
    times = iter([0.0, 5.0, 9.0])
    found = list(examine_within(Settings(), lambda: next(times), three))
    assert [(check.name, check.state) for check in found] == [
        ("one", "ok"),
        ("two", "ok"),
        ("examination", "warn"),
    ]
    assert "over 8 s" in found[-1].text
