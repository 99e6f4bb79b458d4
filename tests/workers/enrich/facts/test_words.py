from workers.enrich.facts.words import words


def test_a_table_is_read_word_by_word():
    table = words(r"""
        one | two words | (?:three|four)
        \bfive
    """)
    assert table == ["one", "two words", "(?:three|four)", r"\bfive"]
