import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.redirect.visits.client_address import ClientAddress

TRUSTED = ("10.0.0.0/8", "192.168.1.1", "fd00::/8", "2001:db8:ffff::/48")
PROXY = "10.0.0.1"


@pytest.mark.parametrize(
    ("peer", "x_forwarded_for", "forwarded", "visitor"),
    [
        pytest.param("203.0.113.7", "", "", "203.0.113.7", id="no header"),
        pytest.param("203.0.113.7", "198.51.100.1", "", "203.0.113.7", id="untrusted peer lies"),
        pytest.param("203.0.113.7", "", "for=198.51.100.1", "203.0.113.7", id="and so"),
        pytest.param(PROXY, "", "", PROXY, id="a proxy's own visit"),
        pytest.param(PROXY, "203.0.113.7", "", "203.0.113.7", id="one hop"),
        pytest.param(PROXY, " 203.0.113.7 , 10.2.2.2", "", "203.0.113.7", id="two hops"),
        pytest.param(PROXY, "1.1.1.1, 203.0.113.7, 10.2.2.2", "", "203.0.113.7", id="a lie left"),
        pytest.param(PROXY, "10.9.9.9, 203.0.113.7", "", "203.0.113.7", id="a lie like a proxy"),
        pytest.param(PROXY, "10.3.3.3, 10.2.2.2", "", "10.3.3.3", id="proxies all the way"),
        pytest.param(PROXY, "203.0.113.7:4711", "", "203.0.113.7", id="port"),
        pytest.param(PROXY, "[2001:db8::7]:4711", "", "2001:db8::7", id="IPv6 and port"),
        pytest.param(PROXY, "[2001:db8::7]", "", "2001:db8::7", id="IPv6 in brackets"),
        pytest.param(PROXY, "2001:DB8:0::7", "", "2001:db8::7", id="IPv6 shortened"),
        pytest.param(PROXY, "fe80::1%eth0", "", "fe80::1", id="zone"),
        pytest.param(PROXY, "::ffff:203.0.113.7", "", "203.0.113.7", id="mapped IPv4"),
        pytest.param("::ffff:10.0.0.1", "203.0.113.7", "", "203.0.113.7", id="mapped proxy"),
        pytest.param("fd00::1", "203.0.113.7", "", "203.0.113.7", id="IPv6 proxy"),
        pytest.param(PROXY, "203.0.113.7, 2001:db8:ffff::1", "", "203.0.113.7", id="CIDR of v6"),
        pytest.param("192.168.1.1", "203.0.113.7", "", "203.0.113.7", id="single address"),
        pytest.param("192.168.1.2", "203.0.113.7", "", "192.168.1.2", id="its neighbour"),
        pytest.param(PROXY, "203.0.113.7, unknown", "", "", id="unknown hop"),
        pytest.param(PROXY, "203.0.113.7, garbage", "", "", id="garbage hop"),
        pytest.param(PROXY, "203.0.113.7,", "", "203.0.113.7", id="an empty hop"),
        pytest.param(PROXY, ",203.0.113.7, ,10.2.2.2,,", "", "203.0.113.7", id="empty hops"),
        pytest.param(PROXY, ", ,", "", PROXY, id="nothing but empty hops"),
        pytest.param(PROXY, '"203.0.113.7"', "", "203.0.113.7", id="quoted"),
        pytest.param(PROXY, '"[2001:db8::17]"', "", "2001:db8::17", id="quoted and in brackets"),
        pytest.param(
            PROXY, "", "for=203.0.113.7, , for=10.0.0.6,", "203.0.113.7", id="empty elements"
        ),
        pytest.param(PROXY, "999.1.1.1", "", "", id="no address"),
        pytest.param("", "203.0.113.7", "", "203.0.113.7", id="Unix socket"),
        pytest.param("", "", "", "", id="Unix socket, no header"),
        pytest.param(PROXY, "", "for=203.0.113.7", "203.0.113.7", id="Forwarded"),
        pytest.param(PROXY, "", 'For="[2001:db8::7]:4711"', "2001:db8::7", id="quoted IPv6"),
        pytest.param(
            PROXY,
            "",
            "for=1.1.1.1, proto=https;for=203.0.113.7;by=10.0.0.9",
            "203.0.113.7",
            id="pairs",
        ),
        pytest.param(PROXY, "", "for=203.0.113.7, for=10.2.2.2", "203.0.113.7", id="two elements"),
        pytest.param(PROXY, "", 'for="_gazonk"', "", id="obfuscated"),
        pytest.param(
            PROXY, "", 'host="x;for=1.1.1.1";for=203.0.113.9', "203.0.113.9", id="a host that lies"
        ),
        pytest.param(
            PROXY, "", 'host="\\";for=1.1.1.1";for=203.0.113.9', "203.0.113.9", id="and escapes"
        ),
        pytest.param(PROXY, "", "for=1.1.1.1, for=", "", id="for without a value"),
        pytest.param(PROXY, "", "FOR = 203.0.113.9 ; by=x", "203.0.113.9", id="blanks in a pair"),
        pytest.param(PROXY, "", "for=203.0.113.9;;proto=http", "203.0.113.9", id="an empty pair"),
        pytest.param(PROXY, "", ', ,for="203.0.113.9:80", ,', "203.0.113.9", id="empty all around"),
        pytest.param(PROXY, "", "for=203.0.113.9;for=1.1.1.1", "203.0.113.9", id="for twice"),
        pytest.param(PROXY, "203.0.113.9\t,\t10.0.0.2", "", "203.0.113.9", id="tabs"),
        pytest.param(PROXY, '"[2001:db8::17]:80"', "", "2001:db8::17", id="quoted with a port"),
        pytest.param(PROXY, "[::ffff:203.0.113.9]:80", "", "203.0.113.9", id="mapped with a port"),
        pytest.param(PROXY, '203.0.113.9,"",10.0.0.2', "", "", id="a hop that says nothing"),
        pytest.param(PROXY, "", "for=unknown", "", id="Forwarded unknown"),
        pytest.param(PROXY, "", "proto=https", "", id="an element without for"),
        pytest.param(PROXY, "", 'for="1.1.1.1, for=2.2.2.2', "", id="quote left open"),
        pytest.param(
            PROXY, "", 'by="a,for=1.1.1.1";for=203.0.113.7', "203.0.113.7", id="comma quoted"
        ),
        pytest.param(PROXY, "", 'for=6.6.6.6;x=", for="[2001:db8::7]"', "", id="a quote over IPv6"),
        pytest.param(PROXY, "", 'for=6.6.6.6;x=", for=203.0.113.7', "", id="a quote over IPv4"),
        pytest.param(
            PROXY, "", 'for=6.6.6.6;x="\\", for="[2001:db8::7]:4711"', "", id="a quote, escaped"
        ),
        pytest.param(PROXY, "", 'for=6.6.6.6"x", for=203.0.113.7', "203.0.113.7", id="lies apart"),
        pytest.param(PROXY, "", 'for="203\\.0.113.7:\\8\\0"', "203.0.113.7", id="quoted pairs"),
        pytest.param(PROXY, "", "for=2001:db8::7", "2001:db8::7", id="IPv6 without its quotes"),
        pytest.param(PROXY, "", ";for=203.0.113.7; ;proto=http;", "203.0.113.7", id="empty pairs"),
        pytest.param(PROXY, "203.0.113.7", "for=1.1.1.1", "203.0.113.7", id="both headers"),
    ],
)
def test_the_visitor_is_the_right_most_hop_that_is_no_proxy(
    peer, x_forwarded_for, forwarded, visitor
):
    assert ClientAddress(TRUSTED)(peer, x_forwarded_for, forwarded) == visitor


