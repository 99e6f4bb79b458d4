from app.health.check import fail, is_healthy, ok, to_json, warn


def test_only_a_failure_is_unhealthy() -> None:
    assert is_healthy([ok("a", "fine"), warn("b", "hm", "look")])
    assert not is_healthy([ok("a", "fine"), fail("b", "broken", "mend it")])


def test_the_json_form_is_exactly_this() -> None:
    assert to_json([warn("b", "hm", "look")]) == {
        "healthy": True,
        "checks": [{"name": "b", "state": "warn", "text": "hm", "mend": "look"}],
    }
