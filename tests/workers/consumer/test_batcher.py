import pytest
from prometheus_client import CollectorRegistry

from app.clicks.click import to_fields
from app.clicks.entry import Entry
from app.metrics.workers import WorkerMetrics
from tests.support.producers import make_click
from tests.support.workers.rows import plain_row, rows_of
from workers.consumer.batcher import Batcher, BatchSize
from workers.consumer.circuit_breaker import Breaker
from workers.consumer.processor import Processor
from workers.consumer.source import FetchedBatch
from workers.stream.lease import BatchRecord

SIZE = BatchSize(rows=10, seconds=1.0)


class Enricher:
    def __init__(self):
        self.columns = {}

    def enrich(self, clicks, now_ms):
        return rows_of(*(plain_row(click_id=one, **self.columns) for one in clicks.click_ids))


@pytest.fixture
def now():
    return [1000.0]


@pytest.fixture
def enricher():
    return Enricher()


@pytest.fixture
def handed_on():
    return []


@pytest.fixture
def batcher(now, enricher, handed_on):
    metrics = WorkerMetrics(CollectorRegistry())
    breaker = Breaker(0.5, metrics, lambda: now[0])
    processor = Processor(enricher.enrich, 5)

    def submit(batch, record):
        handed_on.append((batch, record))

    return Batcher(None, processor, breaker, SIZE, submit, lambda: now[0])


def entries(count: int) -> list[Entry]:
    flats = (to_fields(make_click()).items() for _ in range(count))
    return [
        Entry(b"%d-0" % number, [text.encode() for pair in flat for text in pair])
        for number, flat in enumerate(flats)
    ]


def test_nothing_at_hand_is_never_due(batcher, now):
    now[0] += 1e9
    assert not batcher.is_due
    assert batcher.seconds_left() == float("inf")


def test_a_batch_is_due_at_the_age_of_its_oldest_row(batcher, now):
    assert batcher.submit(FetchedBatch(entries(1)))
    now[0] += 0.6
    assert batcher.submit(FetchedBatch(entries(1)))
    assert batcher.seconds_left() == pytest.approx(0.4)
    assert not batcher.is_due
    now[0] += 0.5
    assert batcher.is_due


def test_a_large_batch_is_due_at_once(batcher):
    assert batcher.submit(FetchedBatch(entries(10)))
    assert batcher.is_due


def test_batches_follow_each_other_at_most_once_in_their_time_however_large(
    batcher, now, handed_on
):
    assert batcher.submit(FetchedBatch(entries(10)))
    batcher.flush()
    assert len(handed_on.pop()[0]) == 10
    now[0] += 0.3
    assert batcher.submit(FetchedBatch(entries(20)))
    assert not batcher.is_due
    assert batcher.seconds_left() == pytest.approx(0.7)
    now[0] += 0.8
    assert batcher.is_due


def test_a_batch_that_fills_the_memory_is_due_at_once(batcher):
    assert batcher.submit(FetchedBatch(entries(10)))
    batcher.flush()
    assert batcher.submit(FetchedBatch(entries(79)))
    assert not batcher.is_full
    assert batcher.submit(FetchedBatch(entries(1)))
    assert batcher.is_full
    assert batcher.is_due


def test_a_batch_apart_is_not_mixed_with_the_others(batcher, handed_on):
    assert batcher.submit(FetchedBatch(entries(3)))
    record = BatchRecord("token@dead", 1, [])
    assert batcher.submit(FetchedBatch(entries(2), True, record, [entries(1)]))
    assert [(len(batch), batch.is_retry, given) for batch, given in handed_on] == [
        (3, False, None),
        (3, True, record),
    ]
    assert not len(batcher)


@pytest.mark.parametrize(
    ("rows", "most"), [(10, 80), (5_000, 40_000), (10_000, 75_000), (80_000, 80_000)]
)
def test_no_backlog_makes_batches_larger_than_the_memory_allows(rows, most):
    assert BatchSize(rows, 1.0).most_rows == most


def test_a_batch_of_long_texts_is_full_before_it_has_many_rows(batcher, enricher, now):
    enricher.columns = {"user_agent": bytes(8192), "target": bytes(8192), "referrer": bytes(8192)}
    batcher._size = BatchSize(rows=75_000, seconds=1.0)
    while not batcher.is_full:
        assert batcher.submit(FetchedBatch(entries(100)))
    assert 2_000 < len(batcher) < 3_000
    assert batcher.is_due
    batcher.flush()
    assert not batcher.is_full


def test_a_click_that_is_sent_again_and_again_fills_a_batch(batcher):
    (one,) = entries(1)
    again = [one._replace(entry_id=b"%d-0" % number) for number in range(SIZE.most_rows)]
    assert batcher.submit(FetchedBatch(again))
    assert len(batcher) == 1
    assert batcher.is_full
