import pytest

from app.clicks.click import OWN, Clicks, new_click_id
from app.http.kept_address import parse_address
from app.verdicts.modes import read_modes
from tests.support.workers.place_files import write_places
from workers.enrich.enricher import Enricher
from workers.enrich.places.places import LOOK_MS, Places
from workers.enrich.user_agent import UserAgents
from workers.enrich.verdicts import Verdicts
from workers.enrich.versions import steps_digest
from workers.enrich.visitor import Visitors

VERSIONS = ("geo_version", "rules_version", "data_version")
NOW_MS = 1_790_000_000_123
CHROME = (
    b"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    b" Chrome/130.0.0.0 Safari/537.36"
)


@pytest.fixture(scope="module")
def enricher(country_database, tmp_path_factory) -> Enricher:
    places = Places((country_database,), tmp_path_factory.mktemp("copies"))
    visitors = Visitors(lambda _day: bytes(32))
    return Enricher(UserAgents(), Verdicts(), places, visitors, "network")


def clicks(**changes: object) -> Clicks:
    fields = {
        "entry_ids": b"1-0",
        "click_ids": new_click_id(NOW_MS, bytes(10)),
        "times_ms": NOW_MS,
        "short_codes": b"demo1",
        "ips": b"8.8.8.8",
        "user_agents": CHROME,
        "referers": b"https://www.example.org/page",
        "original_urls": b"https://example.com/",
        "hosts": b"Go.Example",
        "accept_languages": b"de-DE,de;q=0.9",
        "purposes": b"",
        "queries": b"",
        "count_only": b"",
        "owns": b"",
        "client_hints": b"",
        "fetch_modes": b"navigate",
        **changes,
    }
    return Clicks(**{name: [value] for name, value in fields.items()})


def enriched(enricher: Enricher, **changes: object) -> dict[str, object]:
    rows = enricher.enrich(clicks(**changes), NOW_MS + 5)
    return {name: column[0] for name, column in rows._asdict().items()}


def test_a_click_becomes_a_row(enricher):
    row = enriched(enricher)
    assert row | {"visitor_id": 0, **dict.fromkeys(VERSIONS, b"")} == {
        "click_id": new_click_id(NOW_MS, bytes(10)),
        "time": NOW_MS,
        "short_code": b"demo1",
        "target": b"https://example.com/",
        "ip": parse_address("8.8.8.0"),
        "visitor_id": 0,
        "country": b"US",
        "browser": b"Chrome",
        "os": b"Windows",
        "device": b"desktop",
        "is_bot": False,
        "bot": b"",
        "referrer_host": b"example.org",
        "referrer": b"https://www.example.org/page",
        "user_agent": CHROME,
        "host": b"go.example",
        "language": b"de",
        "geo_version": b"",
        "enriched_at": NOW_MS + 5,
        "source": b"example.org",
        "channel": b"referral",
        "referrer_domain": b"example.org",
        "utm_source": b"",
        "utm_medium": b"",
        "utm_campaign": b"",
        "utm_term": b"",
        "utm_content": b"",
        "click_ids": b"",
        "region": b"",
        "city": b"",
        "asn": b"",
        "second_country": b"",
        "verdict": b"person",
        "reasons": b"",
        "rules_version": b"",
        "data_version": b"",
        "browser_version": b"130",
        "os_version": b"10+",
        "client_hints": b"",
    }
    assert row["geo_version"]
    assert row["rules_version"].startswith(f"{steps_digest()}+".encode())
    assert b"crawler-user-agents" in row["data_version"]


def test_a_crawler_is_a_bot_by_name_and_device(enricher):
    row = enriched(enricher, user_agents=b"Googlebot/2.1")
    assert (row["is_bot"], row["bot"], row["device"]) == (True, b"Googlebot", b"bot")


def test_a_browser_that_loads_ahead_is_no_visitor_yet(enricher):
    row = enriched(enricher, purposes=b"prefetch;prerender")
    assert (row["is_bot"], row["bot"], row["device"]) == (True, b"prerender", b"desktop")


