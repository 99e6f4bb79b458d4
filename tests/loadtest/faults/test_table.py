import psutil
import pytest

from app.processes.child import wait_for
from loadtest.faults.injection import NothingToHit
from loadtest.faults.table import FAULTS, Fault, commit


def states(parent):
    return [child.status() for child in parent.children()]


def test_a_frozen_process_goes_on_after_its_time(family):
    fault = Fault("frozen", ("first-child",), "freeze", 5)
    seen = []

    def look(_):
        wait_for(lambda: states(family)[0] == psutil.STATUS_STOPPED, 60)
        seen.append(states(family))

    commit(fault, family, sleep=look)
    assert seen[0][0] == psutil.STATUS_STOPPED
    assert seen[0][1] != psutil.STATUS_STOPPED
    assert wait_for(lambda: psutil.STATUS_STOPPED not in states(family), 60)


def test_a_frozen_process_goes_on_even_when_the_wait_is_broken_off(family):
    def broken_off(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        commit(Fault("frozen", ("child",), "freeze", 5), family, sleep=broken_off)
    assert wait_for(lambda: psutil.STATUS_STOPPED not in states(family), 60)


def test_one_of_several_is_killed(family):
    first, second = family.children()
    commit(Fault("killed", ("-child",), "kill", 1, "one"), family, sleep=lambda _: None)
    # Its parent doesn't reap it.
    assert wait_for(lambda: first.status() == psutil.STATUS_ZOMBIE, 60)
    assert second.status() != psutil.STATUS_ZOMBIE


def test_a_process_that_is_not_there_is_said(family):
    with pytest.raises(NothingToHit, match="no process of third-child"):
        commit(Fault("killed", ("third-child",), "kill", 1), family)


def test_the_report_shades_the_stretch():
    assert FAULTS["redis"].mark == "5-10:Redis frozen for 5 s"
    assert FAULTS["redis"].run_seconds == 20


def test_only_faults_that_break_connections_excuse_broken_connections():
    assert {name for name, fault in FAULTS.items() if fault.most_cut is None} == {
        "redirect",
        "reload",
    }
