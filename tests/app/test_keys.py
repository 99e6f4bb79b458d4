from hypothesis import given
from hypothesis import strategies as st

from app import keys
from app.settings import Settings

names = st.text(min_size=1)


@given(names)
def test_only_links_have_keys_that_start_with_the_links_prefix(name: str) -> None:
    """A redirect worker watches the prefix, and is to be told of links alone."""
    assert keys.link_key(name) == f"link:{name}"
    others = [
        keys.LINK_INDEX,
        keys.LINK_DELETED,
        keys.link_tag_key(name),
        keys.link_uses_key(name),
        keys.visitor_salt_key(name),
        *(Settings.model_fields[setting].default for setting in ("stream", "dead_stream")),
    ]
    assert not [key for key in others if key.startswith(keys.LINK_PREFIX)]


@given(names, names)
def test_no_two_kinds_of_key_meet(one: str, other: str) -> None:
    makers = (keys.link_key, keys.link_tag_key, keys.link_uses_key, keys.visitor_salt_key)
    made = {make(name) for make in makers for name in (one, other)}
    assert len(made) == len(makers) * len({one, other})
    assert not made & {keys.LINK_INDEX, keys.LINK_DELETED}
