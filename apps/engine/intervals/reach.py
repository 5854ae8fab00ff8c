"""Which quarters a reading can change, and which readings a quarter needs: what a worker asks the database for.

Three ways to close quarters, with the same result:

- **in full**: all readings of the span and `CONTEXT` on either side. Always right.
- **from the last closing on**: the reading before its end and all since. Right where the last `CONTEXT` readings up to there were
  orderly and all since are (`are_orderly`). This is what the workers do (`apps.metering.orderly`).
- **by probes**: for every edge of the span, the last reading at or before it and the first at or after it, then
  `quarters_of(..., from_probes=True)`. Right for quarters that were touched by nothing but orderly readings, but who did not read
  them must be told so: whoever stores readings would keep, per series, how many in a row were orderly (`follows_lawfully`).

A UNIT_CHANGE note that comes or goes re-opens everything after it, in full and with `Readings.in_doubt`.
"""

import numpy as np
from numpy.typing import NDArray

from apps.engine.intervals.nouns import QUARTER_US, Instants, Span
from apps.engine.intervals.steps import GLITCH_READINGS, is_lawful

CONTEXT = 4 * (GLITCH_READINGS + 1) + 4
"""No reading changes what becomes of another further away than this: an outlier is told by three readings beside it, between any
two of which a glitch may lie, and a conflict by one more."""


def needed_probes(span: Span) -> Instants:
    """Return the Q + 1 edges of a span, in microseconds. Ask for the last reading ≤ and the first reading ≥ each of them."""
    return span.starts_us + np.arange(span.quarters + 1) * QUARTER_US


def follows_lawfully(
    power_w: NDArray[np.int64],
    earlier_us: Instants,
    earlier_milliwh: NDArray[np.int64],
    measured_us: Instants,
    register_milliwh: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Say which readings may follow the newest one stored before them: later, not falling, within the connection's power."""
    return is_lawful(power_w, measured_us - earlier_us, register_milliwh - earlier_milliwh)


def touched_quarters(earlier_us: Instants, later_us: Instants) -> tuple[Instants, Instants]:
    """Return the first and the last quarter (their starts) that new readings can change, one pair per reading.

    An orderly reading (see above): `earlier_us` is the reading before it (itself if there is none), `later_us` is itself.
    Any other: the `CONTEXT`-th reading before and after it (the oldest and the newest where there are fewer).
    """
    first = earlier_us // QUARTER_US
    last = np.maximum((later_us - 1) // QUARTER_US, first)
    return first * QUARTER_US, last * QUARTER_US
