"""The description of a Jenkins build: the only home of python-jenkins, where its errors are translated."""

from dataclasses import dataclass, field
from urllib.parse import quote

import jenkins
import requests

from aiops_planner.errors import PublishError
from aiops_toolkit.ci.published import first_line

TIMEOUT_S = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class JenkinsBuild:
    """One build of a job. `job` is JOB_NAME: folders between slashes, a branch's own slashes already written %2F."""

    server: str
    job: str
    number: int
    user: str
    token: str = field(repr=False)

    @property
    def url(self) -> str:
        """The build's page; Jenkins wants each part of the name quoted once more."""
        folders = "".join(f"job/{quote(part, safe='')}/" for part in self.job.split("/"))
        return f"{self.server.rstrip('/')}/{folders}{self.number}/"


def describe(build: JenkinsBuild, description: str) -> None:
    """Set the description of a build. Raises PublishError when Jenkins refuses it or cannot be reached."""
    request = requests.Request("POST", f"{build.url}submitDescription", data={"description": description})
    try:
        # Brings the crumb that Jenkins asks for, and follows the redirect to the build's page.
        server = jenkins.Jenkins(build.server, username=build.user, password=build.token, timeout=TIMEOUT_S)
        server.jenkins_open(request)
    except jenkins.NotFoundException as error:
        raise PublishError(
            f"Jenkins has no build at {build.url}, or {build.user} may not see it; "
            "check JOB_NAME, BUILD_NUMBER and the user's permissions"
        ) from error
    except jenkins.JenkinsException as error:
        raise PublishError(
            f"Jenkins did not take the description of {build.url} ({first_line(error)}); "
            "AIOPS_JENKINS_USER needs an API token in AIOPS_JENKINS_TOKEN and the permission Run/Update"
        ) from error
    except OSError as error:  # what requests raises when no answer comes is one
        raise PublishError(
            f"Jenkins cannot be reached at {build.server}: {first_line(error)}; check JENKINS_URL and the network"
        ) from error
    except (ValueError, TypeError, KeyError) as error:  # a crumb that is none
        raise PublishError(f"what answers at {build.server} is not Jenkins; check JENKINS_URL") from error
