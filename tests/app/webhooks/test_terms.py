from typing import Any

import pytest

from app.webhooks.terms import MAX_CHOICES, MAX_NAME, InvalidWebhook, Terms

URL = "https://example.com/hook"
TERMS = Terms(own_hosts=("go.example",))


def faults(given: dict[str, Any], terms: Terms = TERMS, *, is_new: bool = True) -> set[str]:
    with pytest.raises(InvalidWebhook) as caught:
        terms.check(given, is_new=is_new)
    return set(caught.value.faults)


def test_terms_are_held_in_their_normal_form() -> None:
    given = {
        "url": "HTTPS://Example.com:443/hook#a",
        "events": ["link.deleted", "click.batch", "click.batch"],
        "tags": ["Shop", "a"],
        "codes": ["b", "a", "a"],
    }
    held = TERMS.check(given, is_new=True)
    assert held["url"].startswith("https://example.com/hook")
    assert held["events"] == ("click.batch", "link.deleted")
    assert (held["tags"], held["codes"]) == (("a", "shop"), ("a", "b"))


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({}, {"url", "events"}),
        ({"url": URL, "events": []}, {"events"}),
        ({"url": URL, "events": ["link.eaten"], "more": 1}, {"events", "more"}),
        ({"url": 7, "events": "click.batch", "tags": "a"}, {"url", "events", "tags"}),
        ({"url": URL, "events": ["click.batch"], "disabled": "no"}, {"disabled"}),
        ({"url": URL, "events": ["click.batch"], "name": "a\nb"}, {"name"}),
        ({"url": URL, "events": ["click.batch"], "name": "a" * (MAX_NAME + 1)}, {"name"}),
        ({"url": URL, "events": ["click.batch"], "tags": ["a b!"], "codes": ["a/b"]}, {"tags"}),
        (
            {"url": URL, "events": ["click.batch"], "codes": [str(n) for n in range(101)]},
            {"codes"},
        ),
        ({"url": "ftp://example.com", "events": ["click.batch"], "name": None}, {"url", "name"}),
    ],
)
def test_all_that_is_wrong_is_named_at_once(given: dict[str, Any], wrong: set[str]) -> None:
    assert wrong <= faults(given)
    assert MAX_CHOICES == 100


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://10.1.2.3/",
        "http://169.254.169.254/latest/meta-data",
        "http://localhost:8081/",
        "http://redis.internal/",
        "http://0x7f.1/",
        "http://[64:ff9b::7f00:1]/",
        "https://user:pass@example.com/",
        "https://go.example/abc",
        "https://example.com/\r\nHost: a",
        "https://exam\0ple.com/",
    ],
)
def test_where_no_delivery_should_go_is_refused(url: str) -> None:
    given = {"url": url, "events": ["click.batch"]}
    if "\r" in url:
        assert "\r" not in TERMS.check(given, is_new=True)["url"] if not faults_of(given) else True
        return
    assert faults(given) == {"url"}


def faults_of(given: dict[str, Any]) -> bool:
    try:
        TERMS.check(given, is_new=True)
    except InvalidWebhook:
        return True
    return False


def test_private_networks_are_allowed_where_the_operator_says_so() -> None:
    given = {"url": "http://127.0.0.1:9000/", "events": ["click.batch"]}
    assert Terms(allow_private=True).check(given, is_new=True)["url"] == "http://127.0.0.1:9000/"


def test_who_is_restricted_to_tags_hears_nothing_of_the_whole_system() -> None:
    restricted = Terms(within=("shop",))
    assert faults({"url": URL, "events": ["system.freshness"]}, restricted) == {"events"}
    assert restricted.check({"url": URL, "events": ["link.quiet"]}, is_new=True)


def test_a_patch_names_what_changes() -> None:
    assert TERMS.check({"tags": None, "name": None}, is_new=False) == {"tags": (), "name": ""}
    assert TERMS.check({}, is_new=False) == {}
    assert faults({"url": None}, is_new=False) == {"url"}
    assert faults({"events": []}, is_new=False) == {"events"}
