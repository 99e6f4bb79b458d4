"""A lost host's spool comes home, whole or not, once or twice, and nothing of it is touched."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from redis import Redis

from app.clicks.click import new_click_id
from app.redirect.redis.resp import encode_command
from app.redirect.spool.file import SpoolFile
from app.times import EPOCH
from tests.support.clicks import click_row, insert_clicks
from tests.support.servers import environ_of
from tests.support.worker_processes import wait_until

Run = Callable[..., Any]
HOPLINE = (sys.executable, "-c", "from app.cli.entry import main; main()")
HOUR_AGO_MS = round(time.time() * 1000) - 3_600_000


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        yield client


def click_id(number: int) -> bytes:
    return new_click_id(HOUR_AGO_MS + number, number.to_bytes(10, "big"))


def row(number: int, code: str = "abc") -> tuple[bytes, bytes]:
    fields = {
        "short_code": code,
        "timestamp": str((HOUR_AGO_MS + number) // 1000),
        "ip": "203.0.113.7",
        "user_agent": "Mozilla/5.0",
        "referer": "",
        "original_url": "https://example.com/",
        "click_id": click_id(number).hex(),
    }
    words = [text.encode() for pair in fields.items() for text in pair]
    return click_id(number), encode_command(b"XADD", b"old:stream", b"*", *words)


@pytest.fixture
def lost(tmp_path: Path) -> Path:
    """Return a copy of a host's spool as it was when the host was lost, log and all."""
    file = SpoolFile(tmp_path / "there", 1 << 30)
    file.write([row(number) for number in range(700)])
    file.sync()
    file.write([row(number, "xyz") for number in range(700, 1_000)])
    shutil.copytree(tmp_path / "there", tmp_path / "lost")
    (tmp_path / "lost" / "spool.db-shm").unlink()
    file.close()
    return tmp_path / "lost"


def ids_in(redis: Redis) -> list[bytes]:
    entries = redis.xrange("clicks:stream")
    return [bytes.fromhex(fields[b"click_id"].decode()) for _, fields in entries]


