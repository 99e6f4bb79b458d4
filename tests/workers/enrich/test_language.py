import pytest

from workers.enrich.language import preferred_language


@pytest.mark.parametrize(
    ("accept_language", "language"),
    [
        ("de-DE,de;q=0.9,en;q=0.8", "de"),
        ("EN", "en"),
        ("pt-BR;q=0.9", "pt"),
        (" zh-Hans-CN , en", "zh"),
        ("fil", "fil"),
        ("", ""),
        ("*", ""),
        ("englisch", ""),
        ("é", ""),
    ],
)
def test_the_first_language_counts(accept_language, language):
    assert preferred_language(accept_language) == language
