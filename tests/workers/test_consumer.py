import signal
import time
from collections.abc import Callable

import pytest
from redis import Redis

from app.click import to_fields
from app.clickhouse import ClickHouseRefused, ClickHouseUnavailable, connect
from app.dead_letter import Fault, to_letter
from app.dead_letters import Choice, open_dead_letters
from app.redis import RedisUnavailable
from tests.producers import STREAM, make_click, send, send_clicks
from tests.worker_processes import wait_until
from workers.boot import consumer_name, make_consumer
from workers.signals import Stop

GROUP = "analytics-group"
GIVE_UP_SECONDS = 30.0


class SignalWhen:
    """A signal that comes once a condition holds; it fails the test when that takes too long."""

    def __init__(self, condition: Callable[[], bool]) -> None:
        self._condition = condition
        self._give_up_at = time.monotonic() + GIVE_UP_SECONDS
        self._came = False

    def take(self) -> list[signal.Signals]:
        self._came = self._came or self._condition()
        assert self._came or time.monotonic() < self._give_up_at, "nothing came of it"
        return [signal.SIGTERM] if self._came else []

    def wait(self, seconds: float) -> None:
        time.sleep(min(seconds, 0.1))


@pytest.fixture
def settings(make_settings, redis_url, clicks_url):
    return make_settings(
        redis_url=redis_url,
        clickhouse_url=clicks_url,
        insert_seconds=0.2,
        insert_rows=200,
        block_ms=500,
        claim_idle_seconds=20,
    )


@pytest.fixture
def consume(settings):
    """Run a consumer until a condition holds; ``prepare`` may put faults into it first."""

    def consume(condition, prepare=lambda _: None, settings=settings, predecessor=""):
        stop = Stop(SignalWhen(condition), GIVE_UP_SECONDS, time.monotonic)
        consumer = make_consumer(settings, consumer_name(), stop, predecessor)
        prepare(consumer)
        consumer.run()

    return consume


def is_idle(redis: Redis, count: int) -> bool:
    """Whether the group has read so many entries and has acked them all."""
    groups = redis.xinfo_groups(STREAM) if redis.exists(STREAM) else []
    return bool(groups) and (groups[0]["entries-read"] or 0) >= count and not groups[0]["pending"]


def dead_letters(redis: Redis) -> list[tuple[bytes, bytes]]:
    return [(fields[b"entry_id"], fields[b"reason"]) for _, fields in redis.xrange("clicks:dead")]


def test_clicks_are_stored_and_acked(consume, redis, redis_url, count_clicks):
    send_clicks(redis_url, 1000)
    consume(lambda: is_idle(redis, 1000))
    assert count_clicks() == (1000, 1000)
    assert redis.xlen(STREAM) == 1000


def test_nothing_is_left_behind_in_the_group(consume, redis, redis_url):
    send_clicks(redis_url, 10)
    consume(lambda: is_idle(redis, 10))
    assert redis.xinfo_consumers(STREAM, GROUP) == []


def test_what_was_read_is_inserted_and_acked_before_the_end(
    consume, settings, redis, redis_url, count_clicks
):
    patient = settings.model_copy(update={"insert_rows": 100_000, "insert_seconds": 600.0})
    send_clicks(redis_url, 250)
    consume(
        lambda: (
            redis.exists(STREAM)
            and [group["pending"] for group in redis.xinfo_groups(STREAM)] == [250]
        ),
        settings=patient,
    )
    assert count_clicks() == (250, 250)
    assert redis.xpending(STREAM, GROUP)["pending"] == 0


def test_six_fields_of_a_foreign_producer_are_a_click(consume, redis, redis_url, clicks_url):
    fields = to_fields(make_click())
    del fields["click_id"]
    send(redis_url, [fields, fields])
    consume(lambda: is_idle(redis, 2))
    with connect(clicks_url, timeout_seconds=30) as client:
        stored = client.execute("SELECT click_id, short_code, toUnixTimestamp(time) FROM clicks")
    assert len({click_id for click_id, _, _ in stored}) == 2
    assert {row[1:] for row in stored} == {(fields["short_code"], int(fields["timestamp"]))}


MALFORMED = {
    "a field is missing": ({"ip": None}, b"missing_field"),
    "the short code is empty": ({"short_code": ""}, b"empty_field"),
    "the target is empty": ({"original_url": ""}, b"empty_field"),
    "a text is not UTF-8": ({"user_agent": b"\xff\xfe"}, b"not_utf8"),
    "the timestamp is negative": ({"timestamp": "-5"}, b"bad_timestamp"),
    "the timestamp is absurd": ({"timestamp": "99999999999"}, b"bad_timestamp"),
    "the timestamp is in milliseconds": ({"timestamp": "1790000000000"}, b"bad_timestamp"),
    "the timestamp is no number": ({"timestamp": "now"}, b"bad_timestamp"),
    "the user agent has a megabyte": ({"user_agent": "x" * (1 << 20)}, b"too_long"),
    "the click id is no id": ({"click_id": "1234"}, b"bad_click_id"),
}


