"""Replays over real stores."""

from ipaddress import IPv6Address

import pytest

from app.clicks.click import to_fields
from app.dead_letters.letter import Fault, to_letter
from app.dead_letters.store import Choice, open_dead_letters
from app.stores.keys import visitor_salt_key
from app.stores.redis.errors import RedisUnavailable
from app.verdicts.user_agent import Agent
from tests.support.producers import STREAM, make_click, send
from tests.support.workers.replay_world import GROUP, begin, write_countries
from workers.enrich import verdicts
from workers.replay import replay as replay_module
from workers.replay.finished_entries import NothingProcessed
from workers.replay.stream_pass import StreamPass


class StrictClassifier:
    """Today's rule: Firefox is a program."""

    def __init__(self, _modes):
        pass

    def read(self, user_agent: str) -> Agent:
        return Agent(("bot-word",), "Firefox") if "Firefox" in user_agent else Agent((), "")


class ClassifierOfBefore(StrictClassifier):
    """A rule of a version before: all are programs."""

    def read(self, user_agent: str) -> Agent:
        return Agent(("bare",), "taken for one")


def test_what_changes_is_seen_and_no_count_changes(world, countries, monkeypatch):
    old, new = countries
    world.process(*(make_click() for _ in range(50)), geoip_path=old)
    before = world.figures()
    assert set(world.rows("country", "is_bot")) == {("DE", False)}
    monkeypatch.setattr(verdicts, "UserAgentClassifier", StrictClassifier)
    notes = world.replay(geoip_path=new)
    assert world.figures() == before
    assert set(world.rows("country", "is_bot", "bot", "device")) == {("FR", True, "Firefox", "bot")}
    assert dict(notes.counts) == {"read": 50, "replaced": 50}
    changed = notes.changed.totals()
    assert [changed.get(name) for name in ("country", "is_bot", "bot", "browser")] == [
        50,
        50,
        50,
        None,
    ]
    said = {found.column: found.top for found in notes.changed.top(1)}
    assert said["country"] == ((("DE", "FR"), 50),)
    assert said["is_bot"] == ((("false", "true"), 50),)
    assert said["bot"] == ((("(none)", "Firefox"), 50),)


def test_who_was_taken_for_a_program_is_a_person_afterwards(world, monkeypatch):
    agents = (
        "Dalvik/2.1.0 (Linux; U; Android 15; SM-S928B Build/AP3A.240905.015)",
        "Mozilla/5.0 (Linux; Android 13; Spider 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/9",
        "Mozilla/5.0 (compatible; Something/1.0; +https://example.com)",
    )
    with monkeypatch.context() as before:
        before.setattr(verdicts, "UserAgentClassifier", ClassifierOfBefore)
        world.process(*(make_click(user_agent=agent) for agent in agents))
    assert set(world.rows("bot", "verdict", "reasons")) == {("taken for one", "bot", "bare")}
    world.replay()
    people = [(False, "", "mobile"), (False, "", "tablet")]
    assert sorted(world.rows("is_bot", "bot", "device"))[:2] == people
    assert sorted(world.rows("is_bot", "bot"))[2:] == [(True, "Something")]
    judged = [("bot", "contact"), ("person", ""), ("person", "")]
    assert sorted(world.rows("verdict", "reasons")) == judged


@pytest.mark.parametrize("is_trimmed", [False, True])
def test_a_click_that_is_only_counted_stays_nobodys(world, countries, is_trimmed):
    old, new = countries
    only_counted = {"user_agent": "", "ip": "", "count_only": "1"}
    world.process(
        make_click(**only_counted),
        make_click(**only_counted, purpose="prefetch"),
        make_click(count_only="1"),
        make_click(**only_counted | {"count_only": "2"}),
        make_click(**only_counted, own="1"),
        geoip_path=old,
    )
    columns = ("visitor_id", "verdict", "bot", "device", "browser", "country", "user_agent")
    nobodys = [
        (0, "person", "", "other", "", "", ""),
        (0, "prefetch", "prefetch", "other", "", "", ""),
        (0, "person", "", "other", "", "", ""),
        (0, "bot", "counted-program", "bot", "", "", ""),
        (0, "own", "own-device", "other", "", "", ""),
    ]
    assert world.rows(*columns) == nobodys
    if is_trimmed:
        world.forget_stream()
    world.replay(geoip_path=new)
    assert world.rows(*columns) == nobodys


