"""When Dagster is to mark an asset as old: how long nothing of it was built.

Here: that span, which ``$RUSHES_FRESH_DAYS`` sets. Not here: partitions that are missing or stale
(``rushes.standing``), of which Dagster's policies know nothing.
"""

import os
from datetime import timedelta

import dagster as dg

VARIABLE = "RUSHES_FRESH_DAYS"
_DAYS = 30.0
_WARN_AT = 0.25


def freshness_policy() -> dg.FreshnessPolicy | None:
    """Return the policy of every asset; None where the variable says 0, for footage that comes in once."""
    try:
        days = float(os.environ.get(VARIABLE) or _DAYS)
    except ValueError:
        raise ValueError(f"{VARIABLE} is no number of days: {os.environ[VARIABLE]!r}") from None
    if days <= 0:
        return None
    fail = timedelta(days=days)
    return dg.FreshnessPolicy.time_window(fail_window=fail, warn_window=fail * _WARN_AT)