def malformed(changes: dict[str, object]) -> dict[str, object]:
    fields = {**to_fields(make_click()), **changes}
    return {name: value for name, value in fields.items() if value is not None}


def test_malformed_entries_are_dead_letters_and_good_clicks_flow(
    consume, redis, redis_url, count_clicks
):
    bad = [malformed(changes) for changes, _ in MALFORMED.values()]
    mixed = [fields for one in bad for fields in (one, to_fields(make_click()))]
    sent = send(redis_url, mixed)
    consume(lambda: is_idle(redis, len(mixed)))
    reasons = [reason for _, reason in MALFORMED.values()]
    assert dead_letters(redis) == list(zip(sent[::2], reasons, strict=True))
    assert count_clicks() == (len(bad), len(bad))


def test_good_clicks_are_stored_while_redis_has_no_room_for_dead_letters(
    consume, redis, redis_url, count_clicks
):
    bad = malformed({"timestamp": "-5"})
    send(redis_url, [bad, to_fields(make_click()), bad, to_fields(make_click())])

    def prepare(consumer):
        stream = consumer._intake._stream
        dead_letter = stream.dead_letter

        def refuse_until_stored(*args):
            if count_clicks()[0] < 2:
                raise RedisUnavailable("OOM, for a test")
            dead_letter(*args)

        stream.dead_letter = refuse_until_stored

    consume(lambda: is_idle(redis, 4), prepare)
    assert len(dead_letters(redis)) == 2
    assert count_clicks() == (2, 2)


def test_a_click_sent_twice_counts_once(consume, redis, redis_url, count_clicks):
    click = to_fields(make_click())
    send(redis_url, [click, click])
    consume(lambda: is_idle(redis, 2))
    assert count_clicks() == (1, 1)


def test_entries_of_a_dead_consumer_are_claimed(
    consume, settings, redis, redis_url, open_stream, count_clicks
):
    send_clicks(redis_url, 300)
    dead = open_stream(redis_url, "dead")
    dead.ensure_group()
    dead.read(300, 100, lambda: False)
    impatient = settings.model_copy(update={"claim_idle_seconds": 0.3})
    consume(lambda: is_idle(redis, 300), settings=impatient)
    assert count_clicks()[0] == 300


def test_a_stream_deleted_while_running_is_survived(consume, redis, redis_url, count_clicks):
    send_clicks(redis_url, 50)

    def all_is_well() -> bool:
        stored = count_clicks()[0]
        if stored == 50 and is_idle(redis, 50):
            redis.delete(STREAM)
            send_clicks(redis_url, 30)
        return stored == 80

    consume(all_is_well)


class Faulty:
    """Lets a method fail its first times, before or after it did its work."""

    def __init__(self, method, error, times=2, *, after=False):
        self._method = method
        self._error = error
        self._after = after
        self.left = times

    def __call__(self, *args):
        if not self.left:
            return self._method(*args)
        self.left -= 1
        if self._after:
            self._method(*args)
        raise self._error


@pytest.mark.parametrize("after", [False, True], ids=["rows not stored", "rows stored"])
@pytest.mark.parametrize("kind", [ClickHouseUnavailable, ClickHouseRefused])
def test_an_insert_that_fails_is_tried_again_with_the_same_rows(
    consume, redis, redis_url, count_clicks, kind, after
):
    send_clicks(redis_url, 100)
    faults = []

    def prepare(consumer):
        writer = consumer._delivery._writer
        writer.insert = Faulty(writer.insert, kind("for a test"), after=after)
        faults.append(writer.insert)

    consume(lambda: is_idle(redis, 100), prepare)
    assert faults[0].left == 0
    assert count_clicks() == (100, 100)


def test_a_backlog_is_read_on_while_an_insert_is_under_way(
    consume, settings, redis, redis_url, count_clicks
):
    small = settings.model_copy(update={"insert_rows": 300, "insert_seconds": 5.0})
    send_clicks(redis_url, 5000)
    sizes = []

    def prepare(consumer):
        writer = consumer._delivery._writer
        insert = writer.insert

        def insert_late(batch, token):
            if not sizes:
                wait_until(lambda: redis.xinfo_groups(STREAM)[0]["entries-read"] > 900)
            sizes.append(len(batch))
            insert(batch, token)

        writer.insert = insert_late

    consume(lambda: is_idle(redis, 5000), prepare, settings=small)
    assert sum(sizes) == 5000
    most = 3 * 300 + 500
    assert 900 <= max(sizes) < most
    assert count_clicks() == (5000, 5000)


