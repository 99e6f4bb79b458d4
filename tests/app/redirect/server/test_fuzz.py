from tests.support.server.fuzz import fuzz
from tests.support.server.gunicorn_server import Gunicorn


def test_whatever_is_sent_nothing_breaks_and_every_answer_belongs_to_its_request(tmp_path):
    with Gunicorn(tmp_path) as server:
        before = server.workers()
        statuses, wrong = fuzz(server, 5000, seed=1)
        assert wrong == []
        assert statuses[302] > 2000
        assert server.workers() == before
        assert "Traceback" not in server.log
