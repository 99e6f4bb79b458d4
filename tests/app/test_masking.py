import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.masking import mask_url


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("redis://h:6379/0", "redis://h:6379/0"),
        ("clickhouse://default@127.0.0.1:9000/hopline", None),
        ("redis://user:geheim@h:1/0", "redis://user:***@h:1/0"),
        ("redis://:geheim@h/0", "redis://:***@h/0"),
        ("redis://u:geh:eim@h", "redis://u:***@h"),
        ("redis://u:geh@eim@h", "redis://u:***@h"),
        ("redis://u:geh/ei#m?@h", "redis://u:***@h"),
        ("u:geheim@h", "u:***@h"),
        ("redis://[::1:geheim@h", "redis://[:***@h"),
        ("clickhouse://h/db?password=geheim&secure=1", "clickhouse://h/db?password=***&secure=1"),
    ],
)
def test_passwords_are_masked_even_in_urls_too_broken_to_parse(url: str, masked: str) -> None:
    assert mask_url(url) == (masked or url)
    assert "geheim" not in mask_url(url)


@given(st.text(min_size=1).filter(lambda text: "@" not in text and "://" not in text))
def test_no_password_survives_masking(password: str) -> None:
    assert mask_url(f"redis://user:{password}@host/0") == "redis://user:***@host/0"