@pytest.mark.parametrize("method", ["keep", "read", "ask_ahead"])
def test_an_error_of_redis_while_an_insert_is_under_way_doubles_nothing(
    consume, settings, redis, redis_url, count_clicks, method
):
    small = settings.model_copy(update={"insert_rows": 300, "claim_idle_seconds": 3.0})
    send_clicks(redis_url, 5000)

    def prepare(consumer):
        writer, fence = consumer._delivery._writer, consumer._fence
        stream, insert = consumer._intake._stream, writer.insert
        owner = fence if method == "keep" else stream
        call = getattr(owner, method)
        failing = []

        def fail_once(*args):
            if failing:
                failing.clear()
                raise RedisUnavailable("for a test")
            return call(*args)

        def insert_while_it_fails(batch, token):
            setattr(owner, method, fail_once)
            failing.append(True)
            wait_until(lambda: not failing, 5.0)
            writer.insert = insert
            insert(batch, token)

        writer.insert = insert_while_it_fails

    consume(lambda: is_idle(redis, 5000), prepare, settings=small)
    assert count_clicks() == (5000, 5000)


@pytest.mark.parametrize("after", [False, True], ids=["nothing done", "done, and no reply"])
@pytest.mark.parametrize(
    "method", ["keep", "read", "begin", "commit", "take_over", "dead_letter", "own", "written_down"]
)
def test_an_error_of_redis_loses_and_doubles_nothing(
    consume, redis, redis_url, count_clicks, method, after
):
    send_clicks(redis_url, 300)
    send(redis_url, [malformed({"timestamp": "-5"})])

    def prepare(consumer):
        stream, fence = consumer._intake._stream, consumer._fence
        error = RedisUnavailable("for a test")
        if method == "own":
            stream.read = Faulty(stream.read, error, times=1, after=True)
        owner = stream if hasattr(stream, method) else fence
        setattr(owner, method, Faulty(getattr(owner, method), error, after=after))

    consume(lambda: is_idle(redis, 301), prepare)
    assert count_clicks() == (300, 300)
    assert len(dead_letters(redis)) == 1


def test_thousands_of_malformed_entries_do_not_keep_good_clicks(
    consume, redis, redis_url, count_clicks
):
    kinds = list(MALFORMED.values())[:-2]
    bad = [malformed(kinds[number % len(kinds)][0]) for number in range(10_000)]
    good = [to_fields(make_click()) for _ in range(500)]
    send(redis_url, [one for number in range(500) for one in (*bad[number::500], good[number])])
    consume(lambda: is_idle(redis, 10_500))
    assert count_clicks() == (500, 500)
    reasons = {reason for _, reason in dead_letters(redis)}
    assert reasons == {reason for _, reason in kinds}
    assert redis.xlen("clicks:dead") == 10_000


def test_a_click_that_fails_unexpectedly_is_buried_alone(consume, redis, redis_url, count_clicks):
    send_clicks(redis_url, 50)
    send(redis_url, [to_fields(make_click(user_agent="Poison/1.0"))])
    send_clicks(redis_url, 50)
    consume(lambda: is_idle(redis, 101), poisoned("Poison/1.0"))
    assert count_clicks() == (100, 100)
    assert [reason for _, reason in dead_letters(redis)] == [b"poison"]


def poisoned(text: str):
    """Return what makes the enricher fail for user agents with a text in them."""

    def prepare(consumer):
        enricher = consumer._sorter._examiner._enricher
        enrich = enricher.enrich

        def fail_or_enrich(clicks, now_ms):
            if any(text.encode() in user_agent for user_agent in clicks.user_agents):
                raise ZeroDivisionError("for a test")
            return enrich(clicks, now_ms)

        enricher.enrich = fail_or_enrich

    return prepare


def test_when_every_click_fails_they_are_not_all_buried(consume, redis, redis_url):
    send_clicks(redis_url, 1000)
    consume(
        lambda: (
            redis.exists(STREAM)
            and redis.xinfo_groups(STREAM)
            and redis.xpending(STREAM, GROUP)["pending"] == 50
        ),
        poisoned("Mozilla"),
    )
    assert redis.xlen("clicks:dead") == 50
    (consumer,) = redis.xinfo_consumers(STREAM, GROUP)
    assert consumer["pending"] == 50


def test_clicks_that_waited_for_a_mended_version_are_counted(
    consume, redis, redis_url, count_clicks
):
    send_clicks(redis_url, 1000)
    consume(lambda: redis.xlen("clicks:dead") == 50, poisoned("Mozilla"))
    consume(lambda: is_idle(redis, 1000))
    assert count_clicks() == (950, 950)


