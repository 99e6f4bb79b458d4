from loadtest.bench_reports.traffic import of_link


def test_half_of_the_clicks_are_of_the_hottest_link_and_some_of_the_one_that_is_looked_for():
    entry = (b"short_code", b"c000001", b"timestamp", b"1")
    codes = [of_link(number, entry)[1] for number in range(20)]
    assert (codes.count(b"hottest"), codes.count(b"probe"), codes.count(b"c000001")) == (10, 1, 9)
    assert of_link(1, entry)[2:] == entry[2:]
