"""No part of a password is ever shown."""

import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.config.loading import load, load_environment
from app.config.masking import show
from app.config.settings import Settings
from app.config.variables import SettingsError
from app.links.validation import InvalidLink, LinkOptions
from app.stores.clickhouse import connection as clickhouse
from app.stores.redis.address import parse_url
from tests.support.urls_with_passwords import SECRET, urls


@given(url=urls)
@pytest.mark.parametrize("name", ["redis_url", "clickhouse_url"])
def test_no_part_of_a_password_is_shown_whatever_the_url_looks_like(name: str, url: str) -> None:
    assert SECRET not in _shown(name, url)


@settings(deadline=None)
@given(
    # A comma ends a part of what a list may be.
    url=urls.filter(lambda url: "," not in url),
    name=st.sampled_from(sorted(Settings.model_fields)),
)
def test_a_url_with_a_password_is_not_shown_though_it_came_to_the_wrong_setting(
    url: str, name: str
) -> None:
    try:
        load_environment(**{name: url})
    except SettingsError:
        assert SECRET not in traceback.format_exc().splitlines()[-1]


@given(url=urls)
def test_a_target_with_a_password_is_not_repeated(url: str) -> None:
    try:
        LinkOptions(["go.example"], allow_private_targets=True).check({"target": url}, now=0.0)
    except InvalidLink:
        assert SECRET not in traceback.format_exc()


def _shown(name: str, url: str) -> str:
    try:
        held = load_environment(**{name: url})
    except SettingsError as error:
        return str(error)
    return show(name, getattr(held, name)) + _address(name, url)


def _address(name: str, url: str) -> str:
    if name == "redis_url":
        return str(parse_url(url))
    try:
        clickhouse.connect(url, timeout_seconds=1)
    except clickhouse.ClickHouseRefused:
        return traceback.format_exc()
    return ""


@pytest.mark.parametrize("mark", ["#", "?", "/"])
@pytest.mark.parametrize("url", ["redis://:{}@h:1/0", "clickhouse://u:{}@h:1/hopline"])
def test_a_url_that_its_password_cuts_off_is_refused_with_what_to_write(
    monkeypatch: pytest.MonkeyPatch, url: str, mark: str
) -> None:
    name = f"HOPLINE_{url.partition('://')[0].upper()}_URL"
    monkeypatch.setenv(name, url.format(f"12{mark}34"))
    with pytest.raises(SettingsError, match="write # as %23") as refused:
        load()
    assert "34" not in str(refused.value).replace("***", "")