def test_rows_that_clickhouse_can_not_take_are_cut_out(
    consume, redis, redis_url, clicks_url, count_clicks
):
    with connect(clicks_url, timeout_seconds=30) as client:
        client.execute("ALTER TABLE clicks ADD CONSTRAINT sane CHECK short_code != 'bad'")
    send_clicks(redis_url, 70)
    sent = send(redis_url, [to_fields(make_click(short_code="bad")) for _ in range(2)])
    send_clicks(redis_url, 50)
    consume(lambda: is_idle(redis, 122))
    assert sorted(dead_letters(redis)) == [(entry_id, b"poison") for entry_id in sent]
    assert count_clicks() == (120, 120)


def test_a_table_that_takes_no_row_buries_only_some(consume, redis, redis_url, clicks_url):
    with connect(clicks_url, timeout_seconds=30) as client:
        client.execute("ALTER TABLE clicks ADD CONSTRAINT none CHECK short_code = ''")
    send_clicks(redis_url, 150)
    consume(lambda: redis.xlen("clicks:dead") == 50)
    assert redis.xlen("clicks:dead") == 50
    assert redis.xpending(STREAM, GROUP)["pending"] == 100


def test_a_drain_leaves_what_clickhouse_will_not_take_in_time_to_the_next_start(
    consume, redis, redis_url, clicks_url, count_clicks
):
    with connect(clicks_url, timeout_seconds=30) as client:
        client.execute("ALTER TABLE clicks ADD CONSTRAINT none CHECK short_code = ''")
        send_clicks(redis_url, 150)
        consume(lambda: redis.xlen("clicks:dead") == 50)
        client.execute("ALTER TABLE clicks DROP CONSTRAINT none")
    consume(lambda: is_idle(redis, 150))
    assert count_clicks() == (100, 100)


def test_a_drain_goes_on_trying_while_it_has_time(consume, redis, redis_url, count_clicks):
    send_clicks(redis_url, 100)
    faults = []

    def prepare(consumer):
        writer = consumer._delivery._writer
        writer.insert = Faulty(writer.insert, ClickHouseUnavailable("for a test"), times=4)
        faults.append(writer.insert)

    consume(lambda: faults[0].left < 4, prepare)
    assert faults[0].left == 0
    assert count_clicks() == (100, 100)


def test_a_drain_ends_at_once_when_the_next_try_comes_too_late(consume, redis, redis_url):
    send_clicks(redis_url, 100)
    faults = []

    def prepare(consumer):
        delivery = consumer._delivery
        faults.append(Faulty(None, ClickHouseUnavailable("for a test"), times=100))
        delivery._writer.insert = faults[0]
        delivery._backoff.next_seconds = lambda: GIVE_UP_SECONDS

    started = time.monotonic()
    consume(lambda: faults[0].left < 100, prepare)
    assert time.monotonic() - started < GIVE_UP_SECONDS / 2
    assert redis.xpending(STREAM, GROUP)["pending"] == 100


def test_a_requeued_click_that_had_landed_is_not_counted_twice(
    consume, make_settings, redis, redis_url, count_clicks
):
    fields = to_fields(make_click())
    del fields["click_id"]
    (landed,) = send(redis_url, [fields])
    consume(lambda: is_idle(redis, 1))
    flat = [text.encode() for pair in fields.items() for text in pair]
    letter = to_letter(landed, flat, Fault("killed_consumer", "after its insert"), "me", 0)
    redis.execute_command("XADD", "clicks:dead", "*", *letter)
    letters = open_dead_letters(make_settings(redis_url=redis_url))
    assert [letters.requeue(letter) for letter in letters.find(Choice())] == [True]
    consume(lambda: is_idle(redis, 2))
    assert count_clicks()[0] == 1


def test_a_batch_of_a_dead_consumer_that_was_inserted_is_not_inserted_again(
    consume, redis, redis_url, count_clicks
):
    send_clicks(redis_url, 150)
    with pytest.raises(Died):
        consume(lambda: False, dying_before_ack)
    assert count_clicks() == (150, 150)
    (dead,) = redis.xinfo_consumers(STREAM, GROUP)
    consume(lambda: is_idle(redis, 150), predecessor=dead["name"].decode())
    assert count_clicks() == (150, 150)


def test_a_batch_that_clickhouse_forgot_is_inserted_again(
    consume, redis, redis_url, clicks_url, count_clicks
):
    send_clicks(redis_url, 150)
    with pytest.raises(Died):
        consume(lambda: False, dying_before_ack)
    with connect(clicks_url, timeout_seconds=30) as client:
        client.execute("ALTER TABLE clicks DELETE WHERE 1", settings={"mutations_sync": 2})
    assert count_clicks() == (0, 0)
    (dead,) = redis.xinfo_consumers(STREAM, GROUP)
    consume(lambda: is_idle(redis, 150), predecessor=dead["name"].decode())
    assert count_clicks() == (150, 150)


class Died(Exception):
    pass


def dying_before_ack(consumer):
    def die(*_):
        raise Died

    consumer._fence.commit = die
