"""Private PostgreSQL, Redis and MQTT servers on free ports, for whoever has none: the demo, the tests, the benchmarks.

They are real servers, the same code as in production, started in about two seconds and gone with the process that asked for
them, however it ends. `running_servers` is the way in; `ServerSet` is for a harness that kills and relaunches single servers.
"""

from project.servers.errors import ServerError
from project.servers.serverset import ALL_SERVERS, ServerSet, running_servers, unset_servers

__all__ = ["ALL_SERVERS", "ServerError", "ServerSet", "running_servers", "unset_servers"]
