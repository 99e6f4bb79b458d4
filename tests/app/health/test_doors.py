import pytest

from app.health.doors import door_checks

TOKEN = "sixteen-characters-and-more"


@pytest.mark.parametrize(
    ("given", "states"),
    [
        ({}, ("ok", "ok", "ok")),
        ({"console_bind": "0.0.0.0:8081"}, ("fail", "ok", "ok")),
        ({"console_bind": "0.0.0.0:8081", "console_token": TOKEN}, ("ok", "ok", "ok")),
        ({"workers_metrics_bind": "10.0.0.1:9181"}, ("ok", "ok", "fail")),
        ({"workers_metrics_bind": "10.0.0.1:9181", "metrics_open": True}, ("ok", "ok", "warn")),
        ({"redirect_metrics_bind": "[::]:9180", "metrics_token": TOKEN}, ("ok", "ok", "ok")),
        ({"redirect_metrics_bind": "[::]:9180"}, ("ok", "fail", "ok")),
    ],
)
def test_what_others_could_read_without_a_token_is_found(make_settings, given, states):
    checks = list(door_checks(make_settings(**given)))
    assert tuple(check.state for check in checks) == states
    assert all(bool(check.mend) == (check.state != "ok") for check in checks)
