"""From raw batches to rows: the journal, readings, states and dead letters, each message exactly once.

`store_batches` is what the queue's worker calls, `apply_batches` what a replay of the journal calls. The journal is the gate: a
batch whose name stands in it was stored before, whole, and is not counted again.
"""

from apps.metering.ingest.storing import Applied, apply_batches, store_batches

__all__ = ["Applied", "apply_batches", "store_batches"]
