"""Step that says who follows links, by all that the steps before it have found."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.http.networks import Networks
from app.verdicts.evidence import Evidence
from app.verdicts.judge import BETWEEN_REASONS, Judge
from app.verdicts.modes import Modes, read_modes
from app.verdicts.user_agent import Agent, UserAgentClassifier
from workers.enrich.networks import NetworkKinds
from workers.enrich.versions import data_version, rules_version

#: Kinds of visits that are remembered: a thousand times as many as there are.
_REMEMBERED = 20_000

Key = tuple[tuple[str, ...], str, tuple[str, ...], bool, tuple[str, ...]]


class Told(NamedTuple):
    """What evidence comes to, in the columns' own bytes.

    Attributes:
        name: of the program; None for what the user agent calls itself.
    """

    verdict: bytes
    reasons: bytes
    name: bytes | None


class Verdicts:
    """Judges clicks by the rules and their modes, a column at a time.

    Args:
        modes: of every rule; None for their own.
        own_networks: in CIDR notation.
        kinds: makes what tells the kinds of a network.

    Attributes:
        networks_of: returns the kinds of the networks that an address in 16 bytes is in.
        rules_version, data_version: what the verdicts, and all else of a row, are made with.
    """

    def __init__(
        self,
        modes: Modes | None = None,
        own_networks: Sequence[str] = (),
        kinds: type[NetworkKinds] = NetworkKinds,
    ) -> None:
        modes = modes or read_modes(())
        self.networks_of = kinds(Networks(own_networks)).of
        self.rules_version = rules_version(modes, own_networks)
        self.data_version = data_version()
        self._classifier = UserAgentClassifier(modes)
        self._told = _Told(Judge(modes))

    def read_agent(self, user_agent: str) -> Agent:
        """Return what a user agent says; whoever asks often remembers the answers."""
        return self._classifier.read(user_agent)

    def tell(self, evidence: Iterable[Key]) -> list[Told]:
        """Return what each click's evidence comes to.

        Args:
            evidence: the fields of :class:`~app.verdicts.evidence.Evidence`, in its order.
        """
        return list(map(self._told.__getitem__, evidence))


class _Told(dict[Key, Told]):
    """What evidence came to, remembered within bounds."""

    def __init__(self, judge: Judge) -> None:
        super().__init__()
        self._judge = judge

    def __missing__(self, key: Key) -> Told:
        if len(self) >= _REMEMBERED:
            self.clear()
        kind, name, reasons = self._judge.judge(Evidence(*key))
        told = self[key] = Told(
            kind.encode(),
            BETWEEN_REASONS.join(reasons).encode(),
            None if name is None else name.encode(),
        )
        return told
