from importlib import resources

import pytest

from app.clicks.campaign_query import CLICK_IDS
from workers.enrich.referrer import referrer_host
from workers.enrich.source.attribution import Attribution, Attributions
from workers.enrich.source.campaign import query_of, read_campaign

ATTRIBUTIONS = Attributions()
#: Referrer, the visit's own parameters, and which source and channel that is; and why it is there.
LABELLED = [
    line.split("\t")
    for line in resources.files(__package__).joinpath("labelled.tsv").read_text().splitlines()
]


def read(referrer: str = "", target: str = "https://a.example/", query: str = "") -> Attribution:
    known = ATTRIBUTIONS.read_referrer(referrer, referrer_host(referrer))
    campaign = read_campaign(query_of(target.encode()).decode(), query)
    (found,) = ATTRIBUTIONS.all([(known, campaign, b"go.example:8443")])
    return found


def test_there_are_enough_labelled_lines():
    assert len(LABELLED) >= 400
    assert all(len(line) == 5 and line[4] for line in LABELLED)


@pytest.mark.parametrize(
    ("referrer", "query", "source", "channel"), [line[:4] for line in LABELLED]
)
def test_a_labelled_visit_has_its_source_and_channel(referrer, query, source, channel):
    found = read(referrer, query=query)
    assert (found.source.decode(), found.channel.decode()) == (source, channel)


@pytest.mark.parametrize(
    ("referrer", "domain"),
    [
        ("https://www.google.co.uk/", b"google.co.uk"),
        ("https://a.b.example.org/x", b"example.org"),
        ("https://someone.github.io/", b"someone.github.io"),
        ("https://b\u00fccher.example/", b"xn--bcher-kva.example"),
        ("https://192.0.2.7/", b""),
        ("https://[2001:db8::1]/", b""),
        ("android-app://com.google.android.gm/", b""),
        ("https://localhost/", b""),
        ("https://co.uk/", b""),
        ("", b""),
    ],
)
def test_a_referrer_has_the_domain_that_somebody_could_register(referrer, domain):
    assert read(referrer).referrer_domain == domain


def test_a_campaign_of_the_target_is_one_of_all_visits():
    found = read(target="https://a.example/?x=1&utm_source=News&utm_campaign=Fr%C3%BChling#gclid=1")
    assert found == Attribution(
        b"news", b"other", b"", b"news", b"", "Fr\u00fchling".encode(), b"", b"", b""
    )


def test_a_visit_that_names_a_source_makes_the_targets_campaign_void():
    target = "https://a.example/?utm_source=print&utm_medium=qr&utm_campaign=old&gclid=1"
    found = read(target=target, query="utm_source=facebook&fbclid")
    assert (found.source, found.channel) == (b"Facebook", b"paid search")
    assert (found.utm_campaign, found.click_ids) == (b"", b"fbclid,gclid")
    added = read(target=target, query="utm_content=top")
    assert (added.utm_source, added.utm_content) == (b"print", b"top")


@pytest.mark.parametrize("name", sorted(CLICK_IDS))
def test_no_value_of_a_click_id_is_kept(name):
    found = read(target=f"https://a.example/?{name}=Secret123")
    assert found.click_ids == name.encode()
    assert not any(b"Secret" in text for text in found)


def test_hostile_texts_are_cut_and_have_no_line_ends():
    found = read(query="utm_source=" + "%0A%00%F0%9F%98%80" * 500 + "&utm_medium=" + "x" * 5000)
    assert len(found.utm_source.decode()) <= 200
    assert b"\n" not in found.utm_source
    assert b"\0" not in found.utm_source
    assert found.utm_medium == b"x" * 200
