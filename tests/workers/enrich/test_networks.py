import pytest

from app.verdicts.traffic import DATACENTRE
from workers.enrich.networks import datacentres, kinds_of_asn


@pytest.mark.parametrize("asn", ["AS16509 Amazon.com, Inc.", "AS24940", "AS8075 MICROSOFT"])
def test_hosting_providers_are_known_by_number(asn):
    assert kinds_of_asn(asn) == (DATACENTRE,)


@pytest.mark.parametrize(
    "number",
    [
        *(13335, 36183, 20940, 54113, 714),  # iCloud Private Relay, Cloudflare WARP
        *(9009, 39351, 60068, 212238, 62371, 209103, 62240),  # VPN providers
        *(22616, 62044, 55256),  # companies' gateways
        *(3320, 7922, 21928, 15169),  # people's own
    ],
)
def test_networks_that_people_come_through_are_none(number):
    assert kinds_of_asn(f"AS{number} Amazon Hosting Cloud") == ()


def test_an_unknown_network_is_none():
    assert kinds_of_asn("") == ()
    assert 50 < len(datacentres()) < 200
    assert all(name[2:].isdigit() for name in datacentres())
