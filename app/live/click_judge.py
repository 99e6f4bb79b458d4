"""Judge of single clicks as they stand in the stream, by the rules and modes of the workers."""

from app.clicks.click import Click
from app.config.settings import Settings
from app.http.networks import Networks
from app.verdicts.evidence import Evidence
from app.verdicts.judge import Judge
from app.verdicts.modes import read_modes
from app.verdicts.rule import Verdict
from app.verdicts.user_agent import UserAgentClassifier
from app.verdicts.visit import OWN, loaded_ahead


class ClickJudge:
    """Says who followed a link, as far as a click alone tells; made once, 20 ms."""

    def __init__(self, settings: Settings) -> None:
        modes = read_modes(settings.rules)
        self._classifier = UserAgentClassifier(modes)
        self._judge = Judge(modes)
        self._own_networks = Networks(settings.own_networks)

    def verdict(self, click: Click) -> Verdict:
        """Return who followed the link.

        Of a click that is only counted, the user agent is nobody's business.
        """
        rules, name = ((), "") if click.count_only else self._classifier.read(click.user_agent)
        evidence = Evidence(
            matched=rules,
            purpose=loaded_ahead(click.purpose),
            networks=(OWN,) if self._own_networks.have(click.ip) else (),
            is_own_device=bool(click.own),
        )
        return self._judge.judge(evidence).verdict(name)
