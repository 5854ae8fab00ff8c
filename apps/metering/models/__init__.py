"""What was measured: packed curves, and the record of every import."""

from apps.metering.models.curves import Channel, DayCurve, MeasureImport, Source

__all__ = ["Channel", "DayCurve", "MeasureImport", "Source"]
