from workers.enrich.memo import MAX_KEY_LENGTH, Memo


def test_an_answer_is_worked_out_once():
    asked = []
    memo = Memo(lambda text: asked.append(text) or text.upper(), 2)
    assert memo.all([b"a", b"a", b"b"]) == memo.all([b"a", b"a", b"b"]) == [b"A", b"A", b"B"]
    assert asked == [b"a", b"b"]


def test_no_more_answers_are_kept_than_told():
    asked = []
    memo = Memo(asked.append, 2)
    memo.all([b"a", b"b", b"c", b"a"])
    assert asked == [b"a", b"b", b"c", b"a"]


def test_long_texts_are_answered_and_not_kept():
    asked = []
    memo = Memo(lambda text: asked.append(text) or len(text), 2)
    long = b"x" * (MAX_KEY_LENGTH + 1)
    assert memo.all([long, b"a"]) == memo.all([long, b"a"]) == [len(long), 1]
    assert asked == [long, b"a", long]


def test_nothing_asked_is_nothing_answered():
    assert Memo(len, 2).all([]) == []
