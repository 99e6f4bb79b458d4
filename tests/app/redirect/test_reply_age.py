from app.redirect.reply_age import ReplyAge


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def turn(age: ReplyAge, answered: int) -> float:
    """Go through one turn of the event loop that received all there was."""
    age.note_poll()
    age.assess(answered)
    return age.seconds


def test_a_command_ages_until_its_reply_comes():
    clock = Clock()
    age = ReplyAge(clock)
    age.note_flush(last=2, size=10)
    clock.now += 1
    assert turn(age, answered=1) == 1
    assert turn(age, answered=2) == 0


def test_the_oldest_command_counts():
    clock = Clock()
    age = ReplyAge(clock)
    age.note_flush(last=1, size=10)
    clock.now += 3
    age.note_flush(last=2, size=10)
    clock.now += 1
    assert turn(age, answered=0) == 4
    assert turn(age, answered=1) == 1


def test_a_turn_that_takes_long_ages_no_command():
    clock = Clock()
    age = ReplyAge(clock)
    age.note_flush(last=1, size=10)
    age.note_poll()
    clock.now += 5
    age.assess(answered=0)
    assert age.seconds == 0


def test_with_its_connection_every_age_ends():
    clock = Clock()
    age = ReplyAge(clock)
    age.note_flush(last=1, size=10)
    clock.now += 5
    assert turn(age, answered=0) == 5
    age.reset()
    assert age.seconds == 0
    assert turn(age, answered=0) == 0


def test_it_tells_whether_all_is_answered():
    age = ReplyAge(Clock())
    assert age.is_all_answered(0)
    age.note_flush(last=2, size=10)
    age.note_flush(last=3, size=10)
    assert [age.is_all_answered(answered) for answered in (1, 2, 3)] == [False, False, True]
