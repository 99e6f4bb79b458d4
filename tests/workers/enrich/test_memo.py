from workers.enrich.memo import MAX_KEY_LENGTH, Memo


def test_an_answer_is_worked_out_once():
    asked = []
    memo = Memo(lambda text: asked.append(text) or text.upper(), 2)
    assert memo.all([b"a", b"a", b"b"]) == memo.all([b"a", b"a", b"b"]) == [b"A", b"A", b"B"]
    assert asked == [b"a", b"b"]


def test_no_more_answers_are_kept_than_told():
    asked = []
    memo = Memo(asked.append, 4)
    for text in (b"a", b"b", b"c", b"d", b"e", b"a"):
        memo.all([text])
    assert asked == [b"a", b"b", b"c", b"d", b"e", b"a"]


def test_an_answer_that_is_asked_for_again_and_again_is_kept():
    asked = []
    memo = Memo(lambda text: asked.append(text) or b"", 4)
    for number in range(50):
        memo.all([b"%d" % number, b"often"])
    assert asked.count(b"often") == 1
    assert len(asked) == 51


def test_long_texts_are_answered_and_not_kept():
    asked = []
    memo = Memo(lambda text: asked.append(text) or len(text), 2)
    long = b"x" * (MAX_KEY_LENGTH + 1)
    assert memo.all([long, b"a"]) == memo.all([long, b"a"]) == [len(long), 1]
    assert asked == [long, b"a", long]


def test_nothing_asked_is_nothing_answered():
    assert Memo(len, 2).all([]) == []
