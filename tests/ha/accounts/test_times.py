from tests.chaos.monitors.run_queue import Delay
from tests.chaos.visitors.client_log import Sent, Stall
from tests.ha.accounts.times import Machine, Took, longest_hearing, parted, slowest
from tests.ha.monitors.link_switches import Switch

CALM = Machine([], [])


def sent(at_ms, waited_ms, *, late_ms=0.0, via="host1", number=1):
    return Sent(number, at_ms, at_ms + int(waited_ms), waited_ms, via, "code1", 0, late_ms)


def test_a_visitor_waits_from_when_the_click_was_due():
    assert slowest([sent(1_000, 5.0), sent(2_000, 4.0, late_ms=30.0)], CALM) == Took(34.0, 0.0)
    assert slowest([], CALM) == Took(0.0, 0.0)


def test_what_the_machine_took_is_told_apart():
    busy = Machine([Stall(1_000, 1_060)], [])
    assert slowest([sent(1_000, 70.0), sent(5_000, 20.0)], busy) == Took(70.0, 50.0)
    delayed = Machine([], [Delay(1_000, 1_020, "host1", 15.0)])
    assert slowest([sent(1_000, 20.0)], delayed) == Took(20.0, 15.0)
    assert slowest([sent(1_000, 20.0, via="host2")], delayed) == Took(20.0, 0.0)


def test_of_a_long_time_the_machine_took_what_one_role_was_kept_waiting():
    roles = [(1_000, "host1", 15.0), (1_500, "host1", 10.0), (1_600, "redis", 20.0)]
    busy = Machine([], [Delay(at_ms, at_ms + 20, role, ms) for at_ms, role, ms in roles])
    assert busy.took(1_000, 800.0) == Took(800.0, 25.0)
    assert busy.took(5_000, 800.0) == Took(800.0, 0.0)


def test_clicks_of_a_blow_s_second_are_parted_from_the_others():
    clicks = [sent(at_ms, 1.0, number=at_ms) for at_ms in (0, 1_000, 5_000, 9_990, 10_500, 11_500)]
    within, outside = parted([*clicks, sent(9_000, 1_500.0)], [10_000])
    assert [click.sent_ms for click in within] == [10_500, 9_000]
    assert [click.sent_ms for click in outside] == [5_000, 9_990, 11_500]


def test_a_change_is_heard_when_every_host_has_heard_it():
    assert longest_hearing([Switch("a", 1_000, (1_010, 1_050))], [], CALM) == Took(50.0)
    assert longest_hearing([Switch("a", 1_000, (990, 995))], [], CALM).ms <= 0


def test_a_change_made_before_a_promotion_has_to_be_heard_soon_after_it():
    switches = [Switch("a", 1_000, (1_001, 3_400)), Switch("b", 5_000, (5_001, 5_100))]
    assert longest_hearing(switches, [3_000], CALM) == Took(400.0)


def test_who_never_hears_is_no_time():
    assert longest_hearing([Switch("a", 1_000, (None, 1_020))], [], CALM) == Took(20.0)


def test_who_counts_has_a_part_in_counting_alone():
    busy = Machine([], [Delay(1_000, 1_500, "counts 7", 300.0)])
    assert busy.took(1_000, 800.0) == Took(800.0, 0.0)
    assert busy.took(1_000, 800.0, counts=True) == Took(800.0, 300.0)
