import re
from pathlib import Path

import pytest
from redis import Redis

from app.health.check import Check
from app.health.redis.use import COMMANDS, OF_CLUSTER, use_checks
from app.stores.redis.client import connect

USERS = Path(__file__).parents[4] / "deploy" / "redis" / "hopline-users.conf"
#: Of connections, transactions and scripts, which the looking itself needs; and what is only asked.
OF_ITSELF = {"hello", "auth", "client", "eval", "evalsha", "script|load", "multi", "exec"}
WITH_SUBCOMMANDS = ("xinfo", "xgroup", "memory", "cluster")
ASKED_IF_MAY = {"config|get", "pttl", "slowlog|reset"}
#: HOPLINE_CONFIRM=replica, and a spool that is brought home.
ONLY_WITH_REPLICAS = {"wait"}


@pytest.fixture
def server(any_redis_server):
    return any_redis_server()


@pytest.fixture
def admin(server):
    with Redis(port=server.port, decode_responses=True) as admin:
        yield admin


def look(url: str) -> dict[str, Check]:
    with connect(url, timeout_seconds=1) as client:
        checks = list(use_checks(client, url, "clicks:stream", "analytics-group", "clicks:dead"))
    return {check.name: check for check in checks}


def hopline_rights() -> list[str]:
    """Return what deploy/redis/hopline-users.conf grants the user hopline."""
    line = re.search(r"^user hopline on \S+ (.*)$", USERS.read_text(), re.MULTILINE)
    return line[1].split()


def as_user(server, admin, *rights: str) -> str:
    admin.execute_command("ACL", "SETUSER", "hopline", "reset", "on", ">x", *rights)
    return server.url.replace("redis://", "redis://hopline:x@")


def test_looking_changes_nothing_and_finds_nothing(server, admin) -> None:
    assert {check.state for check in look(server.url).values()} == {"ok"}
    assert admin.dbsize() == 0
    admin.xadd("clicks:stream", {"a": "1"})
    assert look(server.url)["redis writes"].state == "ok"
    assert admin.xlen("clicks:stream") == 1


def test_every_command_of_the_reference_is_looked_at() -> None:
    granted = {right[1:] for right in hopline_rights() if right.startswith("+")}
    looked_at = re.split(r"[;\n]", COMMANDS + OF_CLUSTER)
    words = (one.lower().split() for one in looked_at if one.strip())
    named = {"|".join(one[:2]) if one[0] in WITH_SUBCOMMANDS else one[0] for one in words}
    assert named == granted - OF_ITSELF - ASKED_IF_MAY - ONLY_WITH_REPLICAS


def test_the_reference_grants_all_that_is_needed(server, admin) -> None:
    url = as_user(server, admin, *hopline_rights())
    assert {check.state for check in look(url).values()} == {"ok"}


@pytest.mark.parametrize("command", ["xadd", "hincrby", "xack", "xtrim", "xgroup|create", "incr"])
def test_a_right_that_is_missing_is_named(server, admin, command: str) -> None:
    found = look(as_user(server, admin, *hopline_rights(), f"-{command}"))
    assert found["redis rights"].state == "fail"
    assert command.upper().replace("|", " ") in found["redis rights"].text
    assert (found["redis writes"].state == "fail") is (command == "xadd")


def test_a_key_that_may_not_be_touched_is_named(server, admin) -> None:
    rights = [right for right in hopline_rights() if right != "~visitors:salt:*"]
    assert (
        "SET visitors:salt:1970-01-01" in look(as_user(server, admin, *rights))["redis rights"].text
    )


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"min-replicas-to-write": "1"}, "min-replicas-to-write"),
        ({"maxmemory": "1"}, "more memory"),
    ],
)
def test_a_server_that_takes_no_writes_is_told_of(server, admin, settings, words: str) -> None:
    for name, value in settings.items():
        admin.config_set(name, value)
    check = look(server.url)["redis writes"]
    assert (check.state, words in check.mend) == ("fail", True)


def test_a_replica_and_a_paused_server_are_told_of(server, admin) -> None:
    admin.execute_command("CLIENT", "PAUSE", 2_500, "WRITE")
    assert "CLIENT UNPAUSE" in look(server.url)["redis writes"].mend
    admin.execute_command("CLIENT", "UNPAUSE")
    admin.replicaof("127.0.0.1", 1)
    assert "master" in look(server.url)["redis writes"].mend
