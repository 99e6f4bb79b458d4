import socket
import threading
import time

from app.links.store import open_store
from app.local import demo
from app.local.demo_links import LINKS
from app.local.demo_visits import Visit, Visitor

VISIT = Visit(LINKS[0], Visitor("129.120.0.9", "Firefox", "en"), "https://t.co/")


def test_the_links_are_made_once_and_left_alone_afterwards(make_settings, redis_url):
    store = open_store(make_settings(redis_url=redis_url))
    assert demo.has_no_link(store)
    demo.make_links(store)
    assert not demo.has_no_link(store)
    store.update("docs", {"title": "Renamed by its owner"})
    demo.make_links(store)
    assert store.get("docs").title == "Renamed by its owner"
    assert all(store.get(link.code).target == link.target for link in LINKS)
    ages = {link.code: time.time() * 1000 - store.get(link.code).created_ms for link in LINKS}
    assert {code: int(age // 86_400_000) for code, age in ages.items()} == {
        link.code: link.age_days for link in LINKS
    }


def test_a_visit_is_a_request_with_the_visitors_headers(make_settings):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = make_settings(redirect_bind=f"127.0.0.1:{listener.getsockname()[1]}")
        listener.settimeout(5)
        visiting = threading.Thread(target=demo.try_visit, args=(settings, VISIT))
        visiting.start()
        connection, _ = listener.accept()
        with connection:
            request = connection.recv(4096).decode()
            connection.sendall(b"HTTP/1.1 302 Found\r\n\r\n")
        visiting.join()
    assert request.startswith("GET /launch HTTP/1.0\r\n")
    assert "X-Forwarded-For: 129.120.0.9\r\n" in request


def test_a_redirect_that_is_away_costs_a_pause(make_settings, free_port, caplog):
    pauses = []
    settings = make_settings(redirect_bind=f"127.0.0.1:{free_port()}")
    demo.try_visit(settings, VISIT, pause=pauses.append)
    assert pauses == [1.0]
    assert "A visit failed" in caplog.text
