"""Where a report goes in the CI system it was made in: first decided, as values, then carried out one by one."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from aiops_planner.errors import PublishError
from aiops_planner.plans import Plan
from aiops_reports.record import CommitReport
from aiops_reports.store import StoredReport
from aiops_reports.summary import first_knee, headline
from aiops_toolkit.ci import actions
from aiops_toolkit.ci.context import CiContext, Provider
from aiops_toolkit.ci.jenkins import JenkinsBuild, describe
from aiops_toolkit.ci.published import PermissionRefusedError, Place, Published
from aiops_toolkit.ci.sticky import StickyComment

GITHUB_API = "https://api.github.com"
# The systems whose pull requests may be GitHub's; where a token for it is given, they are.
BUILDS_GITHUB: frozenset[Provider] = frozenset({"github", "circleci", "travis", "jenkins", "buildkite"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotate:
    """Print commands for the runner; `secret` is hidden from the log first."""

    place: Place = "annotations"
    lines: tuple[str, ...]
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summarise:
    """Add Markdown to the job summary."""

    place: Place = "summary"
    path: Path
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOutputs:
    """Set the outputs of the step."""

    place: Place = "outputs"
    path: Path
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """Keep the comment on the pull request up to date."""

    place: Place = "comment"
    comment: StickyComment
    api_url: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Describe:
    """Set the description of the Jenkins build."""

    place: Place = "build description"
    build: JenkinsBuild
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Nothing to do, and why."""

    place: Place
    because: str


Step = Annotate | Summarise | SetOutputs | Comment | Describe | Skip


def publish(
    report: CommitReport,
    stored: StoredReport,
    comment: str,
    *,
    context: CiContext | None,
    environment: Mapping[str, str],
    log: TextIO,
) -> tuple[Published, ...]:
    """Send a report wherever this build can send it, and say for each place what came of it.

    `comment` is the report as Markdown; `log` takes the commands for a GitHub Actions runner. One place that fails
    does not keep the report from the others, and nothing is raised.
    """
    steps = decide_steps(report, stored, comment, context=context, environment=environment)
    return tuple(_carry_out(step, log) for step in steps)


def decide_steps(
    report: CommitReport,
    stored: StoredReport,
    comment: str,
    *,
    context: CiContext | None,
    environment: Mapping[str, str],
) -> tuple[Step, ...]:
    """What publishing will do in this environment."""
    if context is None:
        return (Skip(place="comment", because="this is no build of a CI system that aiops knows"),)
    if context.provider == "github":
        steps = list(_runner_steps(report, stored, comment, environment))
    elif context.provider == "jenkins":
        steps = [_description(report, environment)]
    else:
        steps = []
    return (*steps, _comment(report, comment, context, environment))


def _runner_steps(
    report: CommitReport, stored: StoredReport, comment: str, environment: Mapping[str, str]
) -> Iterator[Step]:
    yield Annotate(lines=actions.annotations(report), secret=environment.get("AIOPS_GITHUB_TOKEN"))
    if summary := environment.get("GITHUB_STEP_SUMMARY"):
        yield Summarise(path=Path(summary), text=comment)
    if output := environment.get("GITHUB_OUTPUT"):
        yield SetOutputs(path=Path(output), values=outputs(report, stored))


def outputs(report: CommitReport, stored: StoredReport) -> dict[str, str]:
    """The step's outputs; a figure that was not measured is empty. S, T and P are those at the first knee."""
    found = first_knee(report)
    knee = found[1] if found else None
    plan = report.plan if isinstance(report.plan, Plan) else None
    return {
        "outcome": report.outcome,
        "report-json": str(stored.record.absolute()),
        "report-html": str(stored.page.absolute()),
        "comment-file": str(stored.comment.absolute()),
        "throughput-rps": f"{knee.throughput_rps:.6g}" if knee else "",
        "response-seconds": f"{knee.response_s:.6g}" if knee else "",
        "power": f"{knee.power:.6g}" if knee else "",
        "usd-per-month": f"{plan.usd_per_month:.2f}" if plan else "",
    }


def _comment(report: CommitReport, text: str, context: CiContext, environment: Mapping[str, str]) -> Comment | Skip:
    token = environment.get("AIOPS_GITHUB_TOKEN")
    because = _no_comment_because(context, environment)
    if because is not None or not token or context.pull_request is None or context.repository is None:
        return Skip(place="comment", because=because or "AIOPS_GITHUB_TOKEN is not set")
    sticky = StickyComment(
        repository=context.repository,
        pull_request=context.pull_request,
        key=report.service,
        run_number=context.run_number,
        text=text,
    )
    return Comment(comment=sticky, api_url=environment.get("GITHUB_API_URL") or GITHUB_API, token=token)


def _no_comment_because(context: CiContext, environment: Mapping[str, str]) -> str | None:
    if environment.get("AIOPS_COMMENT", "").strip().lower() in {"false", "no", "off", "0"}:
        return "AIOPS_COMMENT turns it off"
    if context.provider not in BUILDS_GITHUB:
        return f"comments go to GitHub, and this is a build of {context.provider}"
    if context.pull_request is None:
        return "this build is of no pull request"
    if context.repository is None:
        return f"{context.provider} does not say which repository this is"
    return None


def _description(report: CommitReport, environment: Mapping[str, str]) -> Describe | Skip:
    names = ("JENKINS_URL", "JOB_NAME", "BUILD_NUMBER", "AIOPS_JENKINS_USER", "AIOPS_JENKINS_TOKEN")
    missing = [name for name in names if not environment.get(name)]
    if missing:
        return Skip(place="build description", because=f"{' and '.join(missing)} not set")
    server, job, number, user, token = (environment[name] for name in names)
    if not number.isdecimal():
        return Skip(place="build description", because=f"BUILD_NUMBER is no number: {number!r}")
    build = JenkinsBuild(server=server, job=job, number=int(number), user=user, token=token)
    return Describe(build=build, text=headline(report))


def _carry_out(step: Step, log: TextIO) -> Published:
    try:
        message = _do(step, log)
    except PermissionRefusedError as error:
        return Published(place=step.place, status="refused", message=error.message)
    except PublishError as error:
        return Published(place=step.place, status="failed", message=error.message)
    except OSError as error:
        reason = f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
        return Published(place=step.place, status="failed", message=f"the runner's file cannot be written: {reason}")
    return Published(place=step.place, status="skipped" if isinstance(step, Skip) else "done", message=message)


def _do(step: Step, log: TextIO) -> str:
    match step:
        case Annotate():
            lines = ([actions.mask(step.secret)] if step.secret else []) + list(step.lines)
            log.writelines(f"{line}\n" for line in lines)
            log.flush()
            return f"{len(step.lines)} written"
        case Summarise():
            actions.append_summary(step.path, step.text)
            return "written"
        case SetOutputs():
            actions.write_outputs(step.path, step.values)
            return "set"
        case Comment():
            return _post(step)
        case Describe():
            describe(step.build, step.text)
            return f"set on {step.build.url}"
        case Skip():
            return step.because


def _post(step: Comment) -> str:
    from aiops_toolkit.ci.github import PullRequests  # noqa: PLC0415 (PyGithub takes a third of a second to load)

    with closing(PullRequests(token=step.token, api_url=step.api_url)) as pull_requests:
        change = pull_requests.post(step.comment)
    return f"{change} on pull request {step.comment.pull_request} of {step.comment.repository}"
