"""Rules that tell by what a visitor sends whether a person or a program follows a link.

:class:`app.verdicts.user_agent.UserAgentClassifier` is what redirect, workers and commands use; it
asks the rules of :data:`app.verdicts.rules.RULES`, which docs/enrichment.md lists. Each file beside
them holds what one kind of program is called.
"""
