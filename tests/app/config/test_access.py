import pytest

from app.config.access import HostNames, MetricsAccess, carries, console_refusal, is_open_to_others

TOKEN = "sixteen-characters-and-more"


@pytest.mark.parametrize(
    ("bind", "is_open"),
    [
        ("127.0.0.1:8081", False),
        ("127.8.8.8:8081", False),
        ("[::1]:8081", False),
        ("[::ffff:127.0.0.1]:8081", False),
        ("localhost:8081", False),
        ("unix:/run/x.sock", False),
        ("fd://3", False),
        ("off", False),
        ("0.0.0.0:8081", True),
        ("[::]:8081", True),
        ("*:8081", True),
        ("10.0.0.5:8081", True),
        ("192.168.1.1:8081", True),
        ("[fe80::1]:8081", True),
        ("host.internal:8081", True),
    ],
)
def test_only_loopback_and_sockets_are_closed_to_others(bind: str, is_open: bool) -> None:
    assert is_open_to_others(bind) is is_open
    assert bool(console_refusal(bind, None, lambda: False)) is is_open
    assert console_refusal(bind, None, lambda: True) == ""
    assert console_refusal(bind, TOKEN, lambda: False) == ""
    assert bool(MetricsAccess(bind, "HOPLINE_X_METRICS_BIND").refusal()) is is_open
    assert MetricsAccess(bind, "HOPLINE_X_METRICS_BIND", is_open=True).refusal() == ""


def test_a_refusal_is_one_line_that_says_what_to_set() -> None:
    text = console_refusal("0.0.0.0:8081", None, lambda: False)
    assert "HOPLINE_CONSOLE_BIND=0.0.0.0:8081" in text
    assert "HOPLINE_CONSOLE_TOKEN" in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("authorization", "is_let_in"),
    [
        (f"Bearer {TOKEN}", True),
        (f"bearer  {TOKEN} ", True),
        (f"Basic {TOKEN}", False),
        (f"Bearer {TOKEN}x", False),
        ("Bearer ", False),
        ("Bearer \N{SNOWMAN}", False),
        ("", False),
        (None, False),
    ],
)
def test_a_token_is_sent_as_a_bearer_token(authorization: str | None, is_let_in: bool) -> None:
    assert carries(authorization, ["some-other-token-here", TOKEN]) is is_let_in
    assert carries(authorization, []) is False


def test_the_name_that_is_bound_to_is_known() -> None:
    names = HostNames((), "reports.internal:8081")
    assert names.know("reports.internal:443")
    assert not names.know("other.internal")
    assert names.know(None)
