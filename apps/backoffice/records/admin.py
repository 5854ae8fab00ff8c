"""Every subject of the records, brought in once so that the admin knows it."""

from apps.backoffice.records import communities, configurations, members, parameters, people, points, prices

__all__ = ["communities", "configurations", "members", "parameters", "people", "points", "prices"]
