"""No command shows a part of a password, whatever is wrong with a store or its URL."""

from collections.abc import Callable

import pytest

Run = Callable[..., object]

_SECRET = "hunter2"
_COMMANDS = (
    ("audit",),
    ("backup", "copy"),
    ("capacity", "--clicks-per-second", "10"),
    ("dead", "list"),
    ("doctor",),
    ("links", "list"),
    ("migrate",),
    ("settings",),
    ("settings", "--json"),
    ("stats", "demo1"),
    ("tail",),
    ("workers", "status"),
)
_PLACES = (
    ":hunter2@127.0.0.1:1",
    "bob:hunter2@localhost:1",
    "bob:hunter2#@127.0.0.1:1",
    "bob:hunter2",
    "bob:@hunter2@127.0.0.1:1",
)


@pytest.mark.parametrize("place", _PLACES)
def test_no_command_shows_a_password(
    hopline: Run, tmp_path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOPLINE_REDIS_URL", f"redis://{place}/0")
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", f"clickhouse://{place}/hopline")
    for command in _COMMANDS:
        ended = hopline(*command)
        assert _SECRET not in ended.out + ended.err, command
        assert "Traceback" not in ended.err, command
