from workers.enrich.memo import Memo


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


def test_long_texts_are_remembered_too():
    asked = []
    memo = Memo(lambda text: asked.append(text) or len(text), 100)
    for _ in range(3):
        assert memo.all([b"x" * 8_192, b"a"]) == [8_192, 1]
    assert asked == [b"x" * 8_192, b"a"]


def test_texts_are_remembered_within_bounds_in_bytes_even_in_one_batch():
    asked = []
    memo = Memo(lambda text: asked.append(text) or b"", 100)
    for batch in range(3):
        memo.all([b"%d-%d" % (batch, number) + b"x" * 1_000 for number in range(2_000)])
        held = {*memo._answers, *memo._answers._older}
        assert 0 < sum(map(len, held)) <= 100 * 300
    asked.clear()
    memo.all([b"often"])
    for number in range(500):
        memo.all([b"%d" % number + b"y" * 1_000, b"often"])
    assert asked.count(b"often") == 1


def test_nothing_asked_is_nothing_answered():
    assert Memo(len, 2).all([]) == []
