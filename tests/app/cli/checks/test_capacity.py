import json

import pytest


def test_a_person_reads_what_is_needed_and_why(hopline):
    done = hopline("capacity", "--clicks-per-second", "2000")
    assert done.exit_code == 0
    lines = dict(line.split("\t")[:2] for line in done.out.splitlines())
    assert lines["redirect workers"] == "1"
    assert lines["redirect worker, clicks confirmed last"] == "5 MB"
    assert lines["Redis, memory for the stream"] == "353 MB"
    assert lines["Redis, maxmemory"] == "543 MB"
    assert lines["if all clicks were of the largest"] == "kept for 0.9 minutes"
    assert lines["disk for a million clicks"] == "66 MB"


def test_a_program_reads_the_same_and_what_it_was_made_from(hopline):
    found = json.loads(hopline("capacity", "--clicks-per-second", "2000", "--json").out)
    assert found["redirect_workers"] == 1
    assert found["outage_minutes"] > found["outage_in_stream_minutes"] > 0
    assert found["costs"]["redirect_us"] == 12.0
    assert found["bounds"]["stream_maxlen"] == 1_000_000


def test_figures_of_ones_own_are_used(hopline, tmp_path):
    path = tmp_path / "bench.json"
    path.write_text(
        json.dumps({"variants": [{"name": "fast-lane", "cpu_us": 400, "redis_cpu_us": 5}]})
    )
    done = hopline("capacity", "--clicks-per-second", "2000", "--bench", str(path))
    assert "redirect workers\t2\t400 µs" in done.out


def test_a_file_that_is_none_of_ours_is_wrong_usage(hopline, tmp_path):
    path = tmp_path / "bench.json"
    path.write_text("{}")
    done = hopline("capacity", "--clicks-per-second", "1", "--bench", str(path))
    assert done.exit_code == 2
    assert "no figures of a benchmark" in done.err


def test_a_rate_beyond_one_redis_is_said(hopline):
    done = hopline("capacity", "--clicks-per-second", "100000")
    assert "too much for one Redis" in done.out
    assert "2 primaries of a cluster" in done.out


def test_links_that_find_no_room_in_memory_are_said(hopline):
    done = hopline("capacity", "--clicks-per-second", "2000", "--links", "10000000")
    assert "38 µs more for the 28% whose link isn't in memory" in done.out
    assert "Redis, memory for links\t3,340 MB" in done.out
    assert "isn't in memory" not in hopline("capacity", "--clicks-per-second", "2000").out


def test_no_clicks_are_wrong_usage(hopline):
    assert hopline("capacity", "--clicks-per-second", "0").exit_code == 2


@pytest.mark.parametrize("rate", ["inf", "nan", "-inf"])
def test_a_rate_that_is_no_number_is_wrong_usage(hopline, rate):
    ended = hopline("capacity", "--clicks-per-second", rate)
    assert (ended.exit_code, ended.out) == (2, "")
    assert "--clicks-per-second" in ended.err
