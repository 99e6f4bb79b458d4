import json
from collections.abc import Callable

import pytest
from redis import Redis

from app.clicks.click import to_fields
from app.dead_letters.letter import Fault, to_letter
from tests.support.producers import STREAM, make_click

DEAD = "clicks:dead"
DETAIL = "timestamp b'\\x1b[2J' is no number of Unix seconds"
Run = Callable[..., object]


@pytest.fixture
def redis(redis_url):
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def ids(redis):
    """Ids of three letters of two reasons, oldest first."""
    made = []
    for number, reason in enumerate(("bad_timestamp", "poison", "poison")):
        flat = [text.encode() for pair in to_fields(make_click()).items() for text in pair]
        fault = Fault(reason, DETAIL)
        letter = to_letter(b"1790000000000-0", flat, fault, "me", 1790000001000)
        letter += [b"deliveries", b"2"]
        place = f"179000000{number}000-0"
        made.append(redis.execute_command("XADD", DEAD, place, *letter).decode())
    return made


def listed(hopline: Run, *options: str) -> list[str]:
    shown = json.loads(hopline("dead", "list", "--json", *options).out)
    return [one["id"] for one in shown["letters"]]


def test_nothing_is_listed_where_nothing_is_dead(hopline):
    assert hopline("dead", "list").out == "ID\tDIED\tREASON\tDELIVERIES\tCODE\tDETAIL\n"
    assert listed(hopline) == []


def test_letters_are_listed_newest_first_and_filtered(hopline, ids):
    assert listed(hopline) == ids[::-1]
    assert listed(hopline, "--reason", "bad_timestamp") == ids[:1]
    assert listed(hopline, "--limit", "1") == ids[2:]
    assert listed(hopline, "--since", "2026-09-21T14:13:21", "--until", "2026-09-21T14:13:22") == [
        ids[1]
    ]


def test_a_list_that_is_cut_says_so(hopline, ids):
    ended = hopline("dead", "list", "--limit", "2")
    assert len(ended.out.splitlines()) == 3
    assert "more letters than 2" in ended.err


def test_a_letter_is_shown_with_every_field(hopline, ids):
    shown = json.loads(hopline("dead", "show", ids[1], "--json").out)
    assert shown["reason"] == "poison"
    assert shown["detail"] == DETAIL
    assert shown["deliveries"] == 2
    assert (shown["died"], shown["first"]) == (
        "2026-09-21T14:13:21.000Z",
        "2026-09-21T14:13:20.000Z",
    )
    assert {"name": "original_url", "value": "https://example.com/"} in shown["fields"]
    assert "field:original_url\thttps://example.com/" in hopline("dead", "show", ids[1]).out


@pytest.mark.parametrize("command", ["show", "requeue", "purge"])
def test_an_unknown_letter_is_not_found(hopline, ids, command):
    options = ["--yes"] if command == "purge" else []
    ended = hopline("dead", command, "5-5", *options)
    assert (ended.exit_code, ended.err) == (1, "hopline: there is no dead letter 5-5\n")


def test_what_is_no_id_is_said_to_be_none(hopline, ids):
    complaint = "hopline: 'x' is no letter's id: expected 1790000000000-0\n"
    assert hopline("dead", "show", "x") == (1, "", complaint)


def test_letters_are_requeued_by_id_by_reason_and_all(hopline, redis, ids):
    assert hopline("dead", "requeue", ids[1]).out == "1 requeued\n"
    assert hopline("dead", "requeue", "--reason", "bad_timestamp").out == "1 requeued\n"
    assert hopline("dead", "requeue", "--all").out == "1 requeued\n"
    assert (redis.xlen(STREAM), redis.xlen(DEAD)) == (3, 0)


def test_one_unknown_id_leaves_all_as_they_were(hopline, redis, ids):
    assert hopline("dead", "requeue", ids[0], "5-5").exit_code == 1
    assert redis.xlen(DEAD) == 3


def test_letters_are_purged(hopline, redis, ids):
    assert hopline("dead", "purge", "--reason", "poison", "--yes").out == "2 purged\n"
    assert listed(hopline) == ids[:1]
    assert redis.xlen(STREAM) == 0


def test_a_purge_is_not_done_unasked(hopline, redis, ids, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    ended = hopline("dead", "purge", "--all")
    assert ended.exit_code == 2
    assert "--yes" in ended.err
    assert redis.xlen(DEAD) == 3


@pytest.mark.parametrize("command", ["requeue", "purge"])
def test_a_dry_run_changes_nothing(hopline, redis, ids, command):
    ended = hopline("dead", command, "--all", "--dry-run")
    assert ended.out.startswith("3 would be ")
    assert (redis.xlen(STREAM), redis.xlen(DEAD)) == (0, 3)


@pytest.mark.parametrize(
    "arguments",
    [
        ["requeue"],
        ["purge", "--yes"],
        ["requeue", "5-0", "--all"],
        ["requeue", "5-0", "--reason", "poison"],
        ["list", "--since", "soon"],
        ["list", "--since", "2099-01-01"],
        ["requeue", "--reason", "nonsense"],
        ["purge", "--reason", "Poison", "--yes"],
        ["list", "--reason", ""],
        ["requeue", "--reason", "nonsense", "--dry-run"],
    ],
)
def test_wrong_usage_ends_with_2(hopline, ids, arguments):
    ended = hopline("dead", *arguments)
    assert (ended.exit_code, ended.out) == (2, "")


def test_an_entry_that_can_not_be_requeued_fails_and_the_others_go(hopline, redis, ids):
    letter = to_letter(b"7-0", [b"x"] * 8_000, Fault("odd", ""), "me", 9)
    redis.execute_command("XADD", DEAD, "*", *letter)
    ended = hopline("dead", "requeue", "--all")
    assert (ended.exit_code, ended.out) == (1, "3 requeued\n")
    assert "4,000 fields" in ended.err


def test_a_mistyped_reason_is_answered_with_those_there_are(hopline, redis, ids):
    letter = to_letter(b"7-0", [b"x", b"y"], Fault("of_a_newer_version", ""), "me", 9)
    redis.execute_command("XADD", DEAD, "*", *letter)
    ended = hopline("dead", "requeue", "--reason", "posion")
    assert ended.err.startswith("hopline: --reason: 'posion' is none of bad_click_id, bad_tim")
    assert "of_a_newer_version, poison" in ended.err
    assert redis.xlen(DEAD) == 4


@pytest.mark.parametrize("reason", ["killed_consumer", "of_a_newer_version"])
def test_a_reason_that_there_is_may_have_no_letters_or_only_new_ones(hopline, redis, reason):
    letter = to_letter(b"7-0", [b"x", b"y"], Fault("of_a_newer_version", ""), "me", 9)
    redis.execute_command("XADD", DEAD, "*", *letter)
    count = int(reason == "of_a_newer_version")
    assert hopline("dead", "requeue", "--reason", reason)[:2] == (0, f"{count} requeued\n")


def test_what_is_sent_again_or_purged_stands_in_the_trail(hopline, ids):
    hopline("dead", "requeue", ids[0])
    hopline("dead", "purge", "--reason", "poison", "--dry-run")
    hopline("dead", "purge", "--reason", "poison", "--yes")
    lines = json.loads(hopline("changes", "--json").out)["changes"]
    assert [(line["what"], line["subject"], line["count"]) for line in lines] == [
        ("letter.purged", "", 2),
        ("letter.requeued", ids[0], 1),
    ]
    assert {line["via"] for line in lines} == {"hopline dead"}
