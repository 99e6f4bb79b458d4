from loadtest.faults.injection import Until


def test_a_fault_is_renewed_until_it_is_lifted():
    done = []
    until = Until(lambda: done.append("lifted"), lambda: done.append("renewed"))
    until.renew()
    until.renew()
    assert until.lift()
    assert done == ["renewed", "renewed", "lifted"]
