from workers.enrich.memo import MAX_KEY_LENGTH, memoised


def test_an_answer_is_worked_out_once():
    asked = []
    ask = memoised(lambda text: asked.append(text) or text.upper(), 2)
    assert [ask("a"), ask("a"), ask("b")] == ["A", "A", "B"]
    assert asked == ["a", "b"]


def test_long_texts_are_answered_and_not_kept():
    asked = []
    ask = memoised(lambda text: asked.append(text) or len(text), 2)
    long = "x" * (MAX_KEY_LENGTH + 1)
    assert ask(long) == ask(long) == len(long)
    assert len(asked) == 2
