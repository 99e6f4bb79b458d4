import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        ("de;q=0.5, fr;q=0.9", "fr"),
        ("en;q=0, de;q=0.5", "de"),
        ("de;q=0", ""),
        ("*, fr;q=0.5", "fr"),
        ("*;q=0.9, fr;q=0.5", "fr"),
        ("en ; q=0.5 , it;q = 0.8", "it"),
        ("de;Q=0.5,fr;q=.9", "fr"),
        (",,de", "de"),
        (" , en", "en"),
        ("de;q=1.0,fr", "de"),
        ("de;q=abc", "de"),
        ("de;level=1", "de"),
        ("i-klingon, nl", "nl"),
        ("iw", "he"),
        ("in-ID", "id"),
        ("und, sv;q=0.1", "sv"),
        ("en_US", "en"),
        ("zh_Hans_CN.UTF-8, fr;q=0.1", "fr"),
    ],
)
def test_the_language_of_the_highest_weight_counts(accept_language, language):
    assert preferred_language(accept_language) == language


languages = st.sampled_from(["de", "fr", "pt", "en", "nl", "fil"])
ranges = st.lists(st.tuples(languages, st.integers(0, 1000)), max_size=8)


@given(ranges, st.sampled_from([", ", ",", " ,"]), st.booleans())
def test_the_order_of_languages_counts_only_between_equal_weights(weighed, between, has_star):
    texts = [f"{language};q={weight / 1000:.3f}" for language, weight in weighed]
    wanted = [(weight, -place) for place, (_, weight) in enumerate(weighed) if weight]
    expected = weighed[-max(wanted)[1]][0] if wanted else ""
    header = between.join(["*;q=1.0", *texts] if has_star else texts)
    assert preferred_language(header) == expected


@given(st.text(max_size=200))
def test_any_text_has_an_answer(text):
    assert len(preferred_language(text)) <= 3