def test_who_was_known_to_a_worker_of_before_is_nobody_after_a_replay(world):
    """It heeded no mark, and a visitor's id of nothing at all is the same for all of them."""
    world.process(make_click(count_only="1", user_agent="", ip=""))
    world.clickhouse.execute(
        "ALTER TABLE clicks UPDATE visitor_id = 7, verdict = 'bot', is_bot = 1 WHERE 1"
        " SETTINGS mutations_sync = 1"
    )
    world.replay()
    assert world.rows("visitor_id", "is_bot", "verdict") == [(0, False, "person")]


def test_past_the_stream_the_rows_tell(world, countries, monkeypatch):
    old, new = countries
    clicks = [make_click(accept_language="de", purpose="prefetch") for _ in range(20)]
    world.process(*clicks, *(make_click() for _ in range(30)), geoip_path=old)
    world.forget_stream()
    before = world.figures()
    monkeypatch.setattr(verdicts, "UserAgentClassifier", StrictClassifier)
    notes = world.replay(geoip_path=new)
    assert world.figures() == before
    assert set(world.rows("country", "bot")) == {("FR", "Firefox")}
    assert sorted(world.rows("language")) == 30 * [("",)] + 20 * [("de",)]
    assert dict(notes.counts) == {"read": 50, "replaced": 50}
    assert notes.changed.totals()["country"] == 50
    assert "language" not in notes.changed.totals()


def test_from_the_stream_the_whole_address_tells(world, tmp_path, countries):
    divided = write_countries(tmp_path / "divided.mmdb", IT="192.0.2.0/25", ES="192.0.2.128/25")
    world.process(make_click(ip="192.0.2.200"), geoip_path=countries[0])
    world.replay(geoip_path=divided)
    assert world.rows("country") == [("ES",)]
    world.forget_stream()
    world.replay(geoip_path=divided)
    assert world.rows("country") == [("ES",)]


def test_without_a_country_database_countries_stay(world, countries):
    world.process(make_click(), geoip_path=countries[0])
    world.replay()
    assert world.rows("country") == [("DE",)]


def test_visitors_stay_the_same_after_their_salt_is_gone(world):
    world.process(make_click(), make_click())
    before = world.figures()
    for key in world.redis.scan_iter(visitor_salt_key("*")):
        world.redis.delete(key)
    world.replay()
    assert world.figures() == before
    assert list(world.redis.scan_iter(visitor_salt_key("*"))) == []


def test_what_the_setting_no_longer_wants_of_addresses_goes(world):
    world.process(make_click(ip="192.0.2.9"))
    world.replay(store_addresses="none")
    assert [str(ip) for (ip,) in world.rows("ip")] == ["::"]
    world.replay(store_addresses="full")
    assert world.rows("ip") == [(IPv6Address("::ffff:192.0.2.9"),)]


def test_unfinished_entries_are_left_to_the_group(world):
    world.process(make_click())
    send(world.settings.redis_url, [to_fields(make_click()) for _ in range(3)])
    world.redis.xreadgroup(GROUP, "me", {STREAM: ">"}, count=2)
    [group] = world.redis.xinfo_groups(STREAM)
    pending = world.redis.xpending_range(STREAM, GROUP, "-", "+", 10)
    notes = world.replay()
    assert (notes.counts["read"], notes.counts["unfinished"]) == (1, 2)
    assert len(world.rows("click_id")) == 1
    after = world.redis.xpending_range(STREAM, GROUP, "-", "+", 10)
    assert [one["times_delivered"] for one in after] == [1, 1]
    assert [one["message_id"] for one in after] == [one["message_id"] for one in pending]
    [group_after] = world.redis.xinfo_groups(STREAM)
    assert group_after["last-delivered-id"] == group["last-delivered-id"]


def test_a_finished_click_that_is_missing_is_restored(world):
    there, missing = make_click(), make_click()
    world.process(there)
    world.process(missing, insert=False)
    notes = world.replay(is_dry=True)
    assert notes.counts["restored"] == 1
    assert len(world.rows("click_id")) == 1
    notes = world.replay()
    assert notes.counts["restored"] == 1
    assert world.rows("click_id") != []
    [(first,), (second,)] = world.rows("visitor_id")
    assert first != second
    assert world.clickhouse.execute("SELECT count() FROM ledger FINAL") == [(2,)]
    assert world.replay().counts["restored"] == 0


def test_dead_letters_are_left_to_hopline_dead(world):
    click = make_click()
    world.process(click, insert=False)
    [(entry_id, fields)] = world.redis.xrange(STREAM)
    flat = [part for pair in fields.items() for part in pair]
    letter = to_letter(entry_id, flat, Fault("poison", ""), "me", 1)
    world.redis.execute_command("XADD", world.settings.dead_stream, "*", *letter)
    broken = to_fields(make_click()) | {"timestamp": "soon"}
    send(world.settings.redis_url, [broken])
    world.redis.xack(
        STREAM, GROUP, *world.redis.xreadgroup(GROUP, "me", {STREAM: ">"})[0][1][0][:1]
    )
    notes = world.replay()
    assert dict(notes.counts) == {"dead": 1, "unusable": 1}
    assert world.rows("click_id") == []


