"""The machine a record was measured with, read from what the system tells about itself.

A container sees the host's cores and memory, so limits of its control groups (versions 1 and 2) are looked up too.
"""

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import psutil

import aiops_toolkit
from aiops_reports.record import Environment
from aiops_toolkit.ci.context import read_context

# the parts of Arm's own designs that clouds rent out: /proc/cpuinfo has no model name there
ARM_PARTS = {
    ("0x41", "0xd0c"): "Arm Neoverse-N1",
    ("0x41", "0xd40"): "Arm Neoverse-V1",
    ("0x41", "0xd49"): "Arm Neoverse-N2",
    ("0x41", "0xd4f"): "Arm Neoverse-V2",
}
_CONTAINER_GROUP = re.compile(r"docker|kubepods|containerd|lxc|libpod|garden")


def read_environment(variables: Mapping[str, str], *, root: Path = Path("/")) -> Environment:
    """Describe this machine; `variables` is the process environment, `root` where /proc, /sys and /etc are found."""
    context = read_context(variables)
    model, family = read_cpu(_text(root / "proc/cpuinfo"))
    return Environment(
        cpu_model=model or _cpu_model_elsewhere(),
        cpu_family=family,
        physical_cores=psutil.cpu_count(logical=False),
        logical_cores=psutil.cpu_count() or 1,
        usable_cores=usable_cores(_allowed_cores(), cpu_quota(root)),
        memory_bytes=min(psutil.virtual_memory().total, memory_limit(root) or sys.maxsize),
        os=_os_name(root),
        kernel=platform.release(),
        architecture=platform.machine(),
        python=platform.python_version(),
        container=in_container(variables, root),
        ci_provider=context.provider if context else None,
        ci_runner_image=runner_image(variables),
        tool_version=aiops_toolkit.__version__,
    )


def read_cpu(cpuinfo: str) -> tuple[str | None, str | None]:
    """Model and family of the first CPU of /proc/cpuinfo; the family as "vendor family model stepping"."""
    lines = (line.partition(":") for line in cpuinfo.strip().split("\n\n")[0].splitlines())
    facts = {name.strip(): value.strip() for name, _, value in lines}
    if "CPU implementer" in facts:
        part = (facts["CPU implementer"], facts.get("CPU part", ""))
        family = " ".join(("ARM", *part, facts.get("CPU variant", ""), facts.get("CPU revision", ""))).split()
        return ARM_PARTS.get(part), " ".join(family)
    words = [facts.get(name) for name in ("vendor_id", "cpu family", "model", "stepping")]
    return facts.get("model name"), " ".join(word for word in words if word) or None


def usable_cores(allowed: int, quota: float | None) -> int:
    """Whole cores this process may keep busy: those it may run on, or fewer when its control group has a quota."""
    return allowed if quota is None else max(1, min(allowed, round(quota)))


def cpu_quota(root: Path) -> float | None:
    """The tightest CPU quota, in cores, of this process's control groups; None when there is none."""
    quotas = []
    for folder in _control_groups(root, "cpu"):
        numbers = (_text(folder / "cpu.max") or _version_1_quota(folder)).split()
        if len(numbers) == 2 and all(number.isdigit() for number in numbers) and int(numbers[1]):
            quotas.append(int(numbers[0]) / int(numbers[1]))
    return min(quotas, default=None)


def memory_limit(root: Path) -> int | None:
    """The tightest memory limit, in bytes, of this process's control groups; None when there is none."""
    limits = []
    for folder in _control_groups(root, "memory"):
        limit = (_text(folder / "memory.max") or _text(folder / "memory.limit_in_bytes")).strip()
        if limit.isdigit():
            limits.append(int(limit))
    return min(limits, default=None)


def in_container(variables: Mapping[str, str], root: Path) -> bool | None:
    """Whether this runs in a container; None where there is no /proc to tell."""
    marks = (root / ".dockerenv", root / "run/.containerenv")
    if any(mark.exists() for mark in marks) or variables.get("container") or "KUBERNETES_SERVICE_HOST" in variables:
        return True
    groups = _text(root / "proc/self/cgroup")
    return bool(_CONTAINER_GROUP.search(groups)) if groups else None


def runner_image(variables: Mapping[str, str]) -> str | None:
    """The image of the CI runner with its version, as GitHub's hosted runners tell it."""
    words = [variables.get(name) for name in ("ImageOS", "ImageVersion")]
    return " ".join(word for word in words if word) or None


def _control_groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's control group and of all groups around it, in both versions.

    Inside a container the path may be the host's, and the container's own group is then mounted at the top.
    """
    mounts = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers and controller not in controllers.split(","):
            continue
        mount = mounts / controllers if controllers else mounts
        inner = PurePosixPath("" if ".." in path else path.lstrip("/"))  # ".." leads out of this namespace
        for group in (inner, *inner.parents):
            yield mount / group
            yield mounts / controller / group


def _version_1_quota(folder: Path) -> str:
    return f"{_text(folder / 'cpu.cfs_quota_us')} {_text(folder / 'cpu.cfs_period_us')}"


def _allowed_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return psutil.cpu_count() or 1


def _os_name(root: Path) -> str:
    for path in ("etc/os-release", "usr/lib/os-release"):
        found = re.search(r"^PRETTY_NAME=(.+)$", _text(root / path), re.MULTILINE)
        if found:
            return found[1].strip().strip("\"'")
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    return platform.platform(terse=True)


def _cpu_model_elsewhere() -> str | None:
    if sys.platform == "darwin":
        try:
            command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip() or None
        except (OSError, subprocess.SubprocessError):
            return None
    return platform.processor() or None


def _text(path: Path) -> str:
    """The file's text, empty when it is not there or may not be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
