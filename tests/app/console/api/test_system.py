from typing import Any

import pytest

from app.console.api.system import system_routes
from app.health.check import fail, ok, warn
from app.health.system.system import System
from tests.support.console import TOKEN, Broken, client_of, doctor_of


def unshown(_bind: str, _token: str | None) -> Any:
    raise ConnectionRefusedError("refused")


@pytest.mark.parametrize(("token", "status"), [(TOKEN, 200), ("another-of-16-characters", 401)])
def test_how_the_installation_fares_is_told_to_who_may_know(
    links: Any, make_settings, redis_url: str, token: str, status: int
) -> None:
    routes = system_routes(System(make_settings(redis_url=redis_url), show=unshown))
    client = client_of(Broken(RuntimeError("unasked")), links, TOKEN, more=routes)
    answer = client.simulate_get("/api/v1/system", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == status
    if status == 200:
        assert (answer.json["dead_letters"], answer.json["redirect"]) == (0, None)


def test_it_takes_the_right_to_see_the_system(make_settings) -> None:
    (route,) = system_routes(System(make_settings()))
    assert route.resource.rights == {"GET": "system:read"}


@pytest.mark.parametrize(
    ("checks", "healthy"),
    [
        ([ok("redis", "there"), warn("spool", "large", "look")], True),
        ([fail("a", "b", "c")], False),
    ],
)
def test_what_is_wrong_is_told_as_doctor_prints_it(
    links: Any, checks: list[Any], healthy: bool
) -> None:
    more = [doctor_of(lambda: checks)]
    client = client_of(Broken(RuntimeError("unasked")), links, TOKEN, more=more)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    answer = client.simulate_get("/api/v1/system/doctor", headers=bearer)
    assert answer.json["healthy"] is healthy
    assert [each["state"] for each in answer.json["checks"]] == [each.state for each in checks]
    # It costs as much as a report does.
    assert answer.headers["ratelimit"].startswith('"reports"')
    assert client.simulate_get("/api/v1/system/doctor").status_code == 401


def test_an_examination_takes_the_right_to_see_the_system() -> None:
    assert doctor_of(lambda: ()).resource.rights == {"GET": "system:read"}


@pytest.mark.parametrize(
    ("headers", "is_told"),
    [({}, True), ({"Via": "1.1 proxy"}, False), ({"Sec-Fetch-Site": "cross-site"}, False)],
)
def test_without_keys_doctor_speaks_to_this_machine_alone(
    links: Any, make_settings, redis_url: str, headers: dict[str, str], is_told: bool
) -> None:
    finding = warn("settings", "no setting reads HOPLINE_SECRET", "look")
    system = System(make_settings(redis_url=redis_url), show=unshown, examine=lambda _: [finding])
    system._doctor.get(60)
    more = [doctor_of(lambda: [finding]), *system_routes(system)]
    client = client_of(Broken(RuntimeError("unasked")), links, more=more)
    answers = [
        client.simulate_get(f"/api/v1/system{end}", headers=headers) for end in ("", "/doctor")
    ]
    assert [each.status_code for each in answers] == [200, 200 if is_told else 401]
    assert ["HOPLINE_SECRET" in each.text for each in answers] == [is_told] * 2
