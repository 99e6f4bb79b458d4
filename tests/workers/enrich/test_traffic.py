"""Whom the rules of traffic find, and above all whom they leave alone."""

import itertools
from typing import Any

import pytest

from app.clicks.click import NO_FETCH_MODE, Clicks, new_click_id
from app.verdicts.modes import read_modes
from tests.support.workers.place_files import write_places
from workers.enrich.enricher import Enricher
from workers.enrich.places.places import Places
from workers.enrich.traffic import Traffic
from workers.enrich.user_agent import UserAgents
from workers.enrich.verdicts import Verdicts
from workers.enrich.visitor import Visitors

NOON_MS = 1_790_000_000_000
CHROME = (
    b"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    b" Chrome/130.0.0.0 Safari/537.36"
)
CHROMEBOOK = CHROME.replace(b"Windows NT 10.0; Win64; x64", b"X11; CrOS x86_64 14541.0.0")
OFFICE, AMAZON, RELAY, WARP = "81.2.69.7", "52.95.110.1", "172.224.224.9", "104.28.1.1"
NETWORKS = {
    "52.95.0.0/16": (16509, "Amazon.com, Inc."),
    "172.224.0.0/16": (36183, "Akamai Technologies, Inc."),
    "104.28.0.0/16": (13335, "Cloudflare, Inc."),
    "81.2.69.0/24": (20712, "Andrews & Arnold Ltd"),
}
ENFORCING = ("mail-burst=enforcing", "click-rate=enforcing", "datacentre=enforcing")

_numbers = itertools.count(1)


@pytest.fixture
def make_enricher(tmp_path):
    records = {
        network: {"autonomous_system_number": number, "autonomous_system_organization": name}
        for network, (number, name) in NETWORKS.items()
    }
    path = write_places(tmp_path / "asn.mmdb", records)

    def make(*modes: str) -> Enricher:
        return Enricher(
            UserAgents(),
            Verdicts(read_modes(modes)),
            Places((path,), tmp_path),
            Visitors(lambda _: bytes(32)),
            "network",
            Traffic(),
        )

    return make


def click(**changes: Any) -> dict[str, Any]:
    time_ms = changes.get("times_ms", NOON_MS)
    return {
        **dict.fromkeys(Clicks._fields, b""),
        "entry_ids": b"1-0",
        "click_ids": new_click_id(time_ms, next(_numbers).to_bytes(10, "big")),
        "times_ms": time_ms,
        "short_codes": b"demo1",
        "ips": OFFICE.encode(),
        "user_agents": CHROME,
        "original_urls": b"https://example.com/",
        "hosts": b"go.example",
        "accept_languages": b"de",
        "fetch_modes": b"navigate",
        **changes,
    }


def told(enricher: Enricher, *clicks: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    """Return verdict and reasons of clicks that come together."""
    columns = {name: [one[name] for one in clicks] for name in Clicks._fields}
    rows = enricher.enrich(Clicks(**columns), NOON_MS)
    return list(zip(rows.verdict, rows.reasons, strict=True))


def mail(count: int, **changes: Any) -> list[dict[str, Any]]:
    """Return the visits of all links of a mail, as a gateway makes them unless told otherwise."""
    return [
        click(times_ms=NOON_MS + at * 100)
        | {"short_codes": b"mail%d" % at, "accept_languages": b"", "fetch_modes": NO_FETCH_MODE}
        | changes
        for at in range(count)
    ]


def test_a_gateway_that_follows_all_links_of_a_mail_is_recorded_and_counts_as_before(
    make_enricher,
):
    assert told(make_enricher(), *mail(5)) == [(b"person", b"shadow:mail-burst")] * 5


def test_enforced_it_is_a_scanner(make_enricher):
    enricher = make_enricher(*ENFORCING)
    assert told(enricher, *mail(5)) == [(b"scanner", b"mail-burst")] * 5


PERSON = (b"person", b"")


@pytest.mark.parametrize(
    "clicks",
    [
        mail(9, accept_languages=b"de"),
        mail(9, fetch_modes=b"navigate"),
        mail(9, fetch_modes=b""),
        mail(2),
        mail(9, short_codes=b"one"),
        [{**one, "original_urls": b"https://%d.example/" % at} for at, one in enumerate(mail(9))],
        mail(9, ips=b"10.0.0.1"),
        mail(9, ips=b"100.64.0.1"),
        mail(9, ips=b""),
        mail(9, count_only=b"1"),
        [click(short_codes=b"page%d" % at, times_ms=NOON_MS + at * 700) for at in range(12)],
    ],
    ids=[
        "an office whose people open one mail",
        "browsers that say no language",
        "a producer that says nothing of headers",
        "two links of a mail in two windows",
        "many colleagues, one link",
        "links that have nothing in common",
        "a proxy that hides all addresses",
        "the carrier's inside",
        "no address at all",
        "visits that are only counted",
        "a page of links, all opened in tabs",
    ],
)
def test_none_of_these_is_a_gateway(make_enricher, clicks):
    assert told(make_enricher(*ENFORCING), *clicks) == [PERSON] * len(clicks)


def test_one_who_clicks_faster_than_people_can_is_a_reason_and_a_person(make_enricher):
    fast = told(make_enricher(*ENFORCING), *(click() for _ in range(25)))
    assert fast == [(b"person", b"click-rate")] * 25


def test_a_school_of_like_computers_is_a_reason_and_all_are_people(make_enricher):
    pupils = [click(user_agents=CHROMEBOOK, short_codes=b"quiz") for _ in range(30)]
    assert {verdict for verdict, _ in told(make_enricher(*ENFORCING), *pupils)} == {b"person"}


@pytest.mark.parametrize(
    "address",
    [
        lambda at: b"81.2.69.7",
        lambda at: b"2a00:1450:4001:%x::1" % at,
        lambda at: b"64:ff9b::81.2.69.%d" % at,
        lambda at: b"10.1.2.3",
        lambda at: b"",
    ],
    ids=["carrier-grade NAT", "IPv6", "NAT64", "a proxy that hides all addresses", "no address"],
)
def test_many_people_at_once_are_not_fast(make_enricher, address):
    crowd = [
        click(ips=address(at), user_agents=CHROME.replace(b"130", b"%d" % (100 + at // 15)))
        for at in range(150)
    ]
    assert told(make_enricher(*ENFORCING), *crowd) == [PERSON] * 150


def test_a_server_of_a_datacentre_is_a_reason_alone(make_enricher):
    server = click(ips=AMAZON.encode())
    assert told(make_enricher(), server) == [(b"person", b"shadow:datacentre")]
    assert told(make_enricher(*ENFORCING), server) == [(b"person", b"datacentre")]


def test_with_a_rate_of_no_person_it_is_suspicious(make_enricher):
    fast = told(make_enricher(*ENFORCING), *(click(ips=AMAZON.encode()) for _ in range(20)))
    assert fast[-1] == (b"suspicious", b"click-rate,datacentre")


@pytest.mark.parametrize("ip", [RELAY, WARP, OFFICE, "", "10.0.0.1"])
def test_relays_and_peoples_networks_are_none(make_enricher, ip):
    assert told(make_enricher(*ENFORCING), click(ips=ip.encode())) == [PERSON]


def test_what_isnt_counted_by_a_replay_of_rows_is_left_as_it_was(make_enricher, tmp_path):
    rows = Enricher(
        UserAgents(),
        Verdicts(),
        Places((), tmp_path),
        Visitors(lambda _: bytes(32)),
        "network",
    )
    assert told(rows, *mail(5), *(click() for _ in range(30))) == [PERSON] * 35
