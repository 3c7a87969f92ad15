"""The machine is described from files of /proc, /sys and /etc, whatever system or container they come from."""

import os
import platform
from pathlib import Path

import psutil
import pytest

import aiops_toolkit
from aiops_toolkit.environment import (
    cpu_quota,
    in_container,
    memory_limit,
    read_cpu,
    read_environment,
    runner_image,
    usable_cores,
)

XEON = """processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 85
model name\t: Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz
stepping\t: 7
flags\t\t: fpu vme

processor\t: 1
vendor_id\t: Other
model name\t: Other
"""
GRAVITON = """processor\t: 0
BogoMIPS\t: 243.75
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x1
CPU part\t: 0xd40
CPU revision\t: 1
"""


def files(root: Path, contents: dict[str, str]) -> Path:
    for name, text in contents.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("cpuinfo", "model", "family"),
    [
        (XEON, "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz", "GenuineIntel 6 85 7"),
        (
            "vendor_id: AuthenticAMD\ncpu family: 25\nmodel: 17\nmodel name: AMD EPYC\nstepping: 1",
            "AMD EPYC",
            "AuthenticAMD 25 17 1",
        ),
        (GRAVITON, "Arm Neoverse-V1", "ARM 0x41 0xd40 0x1 1"),
        ("CPU implementer: 0x61\nCPU part: 0x022", None, "ARM 0x61 0x022"),
        ("", None, None),
        ("no colon here", None, None),
    ],
)
def test_the_first_cpu_is_named(cpuinfo, model, family):
    assert read_cpu(cpuinfo) == (model, family)


V1 = "4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/\n"
CPU_V1 = "sys/fs/cgroup/cpu,cpuacct/docker/abc"


@pytest.mark.parametrize(
    ("contents", "cores"),
    [
        ({}, None),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, None),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"}, 1.5),
        (
            {
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/cpu.max": "50000 100000\n",
                "sys/fs/cgroup/a/b/cpu.max": "max 1",
            },
            0.5,
        ),
        ({"proc/self/cgroup": "0::/host/path\n", "sys/fs/cgroup/cpu.max": "200000 100000\n"}, 2.0),
        ({"proc/self/cgroup": "0::/../../x\n", "sys/fs/cgroup/cpu.max": "200000 100000\n"}, 2.0),
        (
            {"proc/self/cgroup": V1, f"{CPU_V1}/cpu.cfs_quota_us": "300000", f"{CPU_V1}/cpu.cfs_period_us": "100000"},
            3.0,
        ),
        ({"proc/self/cgroup": V1, f"{CPU_V1}/cpu.cfs_quota_us": "-1", f"{CPU_V1}/cpu.cfs_period_us": "100000"}, None),
        (
            {
                "proc/self/cgroup": V1,
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "100000",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
            },
            1.0,
        ),
        ({"proc/self/cgroup": "garbage\n0::/\n", "sys/fs/cgroup/cpu.max": "1 0"}, None),
    ],
)
def test_the_tightest_cpu_quota_counts(contents, cores, tmp_path):
    assert cpu_quota(files(tmp_path, contents)) == cores


@pytest.mark.parametrize(
    ("contents", "limit"),
    [
        ({}, None),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"}, None),
        (
            {
                "proc/self/cgroup": "0::/a\n",
                "sys/fs/cgroup/memory.max": "4096\n",
                "sys/fs/cgroup/a/memory.max": "8192\n",
            },
            4096,
        ),
        ({"proc/self/cgroup": V1, "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": "1024\n"}, 1024),
    ],
)
def test_the_tightest_memory_limit_counts(contents, limit, tmp_path):
    assert memory_limit(files(tmp_path, contents)) == limit


@pytest.mark.parametrize(
    ("allowed", "quota", "cores"), [(8, None, 8), (8, 2.0, 2), (8, 0.2, 1), (2, 4.0, 2), (8, 1.6, 2)]
)
def test_usable_cores_are_bounded_by_the_quota(allowed, quota, cores):
    assert usable_cores(allowed, quota) == cores


@pytest.mark.parametrize(
    ("variables", "contents", "expected"),
    [
        ({}, {".dockerenv": ""}, True),
        ({}, {"run/.containerenv": ""}, True),
        ({"container": "podman"}, {}, True),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, {"proc/self/cgroup": "0::/\n"}, True),
        ({}, {"proc/self/cgroup": "1:cpu:/kubepods/burstable/pod1\n"}, True),
        ({}, {"proc/self/cgroup": "0::/user.slice\n"}, False),
        ({}, {}, None),
    ],
)
def test_containers_are_recognised(variables, contents, expected, tmp_path):
    assert in_container(variables, files(tmp_path, contents)) is expected


@pytest.mark.parametrize(
    ("variables", "image"),
    [
        ({"ImageOS": "ubuntu24", "ImageVersion": "20250105.1.0"}, "ubuntu24 20250105.1.0"),
        ({"ImageOS": "macos14"}, "macos14"),
        ({}, None),
    ],
)
def test_the_runner_image_is_named(variables, image):
    assert runner_image(variables) == image


def test_all_facts_come_together(tmp_path):
    root = files(
        tmp_path,
        {
            "proc/cpuinfo": XEON,
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/cpu.max": "100000 100000",
            "sys/fs/cgroup/memory.max": "1048576",
            "etc/os-release": 'NAME="Ubuntu"\nPRETTY_NAME="Ubuntu 24.04.1 LTS"\n',
        },
    )
    environment = read_environment({"GITHUB_ACTIONS": "true", "ImageOS": "ubuntu24"}, root=root)
    assert environment.cpu_family == "GenuineIntel 6 85 7"
    assert environment.usable_cores == 1
    assert environment.memory_bytes == 1048576
    assert environment.os == "Ubuntu 24.04.1 LTS"
    assert environment.container is False
    assert environment.ci_provider == "github"
    assert environment.ci_runner_image == "ubuntu24"
    assert environment.tool_version == aiops_toolkit.__version__


def test_this_machine_is_described_without_any_of_the_files(tmp_path):
    environment = read_environment({}, root=tmp_path)
    assert environment.usable_cores == len(os.sched_getaffinity(0))
    assert environment.logical_cores == psutil.cpu_count()
    assert environment.memory_bytes == psutil.virtual_memory().total
    assert environment.kernel == platform.release()
    assert environment.os
    assert environment.ci_provider is None
