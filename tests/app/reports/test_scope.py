from dataclasses import replace
from typing import Any

import pytest

from app.links.link import LinkNotFound
from app.links.store import LinkStore, open_store
from app.reports import scope
from app.reports.answer import Figures
from app.reports.query import BadQuery, Query
from app.reports.scope import require_links, tagged_codes
from tests.app.reports.test_answer import ANSWER


@pytest.fixture
def links(make_settings: Any, redis_url: str) -> LinkStore:
    return open_store(make_settings(redis_url=redis_url))


def add(links: LinkStore, code: str, tags: str = "") -> None:
    links.create({"target": "https://example.com/", "tags": tags}, code=code)


def test_a_tag_stands_for_the_links_that_carry_it(links: LinkStore) -> None:
    for code, tags in (("one", "spring"), ("two", "spring,sale"), ("three", "sale")):
        add(links, code, tags)
    assert set(tagged_codes(Query(tag="Spring"), links)) == {"one", "two"}
    assert tagged_codes(Query(tag="nobodys"), links) == ()
    assert tagged_codes(Query(), links) == ()


def test_a_tag_of_more_links_than_a_statement_may_name_is_refused(
    links: LinkStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scope, "MAX_TAGGED", 2)
    for code in ("one", "two", "three"):
        add(links, code, "spring")
    with pytest.raises(BadQuery, match="more than 2 links carry it") as raised:
        tagged_codes(Query(tag="spring"), links)
    assert raised.value.field == "tag"


def test_what_no_link_can_carry_is_refused(links: LinkStore) -> None:
    with pytest.raises(BadQuery, match="is no tag"):
        tagged_codes(Query(tag="a'b"), links)


def test_links_have_to_be_there_only_where_nobody_came(links: LinkStore) -> None:
    add(links, "known")
    empty = replace(ANSWER, figures=Figures())
    require_links(replace(ANSWER, query=Query(codes=("unknown",))), links)
    require_links(replace(empty, query=Query(codes=("known",))), links)
    with pytest.raises(LinkNotFound):
        require_links(replace(empty, query=Query(codes=("known", "unknown"))), links)
