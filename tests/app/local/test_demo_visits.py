import random
from collections import Counter

import maxminddb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.local.demo_visits import Crowd, Visit, Visitor
from app.verdicts.user_agent import UserAgentClassifier

CODES = ("first", "second", "third")


@pytest.fixture(scope="module")
def visits():
    crowd = Crowd(CODES, random.Random(7))
    return [crowd.visit() for _ in range(2000)]


def test_the_first_link_is_the_most_visited(visits):
    counted = Counter(visit.code for visit in visits)
    assert counted["first"] > counted["second"] > counted["third"] > 0


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
    one, other = (Crowd(CODES, random.Random(seed)) for _ in range(2))
    assert [one.visit() for _ in range(5)] == [other.visit() for _ in range(5)]


def test_what_is_empty_is_not_sent():
    visit = Visit("first", Visitor("192.0.2.1", "curl/8", ""), "")
    assert visit.headers() == {"User-Agent": "curl/8", "X-Forwarded-For": "192.0.2.1"}
