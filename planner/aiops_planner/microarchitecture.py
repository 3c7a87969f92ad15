"""Which CPU a machine has, and how fast one of its vCPUs is on each cloud's scale of scores.

The two clouds' scores are different scales; a CPU that is rented on both clouds is the only bridge between them. Model
numbers: Linux' intel-family.h and LLVM's compiler-rt; AWS: the CPUs Spare Cores found in every family named here;
Google Cloud: the platform beside each published CoreMark, as N2 and N2D may also run on an older one.
"""

from collections.abc import Iterable, Mapping
from statistics import geometric_mean, median

from aiops_planner.machine_types import InstanceType

# (vendor, family, model) of /proc/cpuinfo.
_CPUS: Mapping[tuple[str, int, int], str] = {
    ("GenuineIntel", 6, 63): "Haswell",
    ("GenuineIntel", 6, 79): "Broadwell",
    ("GenuineIntel", 6, 85): "Skylake",  # Cascade Lake and Cooper Lake are the same core with another stepping
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
        "Haswell": ("m4",),
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

# Google Cloud's families that may land on an older CPU than the one their CoreMark was published for.
_MIXED = frozenset({"e2", "n1", "n2", "n2d"})

# What a whole core gains a vCPU on each scale: Netflix' model says 1.5; CoreMark says 1.45, the median over the sizes
# of Google's T2D and N2D, both Milan at the same clock.
_WHOLE_CORES = frozenset({"c7a", "m7a", "r7a", "c8a", "m8a", "r8a"})
_WHOLE_CORE_GAIN: Mapping[str, float] = {"aws": 1.5, "gcp": 1.45}
# AWS rents its own Zen 4 and Zen 5 without hyperthreads, so these are not doubted when they report none.
_SOLD_AS_WHOLE_CORES = ("EPYC 9R14", "EPYC 9R45")

_M4 = "AWS' M4 runs on Haswell or Broadwell under one score"
_DOUBTS: Mapping[str, str] = {
    "Haswell": _M4,
    "Broadwell": _M4,
    "Skylake": "with Cascade Lake, which has the same model number, it is rented at 2.7 to 3.8 GHz, and the middle of "
    "its scores is taken",
}
_HIDDEN_THREADS = (
    "the machine says that its CPUs are whole cores and is believed, which is the safe side: a virtual machine may "
    "hide that they are hyperthreads, and then every capacity is about a third too low"
)


def identify(cpu_family: str | None) -> str | None:
    """The microarchitecture of a CPU written "vendor family model", like "AuthenticAMD 25 17"; None when unknown."""
    vendor, *numbers = (cpu_family or "").split()[:3] or [""]
    if len(numbers) != 2 or not all(number.isdecimal() for number in numbers):
        return None
    return _CPUS.get((vendor, int(numbers[0]), int(numbers[1])))


def doubts(microarchitecture: str, cpu_model: str | None, whole_cores: bool) -> tuple[str, ...]:
    """Why the scores of this CPU may be wrong for the reference machine, as clauses for the reader."""
    found = [_DOUBTS[microarchitecture]] if microarchitecture in _DOUBTS else []
    if whole_cores and not any(known in (cpu_model or "") for known in _SOLD_AS_WHOLE_CORES):
        found.append(_HIDDEN_THREADS)
    return tuple(found)


def may_be_older(candidate: InstanceType) -> bool:
    """Whether a machine of this type may have an older CPU than the one its score was published for."""
    return candidate.cloud == "gcp" and candidate.family in _MIXED


def families_with(microarchitecture: str | None) -> frozenset[str]:
    """The families of all clouds that have this CPU, whose scores `reference_scores` takes the middle of."""
    return frozenset(name for families in _FAMILIES.values() for name in families.get(microarchitecture or "", ()))


def reference_scores(
    microarchitecture: str | None, catalog: Iterable[InstanceType], whole_cores: bool
) -> Mapping[str, float]:
    """The score of one vCPU of a CPU by cloud, for the clouds whose scale knows it: the middle of its families.

    `whole_cores` tells whether the reference machine's vCPUs are whole cores (True) or hardware threads.
    """
    scores: dict[str, dict[str, list[float]]] = {}
    for candidate in catalog:
        families = _FAMILIES.get(candidate.cloud, {}).get(microarchitecture or "", ())
        score = candidate.cpu_score_per_vcpu
        if candidate.family in families and score is not None:
            thread = score / _WHOLE_CORE_GAIN[candidate.cloud] if candidate.family in _WHOLE_CORES else score
            scores.setdefault(candidate.cloud, {}).setdefault(candidate.family, []).append(thread)
    return {
        cloud: geometric_mean(map(median, of_family.values())) * (_WHOLE_CORE_GAIN[cloud] if whole_cores else 1.0)
        for cloud, of_family in scores.items()
    }
