"""Replays of clicks of which only the row is left, over real stores."""

import pytest

from tests.support.producers import make_click
from tests.support.workers.replay_world import write_countries
from workers.enrich.enricher import Enricher
from workers.replay.stored_clicks import StoredClicks

BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def test_what_a_row_does_not_hold_is_kept(world, countries):
    old, _ = countries
    click = make_click(accept_language="de", purpose="prefetch", ip="192.0.2.9")
    world.process(click, make_click(own="1", ip="192.0.2.9"), geoip_path=old)
    world.forget_stream()
    columns = ("language", "bot", "is_bot", "country", "geo_version", "visitor_id", "ip")
    columns += ("verdict", "reasons", "rules_version", "data_version")
    kept = sorted(world.rows(*columns))
    assert {verdict for *_, verdict, _, _, _ in kept} == {"prefetch", "own"}
    world.clickhouse.execute(
        "ALTER TABLE clicks UPDATE browser = 'of old' WHERE 1 SETTINGS mutations_sync = 1"
    )
    assert world.replay().changed.totals() == {"browser": 2}
    assert sorted(world.rows(*columns)) == kept
    assert world.rows("browser") == [("Firefox",)] * 2


@pytest.mark.parametrize("is_dry", [True, False])
def test_of_rows_that_the_stream_had_only_keys_are_read(world, countries, monkeypatch, is_dry):
    old, new = countries
    world.process(*(make_click() for _ in range(5)), geoip_path=old)
    with monkeypatch.context() as patch:
        patch.setattr(StoredClicks, "page", None)
        notes = world.replay(is_dry=is_dry, geoip_path=new)
    assert dict(notes.counts) == {"read": 5, "replaced": 5}
    world.forget_stream()
    again = world.replay(geoip_path=new)
    assert dict(again.counts) == {"read": 5, **({"replaced": 5} if is_dry else {"unchanged": 5})}


def test_a_row_that_no_rule_can_be_asked_about_is_left_alone(world, countries, monkeypatch):
    old, new = countries
    world.process(*(make_click() for _ in range(5)), make_click(user_agent=BOT), geoip_path=old)
    world.forget_stream()

    def enrich(self, clicks, *rest):
        if BOT.encode() in clicks.user_agents:
            raise ValueError("no text")
        return ordinary(self, clicks, *rest)

    ordinary = Enricher.enrich
    monkeypatch.setattr(Enricher, "enrich", enrich)
    notes = world.replay(geoip_path=new)
    assert dict(notes.counts) == {"read": 5, "replaced": 5, "unusable": 1}
    assert sorted(world.rows("country")) == [("DE",)] + 5 * [("FR",)]


def test_a_fault_of_the_program_is_not_taken_for_one_of_the_rows(world, monkeypatch):
    world.process(make_click())
    world.forget_stream()
    monkeypatch.setattr(Enricher, "enrich", lambda self, clicks: None)
    with pytest.raises(TypeError, match="positional arguments"):
        world.replay()


@pytest.mark.parametrize("keep", ["network", "full", "none"])
def test_who_was_own_is_a_person_once_the_network_is_taken_out(world, keep):
    """A network that may have been theirs is no proof that they are nobody's."""
    own = {"own_networks": ("192.0.2.0/25",), "store_addresses": keep}
    world.settings = world.settings.model_copy(update=own)
    world.process(make_click(ip="192.0.2.7"))
    world.replay()
    assert world.rows("verdict", "reasons", "is_bot") == [("own", "own-network", True)]
    world.forget_stream()
    world.replay(own_networks=("192.0.2.0/24",))
    assert world.rows("verdict") == [("own",)]
    elsewhere = () if keep == "none" else ("198.51.100.0/24",)
    world.replay(own_networks=elsewhere)
    assert world.rows("verdict", "reasons", "is_bot") == [("person", "", False)]


def test_a_row_keeps_what_a_browser_said_of_itself(world):
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36"
    world.process(make_click(user_agent=agent, client_hints='?0\t"Chrome OS"\t"Brave";v="131"'))
    world.forget_stream()
    said = "browser = 'Chrome', browser_version = '130', os = 'Linux'"
    world.clickhouse.execute(
        f"ALTER TABLE clicks UPDATE {said} WHERE 1 SETTINGS mutations_sync = 1"
    )
    assert world.replay().changed.totals() == {"browser": 1, "browser_version": 1, "os": 1}
    assert world.rows("browser", "browser_version", "os") == [("Brave", "131", "Chrome OS")]


def test_what_older_rules_said_of_user_agents_is_brought_up_to_date(world):
    television = "Mozilla/5.0 (Linux; Android 9; AFTTIFF43) Chrome/102.0.0.0 Mobile Safari/537.36"
    phone = "Mozilla/5.0 (Linux; Android 14; X; wv) Mobile Safari/537.36 [LinkedInApp]/4.1.900"
    world.process(make_click(user_agent=television), make_click(user_agent=phone))
    world.forget_stream()
    said = "browser = 'Chrome Mobile WebView', os = 'Android', device = 'tablet', os_version = '9'"
    world.clickhouse.execute(
        f"ALTER TABLE clicks UPDATE {said} WHERE 1 SETTINGS mutations_sync = 1"
    )
    assert world.replay().changed.totals() == {"browser": 2, "device": 2, "os": 1, "os_version": 2}
    assert set(world.rows("browser", "browser_version", "os", "os_version", "device")) == {
        ("Chrome Mobile", "102", "Fire OS", "", "tv"),
        ("LinkedIn", "4", "Android", "14", "mobile"),
    }


def test_a_country_that_the_stored_network_does_not_tell_is_kept(world, tmp_path, countries):
    divided = write_countries(tmp_path / "divided.mmdb", IT="192.0.2.0/25", ES="192.0.2.128/25")
    world.process(make_click(ip="192.0.2.200"), geoip_path=countries[0])
    world.forget_stream()
    world.replay(geoip_path=divided)
    assert world.rows("country") == [("DE",)]
