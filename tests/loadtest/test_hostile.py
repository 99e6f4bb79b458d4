import random

import pytest

from loadtest.hostile import _KINDS, _cut


@pytest.mark.parametrize("kind", _KINDS)
def test_user_agents_fill_a_header_and_none_comes_twice(kind):
    chance = random.Random(1)
    agents = [_cut(_KINDS[kind](chance)) for _ in range(20)]
    assert len(set(agents)) == len(agents)
    assert all(1_900 <= len(agent) <= 2_000 for agent in agents)
    assert all(agent.isascii() and agent.isprintable() for agent in agents)
    assert all(agent == agent.strip() for agent in agents)
