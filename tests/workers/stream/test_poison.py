import pytest

from app.clicks.entry import Entry
from workers.stream.poison import SUSPECTS_AT_ONCE, is_poison


@pytest.mark.parametrize("max_deliveries", [1, 5, 6, 9])
def test_only_who_was_alone_and_delivered_too_often_is_poison(max_deliveries):
    alone_since = len(SUSPECTS_AT_ONCE) + 1
    assert SUSPECTS_AT_ONCE[-1] == 1
    poison = [
        count for count in range(1, 20) if is_poison(Entry(b"1-0", [], count), max_deliveries)
    ]
    assert poison == list(range(max(alone_since, max_deliveries) + 1, 20))