@pytest.mark.parametrize("header", ["CF-Connecting-IP", "X-Real-IP", "x-real-ip", "Fly-Client-IP"])
@pytest.mark.parametrize(
    ("peer", "value", "visitor"),
    [
        pytest.param(PROXY, "203.0.113.7", "203.0.113.7", id="one address"),
        pytest.param("", "203.0.113.7", "203.0.113.7", id="Unix socket"),
        pytest.param("203.0.113.1", "203.0.113.7", "203.0.113.1", id="untrusted peer lies"),
        pytest.param(PROXY, "", PROXY, id="absent"),
        pytest.param(PROXY, " , ", PROXY, id="nothing in it"),
        pytest.param(PROXY, "6.6.6.6, 203.0.113.7", "203.0.113.7", id="added to a lie"),
        pytest.param(
            PROXY, "6.6.6.6, 10.7.7.7", "10.7.7.7", id="a visitor in the proxies' network"
        ),
        pytest.param(PROXY, "203.0.113.7,", "203.0.113.7", id="an empty element"),
        pytest.param(PROXY, "2001:DB8::7", "2001:db8::7", id="IPv6"),
        pytest.param(PROXY, "[2001:db8::7]:4711", "2001:db8::7", id="IPv6 in brackets, port"),
        pytest.param(PROXY, "::ffff:203.0.113.7", "203.0.113.7", id="mapped IPv4"),
        pytest.param(PROXY, "203.0.113.7:443", "203.0.113.7", id="port"),
        pytest.param(PROXY, '"203.0.113.7"', "203.0.113.7", id="quoted"),
        pytest.param(PROXY, "unknown", "", id="unknown"),
        pytest.param(PROXY, "x" * 8000, "", id="endless"),
    ],
)
def test_a_named_header_is_believed_from_proxies_alone(header, peer, value, visitor):
    read = ClientAddress(TRUSTED, header)
    assert read.fields == (header.lower(), "")
    assert read(peer, value, "") == visitor


