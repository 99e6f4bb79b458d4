from workers.enrich.typical_user_agents import PRODUCTS, typical_user_agents
from workers.enrich.user_agent import UserAgents
from workers.enrich.verdicts import Verdicts


def test_they_are_of_most_kinds_that_there_are():
    user_agents, verdicts = UserAgents(), Verdicts()
    programs = [verdicts.read_agent(text).name for text in PRODUCTS]
    told = [user_agents.read(*read) for read in zip(PRODUCTS, map(bool, programs), strict=True)]
    assert {each.device for each in told} == {"desktop", "mobile", "tablet", "tv", "bot"}
    assert all(each.browser for each in told)
    systems = {"Windows", "macOS", "Linux", "Android", "iOS", "Tizen"}
    assert systems <= {each.os for each in told}
    assert {"Googlebot", "GPTBot", "python-requests", "okhttp"} <= set(programs)


def test_they_are_the_same_in_each_process():
    texts = list(typical_user_agents())
    assert texts == list(typical_user_agents())
    assert len(set(texts)) == len(texts)
