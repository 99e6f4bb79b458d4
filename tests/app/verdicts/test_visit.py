import pytest

from app.verdicts.visit import loaded_ahead


@pytest.mark.parametrize(
    ("purpose", "why"),
    [
        ("prefetch", "prefetch"),
        ("prefetch;prerender", "prerender"),
        ("prefetch;anonymous-client-ip", "prefetch"),
        ("Preview", "preview"),
        ("", ""),
        ("something else", ""),
    ],
)
def test_links_loaded_ahead_say_why(purpose, why):
    assert loaded_ahead(purpose) == why
