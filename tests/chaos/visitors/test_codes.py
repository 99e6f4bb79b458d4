from tests.chaos.visitors.codes import CLICK_LIMIT, code_of, is_limited, limited_codes


def test_more_visitors_follow_each_limited_link_than_may():
    codes = [code_of(number) for number in range(1, 20_000)]
    assert set(filter(is_limited, codes)) <= set(limited_codes(20_000))
    assert codes.count("limited1") > CLICK_LIMIT
