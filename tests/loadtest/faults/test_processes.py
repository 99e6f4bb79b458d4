import signal

import psutil
import pytest

from app.processes.child import wait_for
from loadtest.faults.injection import NothingToHit
from loadtest.faults.processes import freeze, send


def test_all_are_frozen_until_that_is_lifted(family):
    children = family.children()
    frozen = freeze(children)
    assert wait_for(lambda: {one.status() for one in children} == {psutil.STATUS_STOPPED}, 60)
    assert frozen.lift()
    assert wait_for(lambda: psutil.STATUS_STOPPED not in {one.status() for one in children}, 60)


def test_who_is_gone_by_then_hinders_nobody(family):
    frozen = freeze([family])
    family.kill()
    family.wait()
    assert frozen.lift()


def test_there_is_nothing_to_hit_where_all_are_gone(family):
    family.kill()
    family.wait()
    with pytest.raises(NothingToHit):
        send([family], signal.SIGHUP)
