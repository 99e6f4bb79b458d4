import pytest

from workers.enrich.source.named_sources import NamedSources, Source, named_sources

KINDS = {
    *("search", "social", "video", "email", "messaging", "ai", "shopping", "audio", "display"),
    *("affiliate", "referral"),
}
SITE, PART, MAIL = Source("Site", "social"), Source("Part", "ai"), Source("Mail", "email")
SOURCES = NamedSources(
    [
        (SITE, ["site.*", "site.example", "app:org.site"]),
        (PART, ["site.com/a/b"]),
        (MAIL, ["m.site.*"]),
    ]
)


def test_the_table_names_each_host_once_and_knows_its_kinds():
    sources = named_sources()
    assert {source.kind for source in sources._by_host.values()} == KINDS
    assert all(source.name == source.name.strip() != "" for source in sources._by_host.values())


def test_a_host_that_stands_for_two_sources_is_refused():
    with pytest.raises(ValueError, match=r"a\.example stands for two sources"):
        NamedSources([(SITE, ["a.example"]), (MAIL, ["a.example"])])


@pytest.mark.parametrize(
    ("host", "path", "source"),
    [
        ("site.com", "", SITE),
        ("www.site.co.uk", "", SITE),
        ("deep.down.site.com.au", "", SITE),
        ("m.site.de", "", MAIL),
        ("x.m.site.de", "", MAIL),
        ("site.com", "/a/b", PART),
        ("site.com", "/a/b/c", PART),
        ("site.com", "/a/bc", SITE),
        ("site.com", "/", SITE),
        ("site.com.evil.example", "", None),
        ("mysite.com", "", None),
        ("com", "", None),
        ("", "", None),
        ("org.site", "", None),
        ("....", "/../", None),
    ],
)
def test_a_host_belongs_to_the_source_of_its_longest_name(host, path, source):
    assert SOURCES.of_host(host, path) == source


def test_apps_are_known_by_their_packages_alone():
    assert SOURCES.of_app("org.site") == SITE
    assert SOURCES.of_app("site.com") is None
    assert named_sources().of_ios_app("544007664") == Source("Google", "search")


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("google", "Google"),
        ("duckduckgo", "DuckDuckGo"),
        ("hacker news", "Hacker News"),
        ("hackernews", "Hacker News"),
        ("fb", "Facebook"),
        ("t.co", "X"),
        ("www.linkedin.com", "LinkedIn"),
        ("spring-sale", None),
        ("", None),
    ],
)
def test_a_campaigns_word_may_mean_a_source(word, name):
    found = named_sources().of_word(word)
    assert (found.name if found else None) == name
