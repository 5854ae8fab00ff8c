"""Fifty people at a web server: threads with a connection each, closed loop or at a pace, and how long each waited."""

import http.client
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Get = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Visit:
    """What one client asks for again and again: a path below the server, with its session."""

    path: str
    session: str


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds of every answer, sorted, and how long all of it took."""

    seconds: Sequence[float]
    lasted_s: float

    @property
    def p95_ms(self) -> float:
        return self.seconds[int(len(self.seconds) * 0.95)] * 1000

    @property
    def per_second(self) -> float:
        return len(self.seconds) / self.lasted_s


def hammer(port: int, visits: Sequence[Visit], seconds: float) -> Waits:
    """Every client asks again as soon as it is answered: throughput; the wait is then the number of clients divided by it."""
    return _crowd(port, visits, seconds, pace_s=0)


def stroll(port: int, visits: Sequence[Visit], seconds: float, pace_s: float = 1.0) -> Waits:
    """Every client asks once per `pace_s`. A wait counts from when the question was due, so a slow server cannot hide a queue."""
    return _crowd(port, visits, seconds, pace_s=pace_s)


def _crowd(port: int, visits: Sequence[Visit], seconds: float, *, pace_s: float) -> Waits:
    waits: list[float] = []
    faults: list[BaseException] = []
    started = time.perf_counter()

    def ask(number: int, visit: Visit) -> None:
        try:
            waits.extend(_ask_until(port, visit, started + seconds, pace_s, first_at=started + pace_s * number / len(visits)))
        except BaseException as fault:
            faults.append(fault)
            raise

    threads = [threading.Thread(target=ask, args=(number, visit)) for number, visit in enumerate(visits)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise RuntimeError("A client was not answered: the benchmark is void.") from faults[0]
    return Waits(seconds=sorted(waits), lasted_s=time.perf_counter() - started)


def _ask_until(port: int, visit: Visit, ends: float, pace_s: float, *, first_at: float) -> list[float]:
    waits = []
    due = first_at
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while max(due, time.perf_counter()) < ends:
        if pace_s:
            time.sleep(max(0.0, due - time.perf_counter()))
        else:
            due = time.perf_counter()
        fetch(connection, visit)
        waits.append(time.perf_counter() - due)
        due += pace_s
    connection.close()
    return waits


def fetch(connection: http.client.HTTPConnection, visit: Visit) -> tuple[str, bytes]:
    """Type and content of one answer. A connection that the server closed meanwhile is opened again. Errors: not 200."""
    headers = {"Cookie": f"sessionid={visit.session}", "Host": "localhost"}
    try:
        connection.request("GET", visit.path, headers=headers)
        answer = connection.getresponse()
    except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
        connection.close()
        connection.request("GET", visit.path, headers=headers)
        answer = connection.getresponse()
    content = answer.read()
    if answer.status != http.client.OK:
        raise RuntimeError(f"{visit.path} answered {answer.status}: the benchmark is void.")
    return answer.headers.get("Content-Type", ""), content
