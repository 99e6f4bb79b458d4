import argparse

import pytest

from loadtest.run.options import add_options, complaint, take_common


def parsed(*words, num_users=None, run_time=None):
    parser = argparse.ArgumentParser()
    # Locust's own parser knows what is not for the web UI.
    plain, parser.add_argument = parser.add_argument, lambda *a, **k: plain(*a, **without(k))
    add_options(parser)
    options = parser.parse_args(words)
    options.num_users, options.run_time = num_users, run_time
    options.tags = options.exclude_tags = None
    return options


def without(keywords):
    return {name: value for name, value in keywords.items() if name != "include_in_web_ui"}


def test_what_is_given_by_default_can_be():
    assert complaint(parsed()) == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--rate", "0"), "--rate has to be more than 0"),
        (("--rate", "-5"), "--rate has to be more than 0"),
        (("--rate", "nan"), "--rate has to be more than 0"),
        (("--connections", "0"), "--connections has to be more than 0"),
        (("--hot-links", "0"), "--hot-links has to be more than 0"),
        (("--new-links-every", "0"), "--new-links-every has to be more than 0"),
        (("--tail-links", "-1"), "--tail-links has to be 0 or more"),
        (("--seconds", "-1"), "--seconds has to be 0 or more"),
        (("--warm-up", "-1"), "--warm-up has to be 0 or more"),
        (("--report", "build/faults"), "--report has to end in .html"),
        (("--report", "figures.json"), "--report has to end in .html"),
        (("--console", "console.internal:8081"), "--console has to be a URL"),
        (("--console", "http://:8081"), "--console has to be a URL"),
        (("--console", "http://[::1"), "--console has to be a URL"),
        (("--console", "http://console:80a"), "--console has to be a URL"),
        (("--console", "http://console:99999"), "--console has to be a URL"),
        (("--mark", "later: Redis"), "--mark"),
        (("--about", "/nowhere/about.json"), "--about /nowhere/about.json: No such file"),
    ],
)
def test_what_can_not_be_is_named_before_anything_runs(words, told):
    assert complaint(parsed(*words)).startswith(told)


@pytest.mark.parametrize("name", ["tags", "exclude_tags"])
def test_tags_that_would_leave_nothing_to_send_are_refused(name):
    """Requests that nobody sends would be told as Hopline's fault."""
    options = parsed()
    setattr(options, name, ["hot"])
    assert "name classes at the end" in complaint(options)


@pytest.mark.parametrize("user", ["admin:secret", ":secret", "admin:se#cret", "admin:secret@"])
def test_no_part_of_a_password_is_repeated(user):
    told = complaint(parsed("--console", f"http://{user}@console:8081"))
    assert told
    assert "secret" not in told


def test_locusts_users_and_run_time_are_connections_and_length():
    options = parsed(num_users=10, run_time=90)
    take_common(options)
    assert (options.connections, options.seconds) == (10, 90.0)


def test_a_length_that_is_typed_later_counts():
    options = parsed(num_users=10, run_time=90)
    take_common(options)
    options.seconds = 30.0
    take_common(options)
    assert options.seconds == 30.0
