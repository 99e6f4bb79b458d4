from dataclasses import replace

import pytest

from app.cli.checks.forecast import Bounds, Costs, forecast, measured_costs

COSTS = Costs(
    redirect_us=20,
    redis_write_us=5,
    consumer_us=40,
    redis_read_us=5,
    clickhouse_us=5,
    entry_bytes=400,
    largest_entry_bytes=4000,
    spool_bytes=1000,
    largest_spool_bytes=5000,
    disk_bytes=50,
)
BOUNDS = Bounds(stream_maxlen=1_000_000, spool_max_bytes=10**9, replay_horizon_seconds=86_400)


def test_processes_are_half_busy_at_most():
    found = forecast(50_000, COSTS, BOUNDS)
    # 20 µs, 50,000 times, are one core, and half of each is used.
    assert (found.redirect_workers, found.consumers) == (2, 4)
    assert forecast(50_001, COSTS, BOUNDS).redirect_workers == 3


def test_one_click_a_second_needs_one_of_each():
    found = forecast(1, COSTS, BOUNDS)
    assert (found.redirect_workers, found.consumers) == (1, 1)


def test_the_stream_is_as_long_as_its_horizon_or_its_bound():
    assert forecast(10, COSTS, BOUNDS).redis_bytes == 864_000 * 400
    assert forecast(1000, COSTS, BOUNDS).redis_bytes == 1_000_000 * 400


def test_redis_memory_is_what_keeps_finished_clicks_to_their_horizon():
    found = forecast(10, COSTS, BOUNDS)
    assert found.maxmemory_bytes == pytest.approx(864_000 * 400 / 0.65)
    # A tenth as many of ten times the size.
    assert found.largest_retained_seconds == pytest.approx(8_640)


def test_the_largest_clicks_fill_memory_before_the_stream_and_then_the_spool():
    found = forecast(1000, COSTS, BOUNDS)
    in_memory = 1_000_000 * 400 / 0.65 * 0.8 / 4000
    assert found.largest_outage_minutes == pytest.approx((in_memory + 200_000) / 1000 / 60)
    ample = replace(COSTS, entry_bytes=4000)
    assert forecast(1000, ample, BOUNDS).largest_outage_minutes == pytest.approx(1000 / 60)


def test_an_outage_fills_the_stream_to_its_mark_and_then_every_hosts_spool():
    one, two = forecast(1000, COSTS, BOUNDS), forecast(1000, COSTS, BOUNDS, hosts=2)
    assert one.outage_in_stream_minutes == pytest.approx(800_000 / 1000 / 60)
    assert one.outage_minutes == pytest.approx((800_000 + 1_000_000) / 1000 / 60)
    assert two.outage_minutes == pytest.approx((800_000 + 2_000_000) / 1000 / 60)


def test_an_hours_backlog_is_worked_off_with_what_is_left():
    # Four consumers do 100,000 a second, of which new clicks take half.
    assert forecast(50_000, COSTS, BOUNDS).catch_up_minutes == pytest.approx(60)


def test_disk_grows_with_the_clicks():
    found = forecast(100, COSTS, BOUNDS)
    assert found.disk_bytes_per_million == 50_000_000
    assert found.disk_bytes_per_day == 100 * 86_400 * 50


def test_redis_pays_for_writing_and_reading():
    assert forecast(10_000, COSTS, BOUNDS).redis_share == pytest.approx(0.1)


def test_costs_come_from_ones_own_benchmarks():
    bench = {
        "variants": [
            {"name": "nginx", "cpu_us": 8, "redis_cpu_us": None},
            {"name": "fast-lane", "cpu_us": 12.5, "redis_cpu_us": 4.5},
        ]
    }
    workers = {
        "runs": {
            "Hopline, 1 consumer": [
                {"cpu_us": 10, "redis_cpu_us": 3, "clickhouse_cpu_us": 2},
                {"cpu_us": 30, "redis_cpu_us": 5, "clickhouse_cpu_us": 4},
                {"cpu_us": 11, "redis_cpu_us": 4, "clickhouse_cpu_us": 3},
            ]
        }
    }
    assert measured_costs(bench, workers) == {
        "redirect_us": 12.5,
        "redis_write_us": 4.5,
        "consumer_us": 11,
        "redis_read_us": 4,
        "clickhouse_us": 3,
    }
    assert measured_costs(None, None) == {}


@pytest.mark.parametrize("bench", [{}, {"variants": []}, {"variants": [{"name": "fast-lane"}]}])
def test_other_files_are_refused(bench):
    with pytest.raises(ValueError, match="no figures of a benchmark"):
        measured_costs(bench, None)


def test_clicks_confirmed_last_are_kept_by_each_worker_up_to_a_bound():
    bounds = replace(BOUNDS, resend_seconds=4.0)
    assert forecast(10_000, COSTS, bounds).ring_bytes == pytest.approx(40_000 * 1000)
    # Three workers of a third each; but no more than the ring holds.
    assert forecast(50_001, COSTS, bounds).ring_bytes == pytest.approx(50_001 / 3 * 4000)
    assert forecast(40_000, COSTS, bounds).ring_bytes == 64 << 20


def test_links_take_memory_in_redis_and_up_to_a_bound_in_each_worker():
    costs = replace(COSTS, link_bytes=300, cached_link_bytes=800)
    few, many = (forecast(1, costs, BOUNDS, links=count) for count in (1_000, 10_000_000))
    assert (few.links_bytes, few.cached_links_bytes) == (300_000, 800_000)
    assert (many.links_bytes, many.cached_links_bytes) == (3_000_000_000, 80_000_000)


def test_visits_of_links_that_are_not_in_memory_cost_more():
    costs = replace(COSTS, unknown_link_us=40, redis_link_us=5)
    bounds = replace(BOUNDS, link_cache_size=1)
    # Of 1 + 1/2 + 1/3 + 1/4 visits the first is the kept link's.
    found = forecast(10_000, costs, bounds, links=4)
    assert found.known_share == pytest.approx(12 / 25)
    assert found.redis_share == pytest.approx(0.1 + 0.05 * 13 / 25)
    assert found.redirect_workers == 1
    assert forecast(20_000, costs, bounds, links=4).redirect_workers == 2
    assert forecast(20_000, costs, bounds, links=1).redirect_workers == 1


def test_the_share_in_memory_is_the_same_by_terms_and_by_logarithm():
    bounds = replace(BOUNDS, link_cache_size=100)
    found = forecast(1, COSTS, bounds, links=1_000_000)
    terms = [1 / rank for rank in range(1, 1_000_001)]
    assert found.known_share == pytest.approx(sum(terms[:100]) / sum(terms), rel=1e-6)


def test_redis_is_shared_by_as_many_primaries_as_leaves_each_half_idle():
    assert forecast(50_000, COSTS, BOUNDS).redis_primaries == 1
    assert forecast(50_001, COSTS, BOUNDS).redis_primaries == 2