def judged(enricher: Enricher, **changes: object) -> tuple[object, ...]:
    row = enriched(enricher, **changes)
    return row["verdict"], row["reasons"], row["is_bot"], row["bot"]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"user_agents": b"curl/8.5.0"}, (b"bot", b"crawler-list,http-library", True, b"curl")),
        (
            {"user_agents": b"Claude-User"},
            (b"agent", b"ai-agent,crawler-list", True, b"Claude-User"),
        ),
        ({"purposes": b"Preview"}, (b"prefetch", b"prefetch", True, b"preview")),
        ({"owns": OWN}, (b"own", b"own-device", True, b"own-device")),
        ({"ips": b"192.0.2.7"}, (b"own", b"own-network", True, b"own-network")),
        ({"ips": b"::ffff:192.0.2.7"}, (b"own", b"own-network", True, b"own-network")),
        ({"ips": b"2001:db8::1"}, (b"own", b"own-network", True, b"own-network")),
        (
            {"ips": b"192.0.2.7", "user_agents": b"kube-probe/1.30"},
            (b"own", b"own-network,monitor", True, b"own-network"),
        ),
        ({"user_agents": b"HeadlessChrome Chrome/1 Safari/1"}, (b"person", b"shadow:headless")),
    ],
)
def test_a_row_says_who_it_was_and_why(tmp_path, changes, found):
    modes = read_modes(["headless=shadow", "crawler-list=off"] if len(found) == 2 else [])
    verdicts = Verdicts(modes, ["192.0.2.0/24", "2001:db8::/32"])
    visitors = Visitors(lambda _day: bytes(32))
    places = Places((), tmp_path)
    enricher = Enricher(UserAgents(), verdicts, places, visitors, "network")
    assert judged(enricher, **changes)[: len(found)] == found


def test_further_rules_that_a_click_matches_are_reasons(enricher):
    rows = enricher.enrich(clicks(), NOW_MS, [("own-network",)])
    assert (*rows.verdict, *rows.reasons) == (b"own", b"own-network")


def test_a_campaign_is_that_of_the_visit_and_of_the_target(enricher):
    long = b"https://example.com/?a=" + b"x" * 2_000 + b"&utm_medium=email&utm_campaign=May"
    row = enriched(enricher, original_urls=long, queries=b"utm_content=top&gclid", referers=b"")
    assert (row["channel"], row["utm_campaign"]) == (b"email", b"May")
    assert (row["utm_content"], row["click_ids"]) == (b"top", b"gclid")


def test_a_browser_that_hides_in_its_user_agent_is_told_by_its_hints(enricher):
    said = b'?0\t"Chrome OS"\t"Not?A_Brand";v="99", "Chromium";v="131", "Brave";v="131"'
    row = enriched(enricher, client_hints=said)
    assert (row["browser"], row["browser_version"]) == (b"Brave", b"131")
    assert (row["os"], row["os_version"], row["device"]) == (b"Chrome OS", b"", b"desktop")
    assert row["client_hints"] == b'?0\t"Chrome OS"\t"Brave";v="131"'
    assert row["user_agent"] == CHROME
    assert enriched(enricher, client_hints=row["client_hints"]) == row


def test_the_six_fields_alone_make_a_row(enricher):
    nothing = ("hosts", "accept_languages", "ips", "user_agents", "referers")
    row = enriched(enricher, **dict.fromkeys(nothing, b""))
    assert (row["host"], row["language"], row["country"]) == (b"", b"", b"")
    assert (row["device"], row["ip"]) == (b"bot", bytes(16))
    assert (row["is_bot"], row["bot"]) == (True, b"no user agent")


def test_of_a_click_that_is_only_counted_nothing_of_a_visitor_is_kept_whoever_sent_it(enricher):
    row = enriched(enricher, count_only=b"1", client_hints=b'?0\t"Windows"\t"Brave";v="130"')
    known = {name: value for name, value in row.items() if value not in (b"", 0, False)}
    assert known == {
        "click_id": new_click_id(NOW_MS, bytes(10)),
        "time": NOW_MS,
        "short_code": b"demo1",
        "target": b"https://example.com/",
        "ip": bytes(16),
        "device": b"other",
        "referrer_host": b"example.org",
        "referrer": b"https://www.example.org/",
        "host": b"go.example",
        "geo_version": row["geo_version"],
        "enriched_at": NOW_MS + 5,
        "source": b"example.org",
        "channel": b"referral",
        "referrer_domain": b"example.org",
        "verdict": b"person",
        "rules_version": row["rules_version"],
        "data_version": row["data_version"],
    }


