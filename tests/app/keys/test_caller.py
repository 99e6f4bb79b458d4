from app.keys.caller import ANYBODY, METRICS_READER, NOBODY, SCOPES, TOKEN_HOLDER, Caller


def test_a_caller_may_do_what_its_scopes_say_and_nothing_else() -> None:
    caller = Caller("a", "a", frozenset(("links:write",)))
    assert [scope for scope in SCOPES if caller.may(scope)] == ["links:write"]


def test_an_admin_may_do_everything() -> None:
    for caller in (TOKEN_HOLDER, ANYBODY):
        assert all(map(caller.may, SCOPES))
    assert not any(map(NOBODY.may, SCOPES))
    assert [scope for scope in SCOPES if METRICS_READER.may(scope)] == ["system:read"]


def test_a_restriction_to_tags_hides_what_carries_none_of_them() -> None:
    caller = Caller("a", "a", frozenset(("stats:read",)), tags=("spring", "sale"))
    assert caller.sees(["sale", "old"])
    assert not caller.sees(["old"])
    assert not caller.sees([])
    assert TOKEN_HOLDER.sees([])
