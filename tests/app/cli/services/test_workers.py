import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from app.health.worker_status import ConsumerState, WorkersState, WorkerStates
from app.stores.redis.client import connect

Run = Callable[..., object]
READING = ConsumerState(1, 4711, "web-1-ab", "reading", 1234.5, 99, 3.2, 2, 150_000_000)
NOBODY = ConsumerState(2, None, None, "crash loop", 0.0, 0, None, 5, None)
STATE = WorkersState("web", 4700, "running", 2, 12, 3, (READING, NOBODY))


@pytest.fixture
def states(redis_url: str) -> WorkerStates:
    with connect(redis_url, timeout_seconds=30) as client:
        yield WorkerStates(client, redis_url, "clicks:stream", "analytics-group")


def test_no_workers_is_a_failure(hopline: Run) -> None:
    ended = hopline("workers", "status")
    assert ended.exit_code == 1
    assert ended.err == "hopline: no workers are running: start them with `hopline workers`\n"


def test_no_workers_is_an_empty_list_in_json(hopline: Run) -> None:
    ended = hopline("workers", "status", "--json")
    assert ended.exit_code == 1
    assert json.loads(ended.out) == {"workers": []}


def test_each_consumer_of_each_host_has_a_line(hopline: Run, states: WorkerStates) -> None:
    states.publish(STATE, STATE.name)
    states.publish(WorkersState("mail", 4800, "draining", 1, None, None, (READING,)), "mail-4800")
    ended = hopline("workers", "status")
    assert ended.exit_code == 0
    head, *lines = (line.split("\t") for line in ended.out.splitlines())
    assert [dict(zip(head, line, strict=True)) for line in lines] == [
        _shown("mail", "draining", "-"),
        _shown("web", "running", "12"),
        {
            **_shown("web", "running", "12"),
            "CONSUMER": "2",
            "PROCESS": "-",
            "STATE": "crash loop",
            "CLICKS/S": "0",
            "LAST INSERT": "-",
            "RESTARTS": "5",
            "MEMORY": "-",
        },
    ]


def test_with_shards_it_is_shown_which_stream_each_reads(
    hopline: Run, states: WorkerStates
) -> None:
    sharded = replace(READING, stream="clicks:stream:{u0}")
    states.publish(WorkersState("web", 4700, "running", 1, 12, 3, (sharded,)), "web-1")
    head, line = (line.split("\t") for line in hopline("workers", "status").out.splitlines())
    assert dict(zip(head, line, strict=True))["STREAM"] == "clicks:stream:{u0}"
    (found,) = json.loads(hopline("workers", "status", "--json").out)["workers"]
    assert found["consumers"][0]["stream"] == "clicks:stream:{u0}"


def _shown(host: str, state: str, lag: str) -> dict[str, str]:
    return {
        "HOST": host,
        "WORKERS": state,
        "CONSUMER": "1",
        "PROCESS": "4711",
        "STATE": "reading",
        "CLICKS/S": "1,234",
        "LAG": lag,
        "LAST INSERT": "3 s ago",
        "RESTARTS": "2",
        "MEMORY": "150 MB",
    }


def test_json_has_every_field(hopline: Run, states: WorkerStates) -> None:
    states.publish(STATE, STATE.name)
    (found,) = json.loads(hopline("workers", "status", "--json").out)["workers"]
    assert (found["host"], found["pid"], found["wanted"]) == ("web", 4700, 2)
    assert (found["lag"], found["pending"]) == (12, 3)
    assert found["consumers"][0] == {
        "number": 1,
        "pid": 4711,
        "name": "web-1-ab",
        "state": "reading",
        "clicks_per_second": 1234.5,
        "clicks": 99,
        "last_insert_seconds": 3.2,
        "restarts": 2,
        "memory_bytes": 150_000_000,
    }
