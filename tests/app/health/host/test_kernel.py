import pytest

from app.health.check import State
from app.health.host.kernel import judge_backlog, judge_huge_pages, judge_overcommit, kernel_checks


@pytest.mark.parametrize(("somaxconn", "state"), [(128, "warn"), (1024, "ok"), (4096, "ok")])
def test_a_short_queue_of_connections_is_told(somaxconn: int, state: State) -> None:
    assert judge_backlog(somaxconn).state == state


@pytest.mark.parametrize(
    ("value", "state"), [("0", "warn"), ("2", "warn"), ("1", "ok"), ("", "ok")]
)
def test_redis_must_be_able_to_fork(value: str, state: State) -> None:
    assert judge_overcommit(value).state == state


@pytest.mark.parametrize(
    ("enabled", "state"),
    [
        ("[always] madvise never", "warn"),
        ("always [madvise] never", "ok"),
        ("always madvise [never]", "ok"),
        ("", "ok"),
    ],
)
def test_huge_pages_may_not_be_forced_on_redis(enabled: str, state: State) -> None:
    assert judge_huge_pages(enabled).state == state


def test_what_redis_needs_is_only_asked_where_it_runs() -> None:
    assert [check.name for check in kernel_checks(has_redis=False)] == ["kernel backlog"]
    assert len(list(kernel_checks(has_redis=True))) == 3
