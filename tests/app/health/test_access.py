import pytest

from app.health.access import door_checks, judge_trust

TOKEN = "sixteen-characters-and-more"


@pytest.mark.parametrize(
    ("has_keys", "given", "states"),
    [
        (False, {}, ("ok", "ok", "ok")),
        (False, {"console_bind": "0.0.0.0:8081"}, ("fail", "ok", "ok")),
        (True, {"console_bind": "0.0.0.0:8081"}, ("ok", "ok", "ok")),
        (False, {"console_bind": "0.0.0.0:8081", "console_token": TOKEN}, ("ok", "ok", "ok")),
        (False, {"workers_metrics_bind": "10.0.0.1:9181"}, ("ok", "ok", "fail")),
        (
            False,
            {"workers_metrics_bind": "10.0.0.1:9181", "metrics_open": True},
            ("ok", "ok", "warn"),
        ),
        (False, {"redirect_metrics_bind": "[::]:9180", "metrics_token": TOKEN}, ("ok", "ok", "ok")),
        (False, {"redirect_metrics_bind": "[::]:9180"}, ("ok", "fail", "ok")),
    ],
)
def test_what_others_could_read_without_a_token_is_found(make_settings, has_keys, given, states):
    checks = list(door_checks(make_settings(**given), has_keys=has_keys))
    assert tuple(check.state for check in checks) == states
    assert all(bool(check.mend) == (check.state != "ok") for check in checks)


@pytest.mark.parametrize(
    ("trusted", "state", "text"),
    [
        ((), "warn", "CF-Connecting-IP is believed from nobody"),
        (("10.0.0.0/8",), "ok", "10.0.0.0/8, by CF-Connecting-IP"),
    ],
)
def test_a_header_that_nobody_is_believed_by_is_found(trusted, state, text):
    check = judge_trust(trusted, ("10.0.0.1:8080",), "CF-Connecting-IP")
    assert (check.state, bool(check.mend)) == (state, state != "ok")
    assert text in check.text


@pytest.mark.parametrize(
    ("trusted", "listening", "state"),
    [
        ((), ("127.0.0.1:8080",), "ok"),
        (("unix:",), ("unix:/run/a.sock", "/run/a.sock", "127.0.0.1:8080"), "ok"),
        (("10.0.0.0/8",), ("0.0.0.0:8080",), "ok"),
        (("127.0.0.1/32",), ("unix:/run/a.sock", "/run/a.sock"), "ok"),
        (("127.0.0.1/32",), ("unix:/run/a.sock", "/run/a.sock", "127.0.0.1:8080"), "warn"),
        (("::1/128",), ("[::]:8080",), "warn"),
        (("0.0.0.0/0",), ("0.0.0.0:8080",), "warn"),
    ],
)
def test_a_port_where_any_process_is_believed_is_found(trusted, listening, state):
    check = judge_trust(trusted, listening)
    assert check.state == state
    assert bool(check.mend) == (state != "ok")
