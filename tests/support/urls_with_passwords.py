"""URLs of stores with a password somewhere in them, as people write and mistype them."""

from hypothesis import strategies as st

SECRET = "hunter2"
_ODD = st.sampled_from(["", "#", "?", "/", "@", ":", "%", "[", "]", "\u2100", " ", "\\", "&", ","])
_SCHEMES = ("redis", "rediss", "redis+sentinel", "unix", "clickhouse", "https", "")
_SHAPES = (
    "{scheme}://{user}:{password}@{host}/{database}",
    "{scheme}://{user}:{password}@{host}",
    "{scheme}://{user}:{password}",
    "{scheme}:{user}:{password}@{host}",
    "{user}:{password}@{host}/{database}",
    "{scheme}://{host}/{database}?password={password}",
    "{scheme}://{host}/{database}?db={password}",
    "{scheme}://{host}/{database}?connect_timeout={password}",
    "{scheme}://{host}/{database}?compression={password}",
    "{scheme}://{host}/mymaster/{database}?sentinel_password={password}",
    "{scheme}://{user}:{password}@{host}/{database}?password={password}#x",
    "{scheme}://{user}:{password}@{password}@{host}/{database}",
)


def _is_one(shape: str, password: str) -> bool:
    """Tell whether it is a password at all: behind an @ stands a host, as far as one can tell."""
    return "{host}" in shape or not password.startswith("@")


def _url(shape: str, password: str, **parts: str) -> str:
    return shape.format(password=password, **parts)


passwords = st.tuples(_ODD, _ODD).map(lambda odd: f"{odd[0]}{SECRET}{odd[1]}")
urls = (
    st.tuples(st.sampled_from(_SHAPES), passwords)
    .filter(lambda both: _is_one(*both))
    .flatmap(
        lambda both: st.builds(
            _url,
            st.just(both[0]),
            st.just(both[1]),
            scheme=st.sampled_from(
                ["redis", "rediss", "redis+sentinel", "unix", "clickhouse", "https", ""]
            ),
            user=st.sampled_from(["", "bob", "b#b"]),
            host=st.sampled_from(
                ["h:1", "h", "[::1]:2", "[::1", "h:x", "h1:1,h2:2", "[::1]:1,[::2]", "a,b", ""]
            ),
            database=st.sampled_from(["", "0", "first", "a/b"]),
        )
    )
)
