"""Every example of `hopline COMMAND --help`, typed as printed beside a real `hopline up`."""

import itertools
import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from app.cli.main import COMMANDS, load_command
from app.clicks.click import Click, new_click_id, to_fields
from app.processes.child import wait_for
from app.redirect.redis.resp import encode_command
from app.redirect.spool.file import SpoolFile
from tests.support.up_process import HOPLINE, Up

#: What the help names, and what has that name only here.
_LETTER = "1790000000000-0"
_KEY = "4f9s0c2m1xqa"
_CLICK = "01981f4e5a3c7b1e9d2f00aa11bb22cc"
_VERSION = "1796084574071-0"
_RECEIVER, _WEBHOOK = "https://example.com/hook", "7d3k9w2m1xqa"
#: Nobody may be told what tests do.
_NOWHERE = "https://receiver.invalid/"
_COUNT = re.compile(r"The filter finds (\d+) links")
_BACKUPS = "/var/backups"
_LOST_SPOOL = "/mnt/var/lib/hopline/redirect/spool"


def examples(command: Any) -> Iterator[str]:
    """Yield what stands in the help of a command and of those below it."""
    lines = (line.strip() for line in (command.help or "").splitlines())
    yield from (line for line in lines if line.startswith("hopline "))
    for below in getattr(command, "commands", {}).values():
        yield from examples(below)


EXAMPLES = [line for name in COMMANDS for line in examples(load_command(name))]


@pytest.fixture
def desk(running: Up, tmp_path: Path) -> Path:
    """A folder with the files that the examples name, beside an `up` with their link and letter."""
    folder = tmp_path / "desk"
    (folder / "build").mkdir(parents=True)
    (folder / "links.csv").write_text("target,code\nhttps://example.com/,from-csv\n")
    (folder / "codes.csv").write_text("code\nin-bulk\n")
    (folder / "old.csv").write_text("Long link,Ending\nhttps://example.com/,from-old\n")
    counts = "longUrl,shortCode,visits,Aufrufe\nhttps://example.com/,demo1,1,2\n"
    (folder / "export.csv").write_text(counts)
    log = "click_id,click_time,shorturl,referrer,user_agent,ip_address,country_code\n"
    visit = "1,2026-01-01 12:00:00,demo1,direct,Mozilla/5.0,203.0.113.7,DE\n"
    (folder / "yourls_log.csv").write_text(log + visit)
    (folder / "visits.json").write_text('[{"date": "2026-01-01T12:00:00Z", "userAgent": "curl/8"}]')
    figures = {"variants": [{"name": "fast-lane", "cpu_us": 9.3, "redis_cpu_us": 2.7}]}
    (folder / "build" / "bench.json").write_text(json.dumps(figures))
    _spool_a_click(folder)
    running.add_link("in-bulk")
    running.add_link("demo1")
    running.click("demo1")
    assert running.comes_to("demo1", 1)
    return folder


def _spool_a_click(folder: Path) -> None:
    """Leave a lost host's spool there, with a click of an hour ago."""
    time_ms = time.time_ns() // 1_000_000 - 3_600_000
    click = Click(
        new_click_id(time_ms, bytes(10)),
        "demo1",
        time_ms // 1000,
        "",
        "",
        "",
        "https://example.com/",
    )
    fields = itertools.chain.from_iterable(to_fields(click).items())
    command = encode_command(b"XADD", b"clicks:stream", b"*", *map(str.encode, fields))
    file = SpoolFile(folder, 1 << 30)
    file.write([(click.click_id, command)])
    file.close()


@pytest.fixture
def redis(running: Up) -> Iterator[Redis]:
    """The Redis of `up`."""
    (url,) = (
        line.split("'")[1]
        for line in (running.data_dir / "running.env").read_text().splitlines()
        if line.startswith("HOPLINE_REDIS_URL=")
    )
    with Redis.from_url(url, decode_responses=True) as client:
        yield client


@pytest.fixture
def letter(redis: Redis) -> str:
    """The id of a dead letter that can be requeued."""
    redis.xadd("clicks:stream", {"short_code": "demo1"})
    assert wait_for(lambda: redis.xlen("clicks:dead") == 1, 60)
    return str(redis.xrange("clicks:dead")[0][0])


@pytest.fixture
def typed(
    running: Up, redis: Redis, desk: Path, tmp_path: Path, letter: str
) -> Callable[[str], str]:
    """A function that runs a line in a shell, and returns what went wrong."""
    (click_id,) = (
        fields["click_id"] for _, fields in redis.xrange("clicks:stream") if "click_id" in fields
    )
    environ = running.environ | {"PATH": f"{Path(HOPLINE).parent}:{os.environ['PATH']}"}

    def typed_in_shell(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            cwd=desk,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def run(line: str) -> str:
        here = line.replace(_LETTER, letter).replace(_BACKUPS, str(tmp_path / "backups"))
        here = here.replace(_LOST_SPOOL, str(desk)).replace(_CLICK, click_id)
        here = here.replace(_RECEIVER, _NOWHERE)
        if _VERSION in here:
            history = json.loads(typed_in_shell("hopline links history sale --json").stdout)
            here = here.replace(_VERSION, history["versions"][0]["version"])
        if _WEBHOOK in here:
            added = typed_in_shell(f"hopline webhooks add {_NOWHERE} --event link.quiet --json")
            here = here.replace(_WEBHOOK, json.loads(added.stdout)["id"])
        if _KEY in here:
            # One that no other example has revoked.
            added = typed_in_shell("hopline keys add example --scope links:read --json")
            here = here.replace(_KEY, json.loads(added.stdout)["id"])
        done = typed_in_shell(here)
        if found := _COUNT.search(done.stderr):
            # The help's number stands for what the filter finds, which it tells.
            here = re.sub(r"--expect \d+", f"--expect {found[1]}", here)
            done = typed_in_shell(here)
        return f"{line}: {done.returncode}: {done.stderr}" if done.returncode else ""

    return run


@pytest.mark.timeout(300)
def test_every_example_of_the_help_does_what_it_says(typed: Callable[[str], str]) -> None:
    assert len(EXAMPLES) > 20
    # Links first, as others name them; what erases last.
    order = sorted(EXAMPLES, key=lambda line: (" erase " in line, " links " not in line))
    wrong = [told for line in order if (told := typed(line))]
    assert wrong == [], "\n".join(wrong)
