from app.clicks.click import to_fields
from app.dead_letters.letter import Fault, to_letter
from app.dead_letters.store import Choice, open_dead_letters
from app.stores.clickhouse.connection import connect
from tests.support.producers import STREAM, make_click, send, send_clicks
from tests.support.worker_processes import wait_until
from tests.support.workers.consuming import GROUP, is_idle


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


def test_a_backlog_is_read_on_while_an_insert_is_under_way(
    consume, settings, redis, redis_url, count_clicks
):
    small = settings.model_copy(update={"insert_rows": 300, "insert_seconds": 5.0})
    send_clicks(redis_url, 5000)
    sizes = []

    def prepare(consumer):
        writer = consumer._sink._writer
        insert = writer.insert

        def insert_late(batch, token):
            if not sizes:
                wait_until(lambda: redis.xinfo_groups(STREAM)[0]["entries-read"] > 900)
            sizes.append(len(batch))
            insert(batch, token)

        writer.insert = insert_late

    consume(lambda: is_idle(redis, 5000), prepare, settings=small)
    assert sum(sizes) == 5000
    most = 8 * 300 + 300
    assert 900 <= max(sizes) < most
    assert count_clicks() == (5000, 5000)


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
