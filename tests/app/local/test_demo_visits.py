import random
from collections import Counter

import maxminddb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.local.demo_links import LINKS
from app.local.demo_visits import Crowd, Visit, Visitor
from app.verdicts.user_agent import UserAgentClassifier


@pytest.fixture(scope="module")
def visits():
    crowd = Crowd(random.Random(7))
    return [crowd.visit() for _ in range(2000)]


def test_links_are_visited_by_their_shares(visits):
    counted = Counter(visit.link.code for visit in visits)
    assert [code for code, _ in counted.most_common(3)] == [link.code for link in LINKS[:3]]
    assert set(counted) == {link.code for link in LINKS}


def test_some_visitors_return(visits):
    visitors = Counter(visit.visitor for visit in visits)
    assert 100 < len(visitors) < len(visits)


def test_there_are_many_browsers(visits):
    assert len({visit.visitor.user_agent for visit in visits}) >= 40


def test_a_few_are_bots(visits):
    classifier = UserAgentClassifier()
    share = sum(bool(classifier.name(visit.visitor.user_agent)) for visit in visits) / len(visits)
    assert 0.02 < share < 0.2


def test_they_come_from_many_countries(visits, country_database):
    with maxminddb.open_database(str(country_database)) as database:
        countries = {database.get(visit.visitor.address)["country_code"] for visit in visits}
    assert len(countries) >= 25


@given(st.integers())
def test_the_same_chance_makes_the_same_visits(seed):
    one, other = (Crowd(random.Random(seed)) for _ in range(2))
    assert [one.visit() for _ in range(5)] == [other.visit() for _ in range(5)]


def test_a_program_names_no_language_and_doesnt_navigate():
    visit = Visit(LINKS[0], Visitor("192.0.2.1", "curl/8", ""), "")
    assert visit.headers() == {"User-Agent": "curl/8", "X-Forwarded-For": "192.0.2.1"}


def test_a_link_of_a_campaign_is_visited_by_the_address_that_was_given_out():
    paths = {link.code: Visit(link, Visitor("192.0.2.1", "", ""), "").path() for link in LINKS}
    assert paths["menu"] == "/menu?utm_source=table&utm_medium=qr"
    assert paths["jobs"] == "/jobs"