def content(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_the_clicks_of_a_copy_come_into_the_stream_and_the_copy_is_as_it_was(hopline, lost, redis):
    before = content(lost)
    ended = hopline("spool", "import", str(lost))
    assert ended.exit_code == 0, ended.err
    assert sorted(ids_in(redis)) == [click_id(number) for number in range(1_000)]
    assert content(lost) == before
    assert "1,000 clicks, from " in ended.out
    assert "abc: 700" in ended.out
    assert "1,000 sent to Redis" in ended.out


def test_what_is_counted_already_is_not_sent_once_more(
    hopline, lost, redis, migrated_url, monkeypatch
):
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", migrated_url)
    numbers = range(0, 1_000, 2)
    insert_clicks(
        migrated_url,
        *(
            click_row(
                EPOCH + timedelta(milliseconds=HOUR_AGO_MS + number),
                click_id=click_id(number),
                short_code="abc" if number < 700 else "xyz",
            )
            for number in numbers
        ),
    )
    ended = hopline("spool", "import", str(lost), "--json")
    told = orjson.loads(ended.out)
    assert (told["clicks"], told["in_clickhouse"], told["sent"]) == (1_000, 500, 500)
    assert sorted(ids_in(redis)) == [click_id(number) for number in range(1, 1_000, 2)]


def test_a_dry_run_says_what_is_there_and_sends_nothing(hopline, lost, redis, monkeypatch):
    monkeypatch.setenv("HOPLINE_REDIS_URL", "redis://127.0.0.1:1")
    ended = hopline("spool", "import", str(lost / "spool.db"), "--dry-run", "--json")
    told = orjson.loads(ended.out)
    assert (told["clicks"], told["sent"], told["complete"]) == (1_000, 0, True)
    assert told["links"] == {"abc": 700, "xyz": 300}
    assert not redis.exists("clicks:stream")


def test_a_file_that_a_living_process_writes_is_refused(hopline, tmp_path, redis):
    program = (
        "import sys; from pathlib import Path; from app.redirect.spool.file import SpoolFile;"
        "f = SpoolFile(Path(sys.argv[1]), 1 << 30); print(f.count(), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as living:
        living.stdout.readline()
        for name in (".", "spool.db", "spool.db-wal"):
            ended = hopline("spool", "import", str(tmp_path / name))
            assert ended.exit_code == 1
            assert f"in use by process {living.pid}" in ended.err
        living.stdin.close()
    assert not redis.exists("clicks:stream")


def test_a_file_that_is_still_being_copied_is_refused(hopline, lost, redis):
    with subprocess.Popen(
        ["sh", "-c", f"exec 5>>{lost}/spool.db; echo; read _"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as copying:
        copying.stdout.readline()
        ended = hopline("spool", "import", str(lost))
        copying.stdin.close()
    assert f"in use by process {copying.pid}" in ended.err
    assert not redis.exists("clicks:stream")


def test_of_a_damaged_file_the_rest_is_named_and_kept(hopline, lost, redis):
    path = lost / "spool.db"
    (lost / "spool.db-wal").unlink()
    broken = bytearray(path.read_bytes())
    broken[broken.index(click_id(5)) + 60] ^= 1
    path.write_bytes(broken)
    os.truncate(path, path.stat().st_size * 8 // 10)
    ended = hopline("spool", "import", str(path), "--remove")
    assert ended.exit_code == 1
    assert click_id(5).hex() in ended.err
    assert "says that it holds" in ended.err
    assert f"{path} is kept as it is" in ended.err
    assert 400 < len(ids_in(redis)) < 700
    assert path.exists()


def test_what_is_no_click_goes_to_nobody_and_is_named(hopline, tmp_path, redis):
    file = SpoolFile(tmp_path / "lost", 1 << 30)
    file.write([row(1), (click_id(2), b"no command")])
    file.close()
    ended = hopline("spool", "import", str(tmp_path / "lost"))
    assert ended.exit_code == 1
    assert f"click {click_id(2).hex()} was not taken" in ended.err
    assert ids_in(redis) == [click_id(1)]


def test_it_is_deleted_where_that_is_asked_for(hopline, lost, redis):
    assert hopline("spool", "import", str(lost), "--remove").exit_code == 0
    assert not list(lost.glob("spool.db*"))
    assert len(ids_in(redis)) == 1_000


@pytest.mark.parametrize(
    ("name", "said"),
    [("none", "No such file"), ("text", "is no spool"), (".", "no spool.db in it")],
)
def test_what_is_no_spool_is_said(hopline, tmp_path, name, said):
    (tmp_path / "text").write_bytes(b"some text")
    ended = hopline("spool", "import", str(tmp_path / name))
    assert ended.exit_code == 1
    assert said in ended.err


def test_redis_that_is_away_is_said_and_nothing_is_lost(hopline, lost, monkeypatch):
    monkeypatch.setenv("HOPLINE_REDIS_URL", "redis://127.0.0.1:1")
    ended = hopline("spool", "import", str(lost))
    assert ended.exit_code == 1
    assert "127.0.0.1:1" in ended.err
    assert (lost / "spool.db").exists()


def test_killed_and_done_again_every_click_is_there(lost, redis, redis_url, tmp_path):
    environ = environ_of(redis_url=redis_url, data_dir=tmp_path / "data")
    slowly = environ | environ_of(spool_drain_per_second=50)
    command = [*HOPLINE, "spool", "import", str(lost)]
    with subprocess.Popen(command, env=slowly, stderr=subprocess.DEVNULL) as first:
        wait_until(lambda: redis.xlen("clicks:stream") >= 100)
        first.send_signal(signal.SIGKILL)
    assert 100 <= redis.xlen("clicks:stream") < 1_000
    subprocess.run(command, env=environ, check=True, capture_output=True)
    assert set(ids_in(redis)) == {click_id(number) for number in range(1_000)}


def test_a_full_stream_is_waited_for_and_nothing_in_it_is_trimmed(lost, redis, redis_url, tmp_path):
    environ = environ_of(redis_url=redis_url, data_dir=tmp_path / "data", stream_maxlen=1_000)
    redis.xgroup_create("clicks:stream", "analytics-group", "0", mkstream=True)
    for _ in range(900):
        redis.xadd("clicks:stream", {"click_id": "00" * 16})
    command = [*HOPLINE, "spool", "import", str(lost)]
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as importing:
        said = ""
        while "waiting" not in said:
            said = importing.stderr.readline()
            assert said
        assert "the stream is full" in said
        assert redis.xlen("clicks:stream") == 900
        importing.send_signal(signal.SIGINT)
        assert importing.wait(60) == 130


def test_what_waits_here_is_shown(hopline, tmp_path):
    assert hopline("spool").exit_code == 0
    file = SpoolFile(tmp_path / "spool", 1 << 30)
    file.write([row(number) for number in range(3)])
    file.close()
    told = orjson.loads(hopline("spool", "--json").out)
    assert (told["clicks"], told["in_use"]) == (3, False)
    ended = hopline("spool")
    assert "clicks\t3" in ended.out
    assert "no redirect runs on it" in ended.err
