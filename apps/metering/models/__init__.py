"""What was measured and by what: packed curves, imports, brokers, devices, raw messages, readings."""

from apps.metering.models.alerts import Alert, DeviceFlip
from apps.metering.models.broker import Broker
from apps.metering.models.canary import Canary
from apps.metering.models.curves import Channel, DayCurve, MeasureImport, Source
from apps.metering.models.device import Device, DeviceAssignment, DeviceState, RegisterSeries, Sensor
from apps.metering.models.journal import DeadLetter, RawBatch, UnknownTopic
from apps.metering.models.notes import SeriesNote
from apps.metering.models.reading import PointMark, QuarterMark, Reading

__all__ = [
    "Alert",
    "Broker",
    "Canary",
    "Channel",
    "DayCurve",
    "DeadLetter",
    "Device",
    "DeviceAssignment",
    "DeviceFlip",
    "DeviceState",
    "MeasureImport",
    "PointMark",
    "QuarterMark",
    "RawBatch",
    "Reading",
    "RegisterSeries",
    "Sensor",
    "SeriesNote",
    "Source",
    "UnknownTopic",
]
