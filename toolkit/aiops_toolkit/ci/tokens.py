"""The tokens that publishing needs, kept away from the code under test."""

from collections.abc import MutableMapping

TOKENS = ("AIOPS_GITHUB_TOKEN", "AIOPS_JENKINS_TOKEN")


def withdraw_tokens(environment: MutableMapping[str, str]) -> dict[str, str]:
    """A copy of the environment to publish with; the tokens leave the original.

    Called before the service and its tests start: they are the commit's own code and inherit the original.
    """
    copied = dict(environment)
    for name in TOKENS:
        environment.pop(name, None)
    return copied
