import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.exports.clicks import COLUMNS
from app.stores.clickhouse.connection import connect
from tests.support.clicks import NOON, bot_row, click_row, insert_clicks
from tests.support.worker_processes import wait_until

RUN = [sys.executable, "-c", "from app.cli.main import main; main()", "export"]


@pytest.fixture
def url(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A migrated database that the command reads."""
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", migrated_url)
    with connect(migrated_url, timeout_seconds=30) as client:
        client.execute("SYSTEM STOP MERGES clicks")
    return migrated_url


def fill(url: str, count: int) -> None:
    """Insert clicks of two months and 50 links, each twice."""
    names = [name for name in COLUMNS if name not in ("time", "click_id", "short_code", "ip")]
    texts = [name for name in names if name not in ("is_bot", "visitor_id")]
    with connect(url, timeout_seconds=60) as client:
        for _ in range(2):
            client.execute(
                f"INSERT INTO clicks (click_id, time, short_code, ip, is_bot, visitor_id,"
                f" {', '.join(texts)}, enriched_at)"
                " SELECT unhex(leftPad(hex(number), 32, '0')),"
                " fromUnixTimestamp64Milli(1777000000000 + number * 60000),"
                " concat('code', toString(number % 50)), '::', number % 2, number,"
                f" {', '.join(['toString(number)'] * len(texts))}, now64()"
                f" FROM numbers({count})"
            )


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_click_is_written_once_with_its_newest_enrichment(
    hopline: Callable[..., Any], url: str
) -> None:
    row = click_row(country="")
    insert_clicks(url, row, bot_row(NOON + timedelta(minutes=1), short_code="b"))
    insert_clicks(url, row, row | {"country": "FR", "enriched_at": NOON + timedelta(hours=1)})
    ended = subprocess.run(
        [*RUN, "--all", "--format=ndjson"], capture_output=True, check=True, timeout=60
    )
    assert ended.stderr == b""
    one, other = map(json.loads, ended.stdout.splitlines())
    assert (one["short_code"], one["country"], one["is_bot"]) == ("abc", "FR", False)
    assert one["time"] == "2026-05-10T12:00:00.000Z"
    assert one["click_id"] == row["click_id"].hex()
    assert one["visitor_id"] == str(row["visitor_id"])
    assert (other["short_code"], other["is_bot"], other["bot"]) == ("b", True, "Googlebot")


@pytest.mark.parametrize("to", [["--to", "clicks.csv"], []])
def test_a_log_is_told_how_far_an_export_is(
    hopline: Callable[..., Any],
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    to: list[str],
) -> None:
    insert_clicks(url, click_row(), click_row(NOON + timedelta(days=40)))
    monkeypatch.setattr("app.terminal.progress._LOG_SECONDS", 0.0)
    monkeypatch.chdir(tmp_path)
    ended = hopline("export", "--all", *to)
    assert ended.exit_code == 0
    assert "1 of 2 clicks, 50 %, 0 s left" in ended.err


def test_scope_period_and_filter_say_which_clicks(
    hopline: Callable[..., Any], url: str, tmp_path: Path
) -> None:
    days = [NOON + timedelta(days=day) for day in range(3)]
    insert_clicks(url, *(click_row(day, country=name) for day in days for name in ("DE", "FR")))
    insert_clicks(url, click_row(days[1], short_code="other"))
    path = tmp_path / "clicks.csv"
    question = ["--since=2026-05-11", "--until=2026-05-12", "--filter", "country=DE"]
    ended = hopline("export", "abc", *question, "--to", str(path))
    assert ended.out == f"1 clicks are in {path}\n"
    [found] = csv.DictReader(io.StringIO(path.read_text(), newline=""))
    assert (found["time"], found["country"]) == ("2026-05-11T12:00:00.000Z", "DE")
    assert path.stat().st_mode & 0o077 == 0
    assert list(tmp_path.glob("*.part*")) == []


@pytest.mark.parametrize("name", ["clicks.csv", "clicks.ndjson", "clicks.parquet"])
def test_an_export_that_is_killed_goes_on_to_the_same_file(
    hopline: Callable[..., Any],
    url: str,
    tmp_path: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill(url, 20_000)
    whole, broken = tmp_path / name, tmp_path / f"broken-{name}"
    until = datetime.now(UTC).isoformat()
    question = ["--all", "--until", until]
    assert hopline("export", *question, "--to", str(whole)).exit_code == 0
    environment = os.environ | {"HOPLINE_CLICKHOUSE_URL": url}
    process = subprocess.Popen([*SLOW, *question, "--to", str(broken)], env=environment)
    note = tmp_path / f"{broken.name}.part.json"
    wait_until(lambda: note.exists() and json.loads(note.read_text())["rows"])
    assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not broken.exists()
    again = hopline("export", "--all", "--to", str(broken))
    assert again.exit_code == 1
    assert "go on with --resume, or delete it" in again.err
    ended = hopline("export", "--resume", "--to", str(broken))
    assert (ended.exit_code, ended.out) == (0, f"20,000 clicks are in {broken}\n")
    if name.endswith("parquet"):
        assert parquet_ids(url, broken) == parquet_ids(url, whole)
    else:
        assert broken.read_bytes() == whole.read_bytes()


#: The command, which notes its progress after its first block, and then waits to be killed.
SLOW = [
    sys.executable,
    "-c",
    "import time; from app.exports import part; part._BLOCKS_BETWEEN = 1; keep = part.Part._keep\n"
    "part.Part._keep = lambda *what: (keep(*what), time.sleep(600 if what[-1].rows else 0))\n"
    "from app.cli.main import main; main()",
    "export",
]


def parquet_ids(url: str, path: Path) -> list[str]:
    with connect(url, timeout_seconds=30) as client:
        rows = client.execute(
            "SELECT click_id FROM file({path:String}, Parquet) ORDER BY click_id",
            {"path": str(path)},
        )
    return [click_id for (click_id,) in rows]


def test_an_export_to_a_pipe_goes_on_behind_a_place(
    hopline: Callable[..., Any], url: str, tmp_path: Path
) -> None:
    fill(url, 500)
    whole, rest = tmp_path / "whole.ndjson", tmp_path / "rest.ndjson"
    hopline("export", "--all", "--to", str(whole))
    clicks = lines(whole)
    keys = [(each["time"][:7], each["short_code"], each["time"]) for each in clicks]
    assert (len(clicks), keys) == (500, sorted(keys))
    last = clicks[199]
    moment = datetime.fromisoformat(last["time"]).timestamp()
    place = f"{round(moment * 1000)}-{last['click_id']}-{last['short_code']}"
    hopline("export", "--all", "--after", place, "--to", str(rest))
    assert lines(rest) == clicks[200:]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "say which links: by their codes, --tag or --all"),
        (["--all", "--after", "x"], "--after: 'x' is no place in an export"),
        (["--all", "--filter", "x"], "--filter: can't be read at 'x'"),
        (["--all", "--since", "2099-01-01"], "--since: '2099-01-01' is yet to come"),
        (["--resume"], "--resume: say which file by --to"),
        (["--resume", "--to", "x.csv", "--all"], "--resume: it takes the question"),
        (["--all", "--format", "xml"], "xml"),
    ],
)
def test_what_cannot_be_exported_says_why(
    hopline: Callable[..., Any], url: str, arguments: list[str], complaint: str
) -> None:
    ended = hopline("export", *arguments)
    assert ended.exit_code == 2
    assert complaint in ended.err


@pytest.mark.parametrize(
    ("note", "complaint"),
    [
        (None, "is not there: nothing to resume"),
        ("{", "can't be read: delete it, and begin anew"),
        ('{"moon": 1}', "can't be read: delete it, and begin anew"),
        ('{"question": {}, "size_bytes": 9}', "was cut off: delete it, and begin anew"),
    ],
)
def test_a_part_that_cannot_be_gone_on_with_says_why(
    hopline: Callable[..., Any], url: str, tmp_path: Path, note: str | None, complaint: str
) -> None:
    if note is not None:
        (tmp_path / "x.csv.part").write_text("")
        (tmp_path / "x.csv.part.json").write_text(note)
    ended = hopline("export", "--resume", "--to", str(tmp_path / "x.csv"))
    assert ended.exit_code == 1
    assert complaint in ended.err


def test_what_is_whole_is_not_gone_on_with(
    hopline: Callable[..., Any], url: str, tmp_path: Path
) -> None:
    to = tmp_path / "x.csv"
    (tmp_path / "x.csv.part.json").write_text("{}")  # left by a kill after it got its name
    assert hopline("export", "--all", "--to", str(to)).exit_code == 0
    before = to.read_bytes()
    (tmp_path / "x.csv.part.json").write_text("{}")
    ended = hopline("export", "--resume", "--to", str(to))
    assert (ended.exit_code, ended.out) == (0, f"{to} is whole already\n")
    assert to.read_bytes() == before


@pytest.mark.parametrize("options", [("--all",), ("--resume",)])
def test_no_file_takes_the_place_of_a_pipe(
    hopline: Callable[..., Any], url: str, tmp_path: Path, options: tuple[str, ...]
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    ended = hopline("export", *options, "--to", str(pipe))
    assert ended.exit_code == 1
    assert "is no file: leave out --to" in ended.err
    assert pipe.is_fifo()


def test_what_a_link_leads_to_is_replaced(
    hopline: Callable[..., Any], url: str, tmp_path: Path
) -> None:
    link, file = tmp_path / "link.csv", tmp_path / "file.csv"
    link.symlink_to(file)
    file.write_text("before")
    assert hopline("export", "--all", "--to", str(link)).exit_code == 0
    assert link.is_symlink()
    assert "before" not in file.read_text()


def test_a_folder_that_is_not_there_is_named(
    hopline: Callable[..., Any], url: str, tmp_path: Path
) -> None:
    ended = hopline("export", "--all", "--to", str(tmp_path / "nowhere" / "x.csv"))
    assert ended.exit_code == 1
    assert "x.csv can't be written: No such file or directory" in ended.err


def test_memory_does_not_grow_with_the_clicks(url: str, tmp_path: Path) -> None:
    fill(url, 75_000)
    measured = (
        "import resource; from app.cli.main import main\n"
        "try: main()\n"
        "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )

    def most_kilobytes(*arguments: str) -> int:
        ended = subprocess.run(
            [sys.executable, "-c", measured, "export", *arguments],
            env=os.environ | {"HOPLINE_CLICKHOUSE_URL": url},
            capture_output=True,
            check=True,
            timeout=200,
        )
        return int(ended.stdout.split()[-1])

    few = most_kilobytes("code0", "--to", str(tmp_path / "few.parquet"))
    all_ = most_kilobytes("--all", "--to", str(tmp_path / "all.parquet"))
    assert all_ - few < 50_000
