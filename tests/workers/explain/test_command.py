"""Explanations of clicks in real stores."""

import json
import time
from contextlib import closing

import pytest

from app.clicks.click import new_click_id, to_fields
from app.dead_letters.letter import Fault, to_letter
from app.redirect.spool.file import SpoolFile
from app.stores.keys import visitor_salt_key
from app.stores.redis.client import connect
from tests.support.producers import STREAM, make_click, send, xadd_of
from tests.support.workers.replay_world import GROUP, World, write_countries

BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.fixture
def world(make_settings, redis_url, clicks_url, monkeypatch):
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", clicks_url)
    made = World(make_settings(redis_url=redis_url, clickhouse_url=clicks_url))
    yield made
    made.close()


def click_of(number: int = 1, **fields):
    now_ms = int(time.time() * 1000)
    click_id = new_click_id(now_ms, bytes([number]) * 10)
    return make_click(click_id=click_id, timestamp=now_ms // 1000, **fields)


def told(hopline, what: str):
    ended = hopline("explain", what, "--json")
    assert ended.exit_code == 0, ended.err
    return json.loads(ended.out)


def test_a_stored_click_is_told_from_its_entry(world, hopline, tmp_path, monkeypatch):
    places = write_countries(tmp_path / "new.mmdb", FR="192.0.2.0/24")
    monkeypatch.setenv("HOPLINE_GEOIP_PATH", str(places))
    old = write_countries(tmp_path / "old.mmdb", DE="192.0.2.0/24")
    click = click_of(ip="192.0.2.9", user_agent=BOT, accept_language="de")
    world.process(click_of(2), click, geoip_path=old)
    found = told(hopline, click.click_id.hex())
    assert (found["source"], found["fault"], found["rows"]) == ("stream", None, 1)
    assert found["came_in"]["ip"] == "192.0.2.9"
    assert found["came_in"]["accept_language"] == "de"
    assert found["steps"]["country"] == {"stored": "DE", "today": "FR"}
    assert found["steps"]["bot"] == {"stored": "Googlebot", "today": "Googlebot"}
    assert found["steps"]["is_bot"]["today"] == "true"
    rules = {rule["rule"]: rule for rule in found["rules"]}
    assert rules["crawler-list"]["matched"] is True
    assert rules["crawler-list"]["mode"] == "enforcing"
    assert rules["no-user-agent"]["matched"] is False
    assert found["geo_days"] == {"stored": 0, "today": 0}
    stages = {stage["stage"]: stage for stage in found["stages"]}
    assert list(stages) == ["clicked", "entered", "enriched", "stored"]
    assert stages["entered"]["time"] is not None
    assert stages["entered"]["note"].endswith("finished")
    assert "the address: only its network is stored" in found["forgotten"]


def test_client_hints_are_told_on_one_line(world, hopline):
    click = click_of(client_hints='?0\t"Windows"\t"Brave";v="131"')
    world.process(click)
    ended = hopline("explain", click.click_id.hex())
    assert '?0 "Windows" "Brave";v="131"' in ended.out
    assert "\ufffd" not in ended.out


def test_the_entry_names_the_click_too(world, hopline):
    click = click_of()
    world.process(click)
    [(entry_id, _)] = world.redis.xrange(STREAM)
    assert told(hopline, entry_id.decode()) == told(hopline, str(click.click_id.hex()).upper())


def test_without_its_entry_the_row_is_what_is_left(world, hopline):
    click = click_of(accept_language="de")
    world.process(click)
    world.forget_stream()
    for key in world.redis.scan_iter(visitor_salt_key("*")):
        world.redis.delete(key)
    found = told(hopline, click.click_id.hex())
    assert found["source"] == "row"
    assert found["came_in"]["ip"].endswith(".0")
    assert found["steps"]["language"] == {"stored": "de", "today": "de"}
    forgotten = " ".join(found["forgotten"])
    assert "the entry: " in forgotten
    assert "the day's salt: " in forgotten
    assert [one["time"] for one in found["stages"] if one["stage"] == "entered"] == [None]


def test_rules_that_the_operator_has_switched_off_say_nothing(world, hopline, monkeypatch):
    click = click_of(user_agent=BOT)
    world.process(click)
    monkeypatch.setenv("HOPLINE_RULES", "crawler-list=off,bot-word=shadow")
    rules = {rule["rule"]: rule for rule in told(hopline, click.click_id.hex())["rules"]}
    assert (rules["crawler-list"]["mode"], rules["crawler-list"]["matched"]) == ("off", None)
    assert (rules["bot-word"]["mode"], rules["bot-word"]["matched"]) == ("shadow", True)


def test_where_a_click_is_on_its_way_is_told(world, hopline):
    first, second = click_of(1), click_of(2)
    send(world.settings.redis_url, [to_fields(first), to_fields(second)])
    world.redis.xreadgroup(GROUP, "me", {STREAM: ">"}, count=1)
    notes = [
        next(one["note"] for one in told(hopline, each)["stages"] if one["stage"] == "entered")
        for each in (first.click_id.hex(), second.click_id.hex())
    ]
    assert notes[0].endswith("pending with me, delivery 1")
    assert notes[1].endswith("unread")


def test_a_dead_letter_is_told_with_its_reason(world, hopline):
    click = click_of()
    world.process(click, insert=False)
    [(entry_id, fields)] = world.redis.xrange(STREAM)
    flat = [part for pair in fields.items() for part in pair]
    letter = to_letter(entry_id, flat, Fault("poison", ""), "me", 1)
    letter_id = world.redis.execute_command("XADD", world.settings.dead_stream, "*", *letter)
    world.forget_stream()
    for name in (click.click_id.hex(), letter_id.decode(), entry_id.decode()):
        found = told(hopline, name)
        assert found["source"] == "dead letter"
        [died] = [one for one in found["stages"] if one["stage"] == "died"]
        assert died["note"] == "poison"
        assert found["steps"]["browser"] == {"stored": None, "today": "Firefox"}


def test_a_click_of_another_shard_is_told_from_its_entry(world, hopline, monkeypatch):
    monkeypatch.setenv("HOPLINE_STREAM_SHARDS", "2")
    click = click_of(ip="192.0.2.9")
    shard = "clicks:stream:{ly}"
    entry_id = world.redis.xadd(shard, to_fields(click))
    for name in (click.click_id.hex(), entry_id.decode()):
        found = told(hopline, name)
        assert (found["source"], found["came_in"]["ip"]) == ("stream", "192.0.2.9")
        entered = next(one for one in found["stages"] if one["stage"] == "entered")
        assert shard in entered["note"]


def test_a_click_is_told_from_a_cluster(world, hopline, monkeypatch, cluster):
    monkeypatch.setenv("HOPLINE_REDIS_URL", cluster.url)
    monkeypatch.setenv("HOPLINE_STREAM_SHARDS", "2")
    click = click_of(ip="192.0.2.9")
    with connect(cluster.url, timeout_seconds=30) as client:
        client.xadd("clicks:stream:{ly}", to_fields(click))
    found = told(hopline, click.click_id.hex())
    assert (found["source"], found["came_in"]["ip"]) == ("stream", "192.0.2.9")


def test_a_click_that_this_host_has_spooled_is_told(world, hopline, tmp_path):
    click = click_of(ip="192.0.2.9")
    with closing(SpoolFile(tmp_path / "spool", 1 << 24)) as file:
        file.write([(click.click_id, xadd_of(click))])
        found = told(hopline, click.click_id.hex())
    assert (found["source"], found["came_in"]["ip"], found["rows"]) == ("spool", "192.0.2.9", 0)


def test_an_entry_that_is_no_click_is_told_with_its_fault(world, hopline):
    send(world.settings.redis_url, [to_fields(click_of()) | {"timestamp": "soon"}])
    [(entry_id, _)] = world.redis.xrange(STREAM)
    found = told(hopline, entry_id.decode())
    assert found["fault"].startswith("bad_timestamp")
    assert found["came_in"]["timestamp"] == "soon"
    assert {one["matched"] for one in found["rules"]} == {None}


def test_people_read_sections_in_which_nothing_breaks_a_line(world, hopline):
    click = click_of(user_agent="odd\tagent\x1b[1m")
    world.process(click)
    ended = hopline("explain", click.click_id.hex())
    assert (ended.exit_code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == f"click {click.click_id.hex()}, told by: stream"
    heads = ("STAGE", "CAME IN", "STEP", "RULE", "MADE WITH", "FORGOTTEN")
    assert [head for head in heads if not any(line.startswith(head) for line in lines)] == []
    assert "\x1b" not in ended.out
    assert "browser\t" in ended.out


def test_an_unknown_click_is_told_where_it_was_looked_for(world, hopline):
    world.process(click_of(1))
    ended = hopline("explain", click_of(2).click_id.hex())
    assert (ended.exit_code, ended.out) == (1, "")
    assert "not among 1 entries of the stream" in ended.err
    assert hopline("explain", "1-1").err.startswith("hopline: there is neither an entry nor")


def test_a_click_that_has_expired_is_told_so(world, hopline, monkeypatch):
    monkeypatch.setenv("HOPLINE_CLICK_TTL_DAYS", "30")
    old = new_click_id(1_600_000_000_000, bytes(10))
    assert "clicks are kept for 30 days" in hopline("explain", old.hex()).err


def test_without_clickhouse_the_rest_is_told(world, hopline, monkeypatch):
    click = click_of()
    world.process(click)
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", "clickhouse://127.0.0.1:1/hopline")
    ended = hopline("explain", click.click_id.hex(), "--json")
    assert ended.exit_code == 1
    assert "what is stored can't be told" in ended.err
    found = json.loads(ended.out)
    assert found["source"] == "stream"
    assert found["clickhouse"]
    assert found["steps"]["browser"] == {"stored": None, "today": "Firefox"}


def test_what_is_no_id_is_wrong_usage(hopline):
    ended = hopline("explain", "demo1")
    assert (ended.exit_code, ended.out) == (2, "")
    assert "'demo1' is no click's id" in ended.err
