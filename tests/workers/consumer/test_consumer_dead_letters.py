from app.clicks.click import to_fields
from app.stores.clickhouse.connection import connect
from app.stores.redis.errors import RedisUnavailable
from tests.support.producers import STREAM, make_click, send, send_clicks
from tests.support.workers.consuming import GROUP, MALFORMED, dead_letters, is_idle, malformed


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
        stream = consumer._source._stream
        dead_letter = stream.dead_letter

        def refuse_until_stored(*args):
            if count_clicks()[0] < 2:
                raise RedisUnavailable("OOM, for a test")
            dead_letter(*args)

        stream.dead_letter = refuse_until_stored

    consume(lambda: is_idle(redis, 4), prepare)
    assert len(dead_letters(redis)) == 2
    assert count_clicks() == (2, 2)


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


def test_a_click_that_fails_unexpectedly_is_dead_lettered_alone(
    consume, redis, redis_url, count_clicks
):
    send_clicks(redis_url, 50)
    send(redis_url, [to_fields(make_click(user_agent="Poison/1.0"))])
    send_clicks(redis_url, 50)
    consume(lambda: is_idle(redis, 101), poisoned("Poison/1.0"))
    assert count_clicks() == (100, 100)
    assert [reason for _, reason in dead_letters(redis)] == [b"poison"]


def poisoned(text: str):
    """Return what makes the enricher fail for user agents with a text in them."""

    def prepare(consumer):
        processor = consumer._batcher._processor
        enrich = processor._enrich

        def fail_or_enrich(clicks, now_ms):
            if any(text.encode() in user_agent for user_agent in clicks.user_agents):
                raise ZeroDivisionError("for a test")
            return enrich(clicks, now_ms)

        processor._enrich = fail_or_enrich

    return prepare


def test_when_every_click_fails_they_are_not_all_dead_lettered(consume, redis, redis_url):
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
