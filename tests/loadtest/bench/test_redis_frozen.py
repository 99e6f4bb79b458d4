from loadtest.bench import redis_frozen
from loadtest.bench.load.open_loop import Generator, compiled
from loadtest.bench.load.seed import seed
from loadtest.bench.machine.placement import Placement, available_cores
from loadtest.bench.machine.redis_server import running_redis
from loadtest.bench.redis_frozen import freeze_under_load
from loadtest.bench.servers.server import Launcher
from loadtest.bench.servers.variants import select

CORES = tuple(available_cores())
PLACEMENT = Placement(CORES, CORES, CORES)


def test_visitors_of_a_frozen_redis_are_answered_and_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(redis_frozen, "FROZEN_SECONDS", 0.6)
    monkeypatch.setattr(redis_frozen, "_WARM_UP_SECONDS", 0.5)
    monkeypatch.setattr(redis_frozen, "_BEFORE_SECONDS", 0.2)
    monkeypatch.setattr(redis_frozen, "_AFTER_SECONDS", 0.2)
    (variant,) = select("fast-lane")
    with running_redis(tmp_path, CORES) as redis:
        seed(redis.url, redis.client)
        with Launcher(redis, tmp_path).launch(variant, CORES) as server:
            generator = Generator(compiled(tmp_path), CORES)
            run = freeze_under_load(server, redis, generator, PLACEMENT, 200, tmp_path)
    assert run.answered == 300
    assert (run.errors, run.lost) == (0, 0)
    assert run.max_ms < 600
