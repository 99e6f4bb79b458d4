import re

import pytest

from app.http.request_ids import RequestIds


@pytest.mark.parametrize("peer", ["10.1.2.3", "::ffff:10.1.2.3", ""], ids=["v4", "mapped", "unix"])
def test_a_trusted_proxy_names_the_request(peer: str) -> None:
    assert RequestIds(["10.0.0.0/8"]).of(peer, "proxys-own.1") == "proxys-own.1"


@pytest.mark.parametrize(
    ("trusted", "peer", "given"),
    [
        ([], "10.1.2.3", "abc"),
        ([], "", "abc"),
        (["10.0.0.0/8"], "192.0.2.1", "abc"),
        (["10.0.0.0/8"], "nobody", "abc"),
        (["10.0.0.0/8"], "10.1.2.3", None),
        (["10.0.0.0/8"], "10.1.2.3", ""),
        (["10.0.0.0/8"], "10.1.2.3", "a b"),
        (["10.0.0.0/8"], "10.1.2.3", "x\nforged"),
        (["10.0.0.0/8"], "10.1.2.3", "x" * 129),
    ],
)
def test_anybody_elses_name_is_replaced_by_a_new_one(
    trusted: list[str], peer: str, given: str | None
) -> None:
    ids = RequestIds(trusted)
    first, second = ids.of(peer, given), ids.of(peer, given)
    assert re.fullmatch(r"[0-9a-f]{32}", first)
    assert first != second
