"""Which CPU a machine has, and how fast one of its vCPUs is on each cloud's scale of scores.

The two clouds' scores are different scales; a CPU that is rented on both clouds is the only bridge between them.
Family and model numbers are those of Linux' arch/x86/include/asm/intel-family.h and AMD's processor programming
references, instance families those of the clouds' own pages on processors. A family that runs on more than one CPU
stands for the one its scores were published for.
"""

from collections.abc import Iterable, Mapping
from statistics import median

from aiops_planner.catalog import InstanceType

# (vendor, family, model) of /proc/cpuinfo.
_CPUS: Mapping[tuple[str, int, int], str] = {
    ("GenuineIntel", 6, 79): "Broadwell",
    ("GenuineIntel", 6, 85): "Skylake",  # Cascade Lake is the same core with another stepping
    ("GenuineIntel", 6, 106): "Ice Lake",
    ("GenuineIntel", 6, 143): "Sapphire Rapids",
    ("GenuineIntel", 6, 207): "Emerald Rapids",
    ("GenuineIntel", 6, 173): "Granite Rapids",
    ("AuthenticAMD", 23, 1): "Zen",
    ("AuthenticAMD", 23, 49): "Zen 2",
    ("AuthenticAMD", 25, 1): "Zen 3",
    ("AuthenticAMD", 25, 17): "Zen 4",
    ("AuthenticAMD", 26, 2): "Zen 5",
}

_FAMILIES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "aws": {
        "Broadwell": ("m4",),
        "Skylake": ("c5", "m5", "r5"),
        "Ice Lake": ("c6i", "m6i", "r6i"),
        "Sapphire Rapids": ("c7i", "m7i", "r7i"),
        "Emerald Rapids": ("i7i", "i7ie"),
        "Granite Rapids": ("c8i", "m8i", "r8i"),
        "Zen": ("m5a",),
        "Zen 2": ("c5a",),
        "Zen 3": ("c6a", "m6a", "r6a"),
        "Zen 4": ("c7a", "m7a", "r7a"),
        "Zen 5": ("c8a", "m8a", "r8a"),
    },
    "gcp": {
        "Skylake": ("n1", "c2"),
        "Ice Lake": ("n2", "m3"),
        "Sapphire Rapids": ("c3",),
        "Emerald Rapids": ("n4",),
        "Zen 3": ("c2d", "n2d"),
        "Zen 4": ("c3d",),
    },
}

# Families whose vCPU is a whole core, and what that gains a vCPU on each scale: Netflix' model says 1.5;
# Google's CoreMark of t2d against c2d, both Zen 3, says 1.34.
_WHOLE_CORES = frozenset({"c7a", "m7a", "r7a", "c8a", "m8a", "r8a", "t2d"})
_WHOLE_CORE_GAIN: Mapping[str, float] = {"aws": 1.5, "gcp": 1.34}


def identify(cpu_family: str | None) -> str | None:
    """The microarchitecture of a CPU written "vendor family model", like "AuthenticAMD 25 17"; None when unknown."""
    vendor, *numbers = (cpu_family or "").split()[:3] or [""]
    if len(numbers) != 2 or not all(number.isdecimal() for number in numbers):
        return None
    return _CPUS.get((vendor, int(numbers[0]), int(numbers[1])))


def reference_scores(
    microarchitecture: str | None, catalog: Iterable[InstanceType], whole_cores: bool
) -> Mapping[str, float]:
    """The score of one vCPU of a CPU by cloud, for the clouds whose scale knows it.

    `whole_cores` tells whether the reference machine's vCPUs are whole cores (True) or hardware threads.
    """
    scores: dict[str, list[float]] = {}
    for candidate in catalog:
        families = _FAMILIES.get(candidate.cloud, {}).get(microarchitecture or "", ())
        score = candidate.cpu_score_per_vcpu
        if candidate.family in families and score is not None:
            gain = _WHOLE_CORE_GAIN[candidate.cloud]
            thread = score / gain if candidate.family in _WHOLE_CORES else score
            scores.setdefault(candidate.cloud, []).append(thread * gain if whole_cores else thread)
    return {cloud: median(found) for cloud, found in scores.items()}
