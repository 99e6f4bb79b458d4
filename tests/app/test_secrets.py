"""No part of a password is ever shown."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.masking import show
from app.redis import parse_url
from app.settings import SettingsError, load, load_environment

_SECRET = "hunter2"
_SHAPES = (
    "{scheme}://{user}:{password}@{host}/{database}",
    "{scheme}://{user}:{password}@{host}",
    "{scheme}://{user}:{password}",
    "{scheme}:{user}:{password}@{host}",
    "{user}:{password}@{host}/{database}",
    "{scheme}://{host}/{database}?password={password}",
    "{scheme}://{user}:{password}@{host}/{database}?password={password}#x",
    "{scheme}://{user}:{password}@{password}@{host}/{database}",
)
_ODD = st.sampled_from(["", "#", "?", "/", "@", ":", "%", "[", "]", "\u2100", " ", "\\", "&", ","])


@given(
    shape=st.sampled_from(_SHAPES),
    scheme=st.sampled_from(["redis", "rediss", "unix", "clickhouse", "http", ""]),
    user=st.sampled_from(["", "bob", "b#b"]),
    odd=st.tuples(_ODD, _ODD),
    host=st.sampled_from(["h:1", "h", "[::1]:2", "[::1", "h:x", "h1:1,h2:2", ""]),
    database=st.sampled_from(["", "0", "first", "a/b"]),
)
@pytest.mark.parametrize("name", ["redis_url", "clickhouse_url"])
def test_no_part_of_a_password_is_shown_whatever_the_url_looks_like(
    name: str, shape: str, odd: tuple[str, str], **parts: str
) -> None:
    # Behind an @ stands a host, as far as anybody can tell.
    assume("{host}" in shape or odd[0] != "@")
    password = f"{odd[0]}{_SECRET}{odd[1]}"
    url = shape.format(password=password, **parts)
    assert _SECRET not in _shown(name, url)


def _shown(name: str, url: str) -> str:
    try:
        held = load_environment(**{name: url})
    except SettingsError as error:
        return str(error)
    address = str(parse_url(held.redis_url)) if name == "redis_url" else ""
    return show(name, getattr(held, name)) + address


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
