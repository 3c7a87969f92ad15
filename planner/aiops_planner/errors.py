"""Every failure this project raises on purpose, and the exit code each branch stands for.

AiopsError                      1  the tool or its environment failed
├── UsageError                  2  wrong usage or configuration
│   ├── ConfigError                aiops.yml says something that cannot be meant
│   ├── UnitError                  a quantity that is not written as people write it
│   ├── DocumentError              a report, plan or metrics file that cannot be read back
│   └── CatalogError               the catalog has no such cloud, region, family or price
├── ServiceError                   the service never became ready, died, or its port is taken
├── CheckError                     the test command crashed, ran no test or wrote broken results
├── MeasurementError               load could not be generated or produced no usable sample
├── SolverError                    the solver is missing, crashed or stopped without a plan
├── PriceError                     a cloud's prices could not be fetched
├── StorageError                   a result could not be written
└── PublishError                   a CI system refused or could not be reached

A commit that fails its tests (exit code 3) and a target that no fleet meets (exit code 4) are results, not errors:
see `aiops_reports.record.CommitReport.exit_code`.
"""

from typing import ClassVar


class AiopsError(Exception):
    """What could not be done, the probable cause and the next step, in one line for the person who must act."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class UsageError(AiopsError):
    """The person asked for something that cannot be meant."""

    exit_code: ClassVar[int] = 2


class ConfigError(UsageError):
    """A mistake in aiops.yml; `message` names file, line, key, what was found and what was expected."""


class UnitError(UsageError):
    """A duration, rate, percentage or sum of money that cannot be read; `reason` says why, where its form is right."""

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


class DocumentError(UsageError):
    """A JSON document of ours that is cut short, hand-mangled or from a newer schema."""


class CatalogError(UsageError):
    """The catalog cannot answer the question that was asked of it."""


class ServiceError(AiopsError):
    """The service under test never became ready, died, or could not get its port."""


class CheckError(AiopsError):
    """The test command could not be run to a result."""


class MeasurementError(AiopsError):
    """No load could be generated, or nothing usable came back."""


class SolverError(AiopsError):
    """The solver is missing, crashed, or stopped without a plan."""


class PriceError(AiopsError):
    """A cloud's prices could not be fetched, or are none that the catalog can hold; what it had is left as it was."""


class StorageError(AiopsError):
    """A result could not be written or read where it was asked for."""


class PublishError(AiopsError):
    """A CI system refused a report or could not be reached."""