@pytest.mark.parametrize(
    ("header", "value", "visitor"),
    [
        ("X-Forwarded-For", "6.6.6.6, 203.0.113.7, 10.2.2.2", "203.0.113.7"),
        ("Forwarded", "for=6.6.6.6, for=203.0.113.7;by=10.0.0.9, for=10.2.2.2", "203.0.113.7"),
        ("Forwarded", 'for="[2001:db8::7]:4711"', "2001:db8::7"),
    ],
)
def test_one_of_the_usual_headers_can_be_named_so_that_the_other_is_not_read(
    header, value, visitor
):
    read = ClientAddress(TRUSTED, header)
    assert read(PROXY, value, "") == visitor
    assert read.environ_keys == ("HTTP_" + header.upper().replace("-", "_"), "")


def test_without_trusted_proxies_no_named_header_is_read():
    assert ClientAddress((), "CF-Connecting-IP")("203.0.113.7", "6.6.6.6", "") == "203.0.113.7"


def test_without_trusted_proxies_no_header_is_read():
    read = ClientAddress(())
    assert read("10.0.0.1", "203.0.113.7", "for=203.0.113.7") == "10.0.0.1"
    assert read("::ffff:10.0.0.1", "", "") == "10.0.0.1"
    assert read("", "203.0.113.7", "") == ""


def test_an_endless_chain_of_proxies_is_not_read_to_its_end():
    chain = ", ".join(["203.0.113.7"] + ["10.0.0.2"] * 100)
    assert ClientAddress(TRUSTED)(PROXY, chain, "") == "10.0.0.2"


@pytest.mark.parametrize("trusted", [(), TRUSTED])
@pytest.mark.parametrize("peer", [PROXY, "203.0.113.7"])
def test_what_visitors_send_is_not_remembered(trusted, peer):
    read = ClientAddress(trusted)
    tracemalloc.start()
    try:
        for number in range(2_000):
            chain = f"{number}, " + "x" * 8_000
            assert read(peer, chain, "") == ("" if trusted and peer == PROXY else peer)
            read(peer, "", f'for="{chain}"')
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_nothing_that_is_sent_breaks_it(peer, x_forwarded_for, forwarded):
    ClientAddress(TRUSTED)(peer, x_forwarded_for, forwarded)
    ClientAddress(TRUSTED)(PROXY, x_forwarded_for, forwarded)


@given(st.lists(st.ip_addresses().map(str), max_size=4), st.ip_addresses(v=4).map(str))
def test_what_a_visitor_sends_ahead_changes_nothing(lies, visitor):
    read = ClientAddress(TRUSTED)
    told = ", ".join([*lies, visitor])
    if read(visitor, "", "") == visitor and not visitor.startswith("10."):
        assert read(PROXY, told, "") == read(PROXY, visitor, "")


@given(
    st.text('for=6.1,;\\" x[]', max_size=40),
    st.sampled_from(["203.0.113.7", '"[2001:db8::7]:4711"', '"203.0.113.7:80";proto=https']),
)
def test_no_beginning_makes_a_visitor_somebody_else_by_forwarded(lie, added):
    told = f"{lie}, for={added}"
    assert ClientAddress(TRUSTED)(PROXY, "", told) in ("", "203.0.113.7", "2001:db8::7")


def test_a_long_forwarded_header_takes_linear_time():
    read = ClientAddress(TRUSTED)
    began = time.process_time()
    for piece in ("for=1.1.1.1;", '"', ",", "a=b ; ", " \t", 'x="\\"', "=;", "for=" * 2):
        read(PROXY, "", piece * (64_000 // len(piece)))
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    "header",
    [
        "for=" + " " * 200_000 + "x y",
        "for= ;" * 40_000 + '"',
        "for=" * 50_000 + '"',
        'for="' + "\\" * 200_001,
        ";" * 200_000 + '"',
        '"' * 200_001,
        "a= " * 60_000,
        " " * 200_000 + '"',
    ],
)
def test_what_a_visitor_sends_is_read_in_linear_time(header):
    began = time.process_time()
    ClientAddress(TRUSTED)(PROXY, "", header)
    # By the square of its length it would take an hour, and some of it for ever.
    assert time.process_time() - began < 10
