import pytest

from app.http.trusted_peers import TrustedPeers


@pytest.mark.parametrize(
    ("trusted", "peer", "is_trusted"),
    [
        ((), "10.1.2.3", False),
        ((), "", False),
        (("10.0.0.0/8",), "10.1.2.3", True),
        (("10.0.0.0/8",), "::ffff:10.1.2.3", True),
        (("10.0.0.0/8",), "192.0.2.1", False),
        (("10.0.0.0/8",), "nobody", False),
        (("10.0.0.0/8",), "", True),
        (("fe80::/10",), "fe80::1%eth0", True),
        (("unix:",), "", True),
        (("unix:",), "127.0.0.1", False),
        (("unix:",), "::1", False),
        (("unix:", "127.0.0.1/32"), "127.0.0.1", True),
    ],
)
def test_those_that_the_operator_named_are_trusted(
    trusted: tuple[str, ...], peer: str, is_trusted: bool
) -> None:
    assert TrustedPeers(trusted).trusts(peer) is is_trusted
