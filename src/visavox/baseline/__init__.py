"""What is usual for a person, taken out of results.

`by_person` and `shares` do it over all clips of somebody, `running` as a recording goes on.
"""

from __future__ import annotations

from visavox.baseline.by_person import KINDS, Baseline, log_probabilities
from visavox.baseline.running import Adapted, adapt
from visavox.baseline.shares import balanced

__all__ = ["KINDS", "Adapted", "Baseline", "adapt", "balanced", "log_probabilities"]
