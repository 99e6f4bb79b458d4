from tests.support.producers import STREAM, send_clicks
from tests.support.worker_processes import Workers, wait_until
from tests.support.workers.consuming import GROUP


def test_a_backlog_brings_one_consumer_more_which_goes_again_afterwards(
    settings, redis, redis_url, tmp_path
):
    # A click a read, so that a small backlog takes long.
    slow = {"consumers": 1, "consumers_max": 2, "batch_size": 1}
    scaled = settings.model_copy(update=slow)
    send_clicks(redis_url, 60_000)
    with Workers(
        scaled, tmp_path / "workers.log", "tests.support.workers.quick_supervisor"
    ) as workers:
        wait_until(lambda: len(workers.consumers()) == 2)
        redis.xtrim(STREAM, maxlen=0)
        redis.xgroup_setid(STREAM, GROUP, "$")
        wait_until(lambda: len(workers.consumers()) == 1)
        assert workers.stop() == 0
        assert "from now on there are 2 consumers" in workers.log
        assert "from now on there are 1 consumers" in workers.log
