import pytest

from loadtest.scenario.ask import Ask
from loadtest.scenario.links import target

HOT = Ask("load-hot-0001", "/{hot}", {})


def test_a_redirect_to_the_target_is_right():
    assert HOT.fault(302, target("load-hot-0001")) == ""


@pytest.mark.parametrize(
    ("status", "location", "fault"),
    [
        (302, "https://example.com/elsewhere", "redirect to a wrong target"),
        (302, None, "redirect to a wrong target"),
        (200, None, "status 200"),
        (503, None, "status 503"),
    ],
)
def test_anything_else_is_an_error(status, location, fault):
    assert HOT.fault(status, location) == fault


def test_a_redirect_where_none_may_be_is_an_error():
    unknown = Ask("load-unknown-0001", "/{unknown}", {}, statuses=(404,))
    assert unknown.fault(404, None) == ""
    assert unknown.fault(302, target("load-unknown-0001")) == "status 302"


def test_only_a_get_of_the_code_itself_may_click():
    assert HOT.may_click
    assert not HOT._replace(method="HEAD").may_click
    assert not HOT._replace(suffix="+").may_click
    assert HOT._replace(suffix="+").path == "/load-hot-0001+"
