"""A spool that somebody deletes while no redirect worker runs, with the clicks in it."""

import re
import shutil

import redis

from app.audit.spool import spooled
from app.health.system.examination import examine
from app.links.link import Link, encode
from app.stores.keys import link_key
from tests.support.redirect_servers import RedirectServer

_VISIT = b"GET /abc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def test_the_next_start_and_doctor_say_how_many_clicks_went_with_it(
    tmp_path, valkey_server, make_settings
):
    store = valkey_server()
    with redis.Redis.from_url(store.url) as client:
        link = Link(code="abc", target="https://a.example/", created_ms=1, updated_ms=1)
        client.set(link_key("abc"), encode(link))
    directory = tmp_path / "redirect"
    with RedirectServer(directory, store.url) as server:
        server.exchange(_VISIT)
        store.stop()
        for _ in range(5):
            assert b" 302 " in server.exchange(_VISIT)
        server.stop()
        waiting = sum(1 for _ in spooled(directory / "spool"))
        assert waiting >= 5
        shutil.rmtree(directory / "spool")
        store.start()
        server.start()
        said = (directory / "output.log").read_text()
    assert re.search(rf"/spool was deleted, and {waiting} clicks with it", said)
    settings = make_settings(data_dir=directory, redis_url=store.url)
    (spool,) = (check for check in examine(settings) if check.name == "spool")
    assert spool.state == "fail"
    assert f"{waiting} clicks with it" in spool.text
