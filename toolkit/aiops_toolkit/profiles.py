"""From `capacity.profiles` of aiops.yml, and the reports it names, to offers with measured capacities."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from aiops_planner.catalog import Selection, load_catalog
from aiops_planner.demand import SINGLE_CLASS, Demand
from aiops_planner.errors import ConfigError, MeasurementError
from aiops_planner.machine_types import InstanceType
from aiops_planner.offers import Offer
from aiops_planner.plans import LeftOut, OffersAt, Origin
from aiops_planner.profiles import Profile, offers_from_profiles, profile_of
from aiops_planner.wording import counted
from aiops_reports.document import read_document
from aiops_reports.record import BenchReport, CommitReport, Environment
from aiops_toolkit.config.settings import CapacitySettings, ProfileSettings
from aiops_toolkit.measured import fleet_objective, measured_benchmark, measured_capacity, reference_from
from aiops_toolkit.paths import shortest

_ARCHITECTURES: Mapping[str, str] = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiled:
    """The offers of machine types that were measured themselves, and the selection of all other types."""

    offers: tuple[Offer, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]
    others: Selection

    def origin(
        self, left_out: tuple[LeftOut, ...] = (), notes: tuple[str, ...] = (), offers_at: OffersAt | None = None
    ) -> Origin:
        """How these offers and others came about; nobody knows measured capacities at another objective."""
        return Origin(
            left_out=(*left_out, *self.left_out),
            notes=(*notes, *self.notes),
            offers_at=None if self.offers else offers_at,
        )


def profiled_offers(settings: CapacitySettings, selection: Selection, demand: Demand, root: Path) -> Profiled:
    """The offers of `capacity.profiles`; none without it.

    Raises ConfigError for a report of another machine and for classes that do not fit the demand, MeasurementError for
    one without a capacity, DocumentError for one that cannot be read, and CatalogError for an unknown machine type.
    """
    others = replace(selection, without=tuple(settings.profiles))
    if not settings.profiles:
        return Profiled(offers=(), left_out=(), notes=(), others=others)
    types = {candidate.name: candidate for candidate in load_catalog(selection.clouds)}
    profiles = {
        name: _for_classes(_profile(settings, name, written, types.get(name), root), name, demand.classes)
        for name, written in settings.profiles.items()
    }
    offers, left_out = offers_from_profiles(
        profiles, selection, purchases=settings.purchases, whole_month=demand.is_constant
    )
    return Profiled(offers=offers, left_out=left_out, notes=(_note(settings),), others=others)


def _profile(
    settings: CapacitySettings, name: str, written: ProfileSettings, candidate: InstanceType | None, root: Path
) -> Profile:
    if written.report is None:
        return Profile(capacity_rps=written.rates or {})
    path = root / written.report
    report = _read_report(path)
    if candidate is not None:
        _check_machine(f"capacity.profiles.{name}: {shortest(path)}", report.environment, candidate)
    result = measured_benchmark(settings, report.benchmarks)
    objective = fleet_objective(settings, result)
    capacity = measured_capacity(result, objective)
    if capacity.rps is None:
        raise MeasurementError(
            f"capacity.profiles.{name}: {shortest(path)} shows no capacity in benchmark {result.name}: "
            f"{capacity.reason}; loosen capacity.slo, measure again, or leave {name} out"
        )
    least_rps = capacity.rps if capacity.ci is None or not capacity.ci.low else capacity.ci.low
    try:
        return profile_of(reference_from(result, report.environment, objective), least_rps)
    except MeasurementError:  # without a point at low load nothing can be simulated, and the capacity still holds
        return Profile(capacity_rps={SINGLE_CLASS: least_rps})


def _read_report(path: Path) -> CommitReport | BenchReport:
    """What `aiops run` keeps or `aiops bench --json` writes."""
    return read_document(path, BenchReport) if _is_of_bench(path) else read_document(path, CommitReport)


def _is_of_bench(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return b'"aiops/bench/' in file.read(4096)
    except OSError:
        return False  # reading the document says why


def _check_machine(where: str, environment: Environment, candidate: InstanceType) -> None:
    """Raise ConfigError for a report of a machine that cannot be of this type."""
    cores = environment.logical_cores
    whole = candidate.vcpus == int(candidate.vcpus)  # shared cores are catalogued by the share that is paid for
    if whole and cores != candidate.vcpus:
        raise ConfigError(
            f"{where} was measured on a machine with {counted(cores, 'CPU')}, and {candidate.name} has "
            f"{candidate.vcpus:g}; measure on that type, or name the type it was measured on"
        )
    architecture = _ARCHITECTURES.get(environment.architecture.lower(), environment.architecture)
    if architecture != candidate.architecture:
        raise ConfigError(
            f"{where} was measured on {architecture}, and {candidate.name} is {candidate.architecture}; measure on "
            "that type, or name the type it was measured on"
        )


def _for_classes(profile: Profile, name: str, asked: tuple[str, ...]) -> Profile:
    """The profile for the demand's classes; one class is the demand's, whatever it is called.

    Raises ConfigError for rates of other classes.
    """
    told = profile.capacity_rps
    if len(told) == len(asked) == 1:
        return replace(
            profile,
            capacity_rps=dict(zip(asked, told.values(), strict=True)),
            service_mean_s=dict(zip(asked, profile.service_mean_s.values(), strict=False)),
            service_p99_s=dict(zip(asked, profile.service_p99_s.values(), strict=False)),
        )
    if set(told) == {SINGLE_CLASS}:
        raise ConfigError(
            f"capacity.profiles.{name}: found one rate, but the demand has the classes {', '.join(asked)}; give a rate "
            f"for each, like {{{asked[0]}: 10/s}}"
        )
    if not set(told) & set(asked):
        raise ConfigError(
            f"capacity.profiles.{name}: found rates of {', '.join(sorted(told))}, but the demand is of "
            f"{', '.join(asked)}; name the classes alike"
        )
    return profile


def _note(settings: CapacitySettings) -> str:
    names = ", ".join(settings.profiles)
    reports = any(written.report is not None for written in settings.profiles.values())
    lower = "; of a report the lower end of the capacity's 95 % interval counts, where it has one" if reports else ""
    return f"measured on the machine type itself: {names}{lower}"
