import math

from hypothesis import given
from hypothesis import strategies as st

from app.links.link import Link
from app.redirect.links.cache import Held, LinkCache, UnknownCodes, Watch
from tests.support.redirect.fakes import FakeClock


def held(code: str) -> Held:
    return Held(Link(code=code, target="https://a.example/", created_ms=1, updated_ms=1), Watch())


@given(st.lists(st.text("abcdefgh", min_size=1, max_size=2), max_size=80), st.integers(2, 12))
def test_it_never_holds_more_than_its_size_and_never_a_wrong_link(codes, size):
    cache = LinkCache(size)
    for code in codes:
        found = cache.get(code)
        assert found is None or found.link.code == code
        if found is None:
            cache.put(code, held(code))
        assert len(cache) <= size


@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from([0, 500, 8_000])), max_size=200)
)
def test_long_targets_take_up_a_kilobyte_a_link_on_average(puts):
    cache = LinkCache(8)
    for code, length in puts:
        target = "https://a.example/" + "x" * length
        link = Link(code=code, target=target, created_ms=1, updated_ms=1)
        cache.put(code, Held(link, Watch()))
        kept = [each.link.target for each in (*cache.young.values(), *cache._old.values())]
        # Two generations, and the link with which each was full.
        assert sum(map(len, kept)) <= 8 * 1_000 + 2 * 8_018


def test_a_link_that_is_read_again_and_again_drives_out_no_other():
    cache = LinkCache(10)
    cache.put("other", held("other"))
    for _ in range(100):
        cache.put("same", held("same"))
        cache.forget("same")
        cache.put("same", held("same"))
    assert "other" in cache.young


def test_what_is_in_use_stays():
    cache = LinkCache(10)
    cache.put("hot", held("hot"))
    for number in range(100):
        cache.put(f"cold{number}", held(f"cold{number}"))
        assert cache.get("hot") is not None


def test_a_link_is_forgotten_in_both_generations():
    cache = LinkCache(4)
    for code in ("a", "b", "a"):
        cache.put(code, held(code))
    cache.forget("a")
    assert cache.get("a") is None
    assert cache.get("b") is not None
    cache.clear()
    assert len(cache) == 0


def test_a_watch_lasts_until_it_is_ended():
    assert Watch().ended_at == math.inf


def test_unknown_codes_are_bounded_and_brief():
    clock = FakeClock()
    codes = UnknownCodes(3, 5, clock)
    for code in "abcd":
        codes.add(code)
    assert len(codes) == 3
    assert "a" not in codes
    assert "d" in codes
    codes.forget("d")
    assert "d" not in codes
    clock.now += 5
    assert "b" not in codes