def test_what_a_browser_loads_ahead_is_no_person_where_it_is_only_counted(enricher):
    row = enriched(enricher, count_only=b"1", purposes=b"prefetch", user_agents=b"")
    assert (row["is_bot"], row["bot"], row["visitor_id"]) == (True, b"prefetch", 0)
    assert (row["verdict"], row["reasons"]) == (b"prefetch", b"prefetch")


def test_a_program_that_is_only_counted_is_known_for_one_and_for_nothing_else(enricher):
    row = enriched(enricher, count_only=b"2", user_agents=b"curl/8.5.0")
    assert (row["is_bot"], row["bot"], row["visitor_id"]) == (True, b"counted-program", 0)
    assert (row["verdict"], row["reasons"]) == (b"bot", b"counted-program")
    assert (row["device"], row["browser"], row["user_agent"]) == (b"bot", b"", b"")


def test_many_clicks_have_the_rows_that_each_has_alone(enricher):
    changes = [
        {},
        {"user_agents": b"Googlebot/2.1", "purposes": b"preview"},
        {"purposes": b"prefetch", "ips": b"2001:db8::1"},
        {"count_only": b"1", "user_agents": b"Googlebot/2.1"},
        {"count_only": b"2", "user_agents": b"Googlebot/2.1"},
        {"user_agents": b""},
        {"referers": b"", "hosts": b"b.example", "user_agents": "Ünknown".encode() * 100},
        {"client_hints": b'?0\t"Windows"\t"Brave";v="130"', "user_agents": CHROME + b"\0x"},
        {"client_hints": b'\0?0\0\t"Windows"\t"Brave\0";v="130"'},
    ]
    alone = [enriched(enricher, **change) for change in changes]
    columns = zip(*(clicks(**change) for change in changes), strict=True)
    together = enricher.enrich(Clicks(*([one[0] for one in column] for column in columns)), NOW_MS)
    rows = zip(*together, strict=True)
    assert [dict(zip(together._fields, row, strict=True)) for row in rows] == [
        {**row, "enriched_at": NOW_MS} for row in alone
    ]


def test_long_texts_are_stored_whole_and_not_read_to_their_end(enricher):
    long = CHROME.ljust(512) + b"Googlebot/2.1" + "\U0001f517".encode() * 500
    row = enriched(enricher, user_agents=long, referers=b"https://a.example/" + long)
    assert row["user_agent"] == long
    assert (row["browser"], row["is_bot"]) == (b"Chrome", False)
    assert row["referrer_host"] == b"a.example"


@pytest.mark.parametrize("size", range(1_020, 1_028))
def test_a_text_may_be_cut_within_a_character(enricher, size):
    texts = "\u00e4\U0001f517".encode() * 300
    names = ("user_agents", "referers", "hosts", "accept_languages", "purposes", "ips", "queries")
    names += ("client_hints",)
    row = enriched(enricher, **dict.fromkeys(names, b"x" * (size % 3) + texts))
    assert (row["device"], row["referrer_host"]) == (b"bot", b"")


def test_databases_that_take_the_place_of_others_are_asked_from_then_on(tmp_path):
    path = write_places(tmp_path / "city.mmdb", {"192.0.2.0/24": {"city": "Bonn"}})
    places = Places((path,), tmp_path)
    enricher = Enricher(UserAgents(), Verdicts(), places, Visitors(lambda _: bytes(32)), "network")
    asked = clicks(ips=b"192.0.2.7")
    assert enricher.enrich(asked, NOW_MS).city == (b"Bonn",)
    write_places(path, {"192.0.2.0/24": {"city": "Köln"}}, database_type="Another")
    for looks in range(1, 3):
        rows = enricher.enrich(asked, NOW_MS + looks * LOOK_MS)
    assert rows.city == ("Köln".encode(),)
    assert rows.geo_version[0].startswith(b"Another 20")
