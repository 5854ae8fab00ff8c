"""The pages that people open, by the web server of the image, with fifty of them at once; beside the same bytes from memory.

Fifty people ask once a second each: that is what the goal speaks of. The closed loop (fifty clients that never pause) is printed
too; there a wait is fifty divided by the throughput, whatever the page. Clients and server share the same cores.
"""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks.crowd import Visit, Waits, fetch, hammer, stroll

CLIENTS, MONTHS = 50, 24
HAMMER_S, STROLL_S = 3, 8
MOST_MS, MOST_QUERIES = 200, 12
STATEMENT_BYTES = 74_000  # what a statement of the demo weighs
START_S = 30
ROOT = Path(__file__).resolve().parents[2]
LIMIT = "the same bytes from memory, same server and middleware, no query and no template"


def run() -> Iterator[dict[str, Any]]:
    """One row per page."""
    from django.conf import settings
    from django.test import override_settings

    with TemporaryDirectory() as name, override_settings(DATA_DIR=Path(name), ALLOWED_HOSTS=["localhost", "testserver"]):
        pages = _make_pages()
        environment = {
            "DEBUG": "false",
            "ALLOWED_HOSTS": "localhost",
            "PUBLIC_URL": "http://localhost",
            "SECRET_KEY": settings.SECRET_KEY,
            "PII_KEYS": ",".join(f"{key}:{b64encode(secret).decode()}" for key, secret in settings.PII_KEYS),
            "DATA_DIR": name,
        }
        remembered = Path(name) / "pages.json"
        with serving("project.wsgi", environment) as ours:
            remembered.write_text(json.dumps(_remember(ours[0], pages)))
            with serving("tests.benchmarks.remembered_pages", {**environment, "REMEMBERED_PAGES": str(remembered)}) as limit:
                for page, visits in pages.items():
                    yield _row(page, visits, ours, limit[0])


def _row(page: str, visits: Sequence[Visit], ours: tuple[int, int], limit_port: int) -> dict[str, Any]:
    port, process = ours
    queries = _count_queries(visits[0])
    closed, closed_limit = hammer(port, visits, HAMMER_S), hammer(limit_port, visits, HAMMER_S)
    paced, paced_limit = stroll(port, visits, STROLL_S), stroll(limit_port, visits, STROLL_S)
    return {
        "bench": f"portal_{page}",
        "value": round(paced.p95_ms, 1),
        "unit": f"ms p95, {len(visits)} people, each asks once a second",
        "peer": None,
        "peer_value": None,
        "ratio_to_peer": None,
        "limit": LIMIT,
        "limit_value": round(paced_limit.p95_ms, 1),
        "ratio_to_limit": round(paced.p95_ms / paced_limit.p95_ms, 2),
        "peak_rss_mb": round(_peak_mb(process)),
        "queries": queries,
        "median_ms": round(_median_ms(paced), 1),
        "requests_per_s": round(closed.per_second),
        "limit_requests_per_s": round(closed_limit.per_second),
        "p95_without_pause_ms": round(closed.p95_ms, 1),
        "limit_p95_without_pause_ms": round(closed_limit.p95_ms, 1),
        "ok": paced.p95_ms < MOST_MS and queries <= MOST_QUERIES,
    }


def _make_pages() -> dict[str, list[Visit]]:
    """Fifty members with a log-in and two years of statements, an administrator, and where each of them looks."""
    from django.urls import reverse

    from apps.accounts.models import User
    from apps.communities.models import Role
    from tests.doors.portal.rows import make_configuration, make_member, make_month, make_statement, make_user, result_of

    configuration = make_configuration()
    users = [make_user(f"socio{number}@example.org") for number in range(CLIENTS)]
    members = [make_member(configuration, f"M{number:05d}", user) for number, user in enumerate(users)]
    runs = [make_month(configuration, date(2022 + n // 12, n % 12 + 1, 1), members, producers=members[:3]) for n in range(MONTHS)]
    # What lies in the store is handed out as it is: it need not be a document, only as long as one.
    content = b"%PDF-1.7 " + os.urandom(STATEMENT_BYTES)
    documents = [make_statement(runs[-1], member, content=content) for member in members]
    for run in runs[:-1]:
        for member in members[:1]:
            make_statement(run, member)
    keys = [_session(user) for user in users]
    staff = User.objects.create(email="anna@example.org", is_staff=True)
    Role.objects.create(user=staff, community=configuration.community, kind=Role.Kind.ADMINISTRATOR)
    results = [result_of(runs[-1], member).pk for member in members]
    people = list(zip(keys, members, results, documents, strict=True))
    return {
        "months": [Visit(f"/members/{member.pk}/", key) for key, member, _, _ in people],
        "month": [Visit(f"/months/{result}/", key) for key, _, result, _ in people],
        "statement": [Visit(f"/statements/{document.pk}/", key) for key, _, _, document in people],
        "backoffice_runs": [Visit(reverse("admin:settlement_settlementrun_changelist"), _session(staff)) for _ in users],
    }


def _session(user: Any) -> str:
    """The key of a session as logging in makes it."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def _count_queries(visit: Visit) -> int:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={"cookie": f"sessionid={visit.session}"})
    client.get(visit.path)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(visit.path)
        b"".join(answer) if answer.streaming else answer.content
    return len(queries)


def _remember(port: int, pages: Mapping[str, Sequence[Visit]]) -> dict[str, tuple[str, str]]:
    """Every page once: it warms the server, and its bytes are what the limit hands out."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    remembered = {}
    for visits in pages.values():
        for visit in visits:
            kind, content = fetch(connection, visit)
            remembered[visit.path] = kind, b64encode(content).decode()
    return remembered


def server_command() -> list[str]:
    """How the image starts the web server: the last word of its Dockerfile."""
    found = re.search(r"^CMD (\[.*\])$", (ROOT / "deploy/Dockerfile").read_text(), re.MULTILINE)
    if found is None:
        raise RuntimeError("deploy/Dockerfile does not say how the web server starts: the benchmark is void.")
    command: list[str] = json.loads(found.group(1))
    return command


@contextmanager
def serving(application: str, environment: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """The web server of the image with another application or address; gives its port and the id of its first process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    program, _, *options = server_command()
    options[options.index("--bind") + 1] = f"127.0.0.1:{port}"
    command = [str(Path(sys.executable).with_name(program)), application, *options, "--log-level", "warning"]
    server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})
    try:
        _wait_for(port, server)
        yield port, server.pid
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(START_S)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    patience = time.monotonic() + START_S
    while time.monotonic() < patience and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("The web server did not start: the benchmark is void.")


def _peak_mb(first: int) -> float:
    """The largest resident set that a process of the server reached."""
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    peaks = [re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text()) for pid in [str(first), *children]]
    return max(int(peak.group(1)) for peak in peaks if peak) / 1024


def _median_ms(waits: Waits) -> float:
    return waits.seconds[len(waits.seconds) // 2] * 1000
