"""Names of programs and applications that uap-core takes from the user agent's own letters.

The crawlers of crawler-user-agents (MIT) are known beside them. Source: uap-core's own tests
(Apache-2.0).
"""

PROGRAMS = ("AngryBirdsBlack",)
