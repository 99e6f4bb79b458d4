"""Enrichers that ask today's rules of clicks that came in earlier."""

from collections.abc import Callable
from typing import NamedTuple

from app.config.settings import Settings
from app.http.networks import Networks
from app.verdicts.modes import read_modes
from workers.enrich.enricher import Enricher
from workers.enrich.networks import StoredNetworkKinds
from workers.enrich.salts import SALT_BYTES
from workers.enrich.traffic import Traffic
from workers.enrich.user_agent import UserAgents
from workers.enrich.verdicts import Verdicts
from workers.enrich.visitor import Visitors
from workers.replay.stored_places import StoredPlaces


class Enrichers(NamedTuple):
    """What makes rows of what is left of a click.

    Attributes:
        of_entries: of an entry, as it came; visitors' ids are not to be used.
        of_rows: of a row, which holds less; the same goes for the ids.
        of_lost: of an entry whose click has no row, with a visitor's id of its day.
        places: today's databases.
        may_be_own: whether a stored address may be in a network that is the operator's today.
    """

    of_entries: Enricher
    of_rows: Enricher
    of_lost: Enricher
    places: StoredPlaces
    may_be_own: Callable[[bytes], bool]


def make_enrichers(settings: Settings, salt_of: Callable[[str], bytes]) -> Enrichers:
    """Return enrichers by today's settings, rules and data.

    Args:
        salt_of: as :class:`~workers.enrich.visitor.Visitors` asks for it.

    Raises:
        BadPlaceDatabase: a file that the settings name is none.
    """
    places = StoredPlaces(settings.geoip_path, settings.data_dir)
    user_agents, modes = UserAgents(), read_modes(settings.rules)
    verdicts = Verdicts(modes, settings.own_networks)
    of_rows = Verdicts(modes, settings.own_networks, StoredNetworkKinds)
    # What is stored keeps its own ids, and to ask for the salt of a day that is gone would make a
    # new one.
    no_visitors, keep = Visitors(lambda _: bytes(SALT_BYTES)), settings.store_addresses
    return Enrichers(
        Enricher(user_agents, verdicts, places, no_visitors, keep, Traffic()),
        Enricher(user_agents, of_rows, places, no_visitors, keep),
        Enricher(user_agents, verdicts, places, Visitors(salt_of), keep, Traffic()),
        places,
        StoredNetworkKinds(Networks(settings.own_networks)).may_be_own,
    )
