from app.clicks.entry import Entry


def test_fields_are_pairs_and_the_last_of_a_name_counts():
    entry = Entry(b"1790000000123-4", [b"a", b"1", b"b", b"2", b"a", b"3"])
    assert entry.fields == {b"a": b"3", b"b": b"2"}