def test_a_purged_click_is_not_restored(world):
    world.process(make_click(), insert=False)
    [(entry_id, fields)] = world.redis.xrange(STREAM)
    flat = [part for pair in fields.items() for part in pair]
    letter = to_letter(entry_id, flat, Fault("poison", ""), "me", 1)
    world.redis.execute_command("XADD", world.settings.dead_stream, "*", *letter)
    letters = open_dead_letters(world.settings)
    assert [letters.purge(one) for one in letters.find(Choice())] == [True]
    assert dict(world.replay().counts) == {"dead": 1}
    assert world.rows("click_id") == []


def test_a_dry_run_changes_nothing_and_says_the_same(world, countries):
    old, new = countries
    world.process(*(make_click() for _ in range(10)), geoip_path=old)
    before = world.clickhouse.execute("SELECT * FROM clicks ORDER BY click_id")
    dry = world.replay(is_dry=True, geoip_path=new)
    assert world.clickhouse.execute("SELECT * FROM clicks ORDER BY click_id") == before
    assert dry.changed == world.replay(geoip_path=new).changed


def test_it_goes_on_where_it_was_stopped(world, countries, monkeypatch):
    old, new = countries
    world.process(*(make_click() for _ in range(30)), geoip_path=old)
    world.process(*(make_click() for _ in range(30)), geoip_path=old)
    world.redis.xtrim(STREAM, maxlen=20, approximate=False)
    monkeypatch.setattr("workers.replay.stream_pass._ENTRIES", 7)
    monkeypatch.setattr("workers.replay.table_pass._ROWS", 7)
    before = world.figures()
    notes, steps = begin(), []

    def stop(_: object) -> None:
        steps.append(notes.counts.total())
        raise KeyboardInterrupt

    for _ in range(100):
        try:
            world.replay(notes, note=stop, geoip_path=new)
        except KeyboardInterrupt:
            continue
        break
    assert len(steps) > 10
    assert world.figures() == before
    assert set(world.rows("country")) == {("FR",)}
    assert (notes.counts["replaced"], notes.changed.totals()["country"]) == (60, 60)


def test_a_store_that_is_away_is_waited_for(world, countries, monkeypatch):
    world.process(make_click(), geoip_path=countries[0])
    step, failures = StreamPass.step, iter([RedisUnavailable("away")] * 2)

    def failing(self: StreamPass, notes: object) -> None:
        for error in failures:
            raise error
        step(self, notes)

    monkeypatch.setattr(StreamPass, "step", failing)
    assert world.replay(geoip_path=countries[1]).counts["replaced"] == 1


def test_one_that_stays_away_ends_it(world, monkeypatch):
    monkeypatch.setattr(replay_module, "_PATIENCE_SECONDS", 0.0)
    with pytest.raises(RedisUnavailable):
        world.replay(redis_url="redis://127.0.0.1:1/0")


def test_without_a_group_there_is_nothing_to_replay(world):
    world.redis.xgroup_destroy(STREAM, GROUP)
    with pytest.raises(NothingProcessed):
        world.replay()


def test_months_are_read_one_after_the_other(world, countries):
    old, new = countries
    seconds = (1_780_000_000, 1_783_000_000, 1_786_000_000)
    clicks = [
        make_click(timestamp=second, click_id=bytes([number]) * 16)
        for number, second in enumerate(seconds, 1)
    ]
    world.process(*clicks, geoip_path=old)
    world.forget_stream()
    notes = world.replay(begin(1_782_000_000_000), geoip_path=new)
    assert world.rows("country") == [("DE",), ("FR",), ("FR",)]
    assert notes.counts["read"] == 2
    assert world.shares[-1] == ("table", 1.0)


def test_of_a_click_that_was_inserted_twice_the_younger_row_counts(world, countries):
    world.process(make_click(), make_click(), geoip_path=countries[0])
    world.clickhouse.execute(
        "INSERT INTO clicks SELECT * REPLACE (enriched_at + 1 AS enriched_at, 'XX' AS country)"
        " FROM clicks"
    )
    notes = world.replay(is_dry=True, geoip_path=countries[0])
    assert dict(notes.counts) == {"read": 2, "replaced": 2}
    assert notes.changed.totals() == {"country": 2}
    world.replay(geoip_path=countries[0])
    assert world.rows("country") == [("DE",), ("DE",)]
