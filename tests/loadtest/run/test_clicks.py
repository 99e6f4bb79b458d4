import itertools
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from loadtest.run import clicks
from loadtest.run.clicks import Console, ConsoleFailed, count, quiet_count, settled_count


def test_as_many_clicks_as_redirects_are_exact():
    counted = count({"a": 5, "b": 0}, {"a": 8, "b": 1}, {"a": 3, "b": 1}, {})
    assert counted.is_exact
    assert (counted.redirects, counted.clicks) == (4, 4)


def test_a_click_lost_here_is_not_made_up_for_by_one_too_many_there():
    counted = count({}, {"a": 2, "b": 2}, {"a": 3, "b": 1}, {})
    assert counted.redirects == counted.clicks
    assert counted.lost == {"a": 1}
    assert counted.surplus == {"b": 1}
    assert not counted.is_exact


def test_a_click_on_a_code_that_never_redirects_is_too_many():
    assert count({"gone": 0}, {"gone": 1}, {}, {}).surplus == {"gone": 1}


def test_a_request_without_an_answer_may_be_a_click_or_not():
    assert count({}, {"a": 3}, {"a": 3}, {"a": 1}).is_exact
    assert count({}, {"a": 4}, {"a": 3}, {"a": 1}).is_exact
    assert count({}, {"a": 5}, {"a": 3}, {"a": 1}).surplus == {"a": 1}
    assert count({}, {"a": 2}, {"a": 3}, {"a": 1}).lost == {"a": 1}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(clicks, "_AGAIN_SECONDS", 0.001)
    monkeypatch.setattr(clicks, "_LAST_LOOK_SECONDS", 0.001)


def test_clicks_on_their_way_are_waited_for():
    numbers = itertools.chain([1, 2], itertools.repeat(3))
    counted, _ = settled_count(
        lambda codes: {c: next(numbers) for c in codes}, {}, {"a": 3}, {}, 30
    )
    assert counted.is_exact


def test_clicks_that_never_come_are_lost():
    counted, _ = settled_count(lambda codes: dict.fromkeys(codes, 2), {}, {"a": 3}, {}, 0.05)
    assert counted.lost == {"a": 1}


def test_a_click_that_came_twice_after_all_was_well_is_seen():
    numbers = itertools.chain([3], itertools.repeat(4))
    counted, _ = settled_count(
        lambda codes: {c: next(numbers) for c in codes}, {}, {"a": 3}, {}, 30
    )
    assert counted.surplus == {"a": 1}


def test_a_console_that_is_away_for_a_while_is_asked_again():
    answers = iter([ConsoleFailed("away"), {"a": 3}, {"a": 3}])

    def ask(_):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert settled_count(ask, {}, {"a": 3}, {}, 30)[0].is_exact


def growing(*numbers):
    """A console that counts so many clicks of each code, one number after another."""
    left = iter(numbers)
    return lambda codes: dict.fromkeys(codes, next(left))


def test_clicks_of_an_earlier_run_are_waited_for_before_the_next():
    assert quiet_count(growing(3, 5, 6, 6), ["a"]) == ({"a": 6}, True)


def test_somebody_else_on_the_links_is_noticed_before_the_run(monkeypatch):
    monkeypatch.setattr(clicks, "_QUIET_SECONDS", 0.01)
    numbers = itertools.count()
    _, is_alone = quiet_count(lambda codes: dict.fromkeys(codes, next(numbers)), ["a"])
    assert not is_alone


def test_somebody_else_on_the_links_is_noticed_after_the_run():
    numbers = itertools.count(3)
    counted, is_alone = settled_count(
        lambda codes: dict.fromkeys(codes, next(numbers)), {}, {"a": 3}, {}, 30
    )
    assert counted.surplus
    assert not is_alone


def test_a_click_counted_twice_is_nobody_elses():
    counted, is_alone = settled_count(growing(*[4] * 9), {}, {"a": 3}, {}, 30)
    assert counted.surplus == {"a": 1}
    assert is_alone


@pytest.fixture
def console_server():
    """A console below a path, as behind a proxy, where "a" has clicks; yields its URL.

    It has no link "gone", and is none to whoever asks about "b", "c" or "d".
    """
    odd = {"b": [], "c": {"by": {}}, "d": {"by": {"link": {"top": [{"name": "d"}]}}}}
    top = [{"name": "a", "clicks": 7}]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            url = urlsplit(self.path)
            codes = parse_qs(url.query).get("code", [])
            status = 200 if url.path == "/hopline/api/v1/stats" else 403
            status = 404 if status == 200 and "gone" in codes and "a" not in codes else status
            told = odd.get(codes[0], {"by": {"link": {"top": top if "a" in codes else []}}})
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hopline/"
        server.shutdown()
        thread.join()


def test_a_console_may_lie_below_a_path(console_server):
    assert Console(console_server).clicks(["a"]) == {"a": 7}


def test_all_codes_are_asked_for_a_few_requests_long(console_server):
    codes = [f"code-{number}" for number in range(100)]
    asked = [*codes, "a", "gone"]
    assert Console(console_server).clicks(asked) == {**dict.fromkeys(codes, 0), "a": 7, "gone": 0}
    assert Console(console_server).clicks(["gone"]) == {"gone": 0}


@pytest.mark.parametrize(
    ("path", "code", "told"),
    [
        ("", "a", "the console answered 403"),
        ("hopline/", "b", "answered with no JSON object"),
        ("hopline/", "c", "told no number of clicks"),
        ("hopline/", "d", "told no number of clicks"),
    ],
)
def test_a_console_that_does_not_tell_is_told_of_in_one_sentence(
    console_server, capfd, path, code, told
):
    with pytest.raises(ConsoleFailed, match=told):
        Console(console_server.removesuffix("hopline/") + path).clicks([code, code])
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("token", "told"),
    [
        ("secret-1\nsecret-2", "can't be asked: HOPLINE_CONSOLE_TOKEN"),
        ("secret-\N{EURO SIGN}\n", "the console answered 403"),
    ],
)
def test_a_token_that_can_not_be_sent_is_not_repeated(
    console_server, monkeypatch, capfd, token, told
):
    monkeypatch.setenv("HOPLINE_CONSOLE_TOKEN", token)
    with pytest.raises(ConsoleFailed, match=told) as failed:
        Console(console_server.removesuffix("hopline/")).clicks(["a"])
    assert "secret" not in str(failed.value) + capfd.readouterr().err
