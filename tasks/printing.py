"""Statements printed on all cores: a pool that warms up while its parent still computes.

Children get frozen content and bytes, never a database, so they start without Django's registry of models. Their leader imports
the press once and forks it; that takes about a second, which is why `printing` is entered before there is anything to print.
"""

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from multiprocessing import cpu_count, get_context
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar, get_type_hints

import msgspec

from reports.documents import StatementDocument, WorkbookDocument

Document = TypeVar("Document", StatementDocument, WorkbookDocument)
Print = Callable[[dict[str, Any], bytes | None, Path], None]
COLLECT_EVERY = 25  # documents; the collector costs a tenth of the time when it looks after every few thousand objects


@contextmanager
def printing() -> Iterator[Print]:
    """A function that has a statement printed into a file, soon; leaving the block waits for all of them.

    The first error of a child is raised on leaving.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__, "reports.statement_pdf", "weasyprint"])
    jobs: list[Future[None]] = []
    with ProcessPoolExecutor(cpu_count(), mp_context=context, initializer=_warm_up) as pool:
        # the first call waits until the leader has imported the press, so it is made from a thread
        Thread(target=pool.submit, args=(int,), daemon=True).start()

        def print_into(content: dict[str, Any], logo: bytes | None, path: Path) -> None:
            jobs.append(pool.submit(_print, content, logo, path))

        try:
            yield print_into
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        for job in jobs:
            job.result()


def document_from(content: dict[str, Any], logo: bytes | None, kind: type[Document], **ready: Any) -> Document:
    """Frozen plain values into the press's dataclass, strictly typed; `ready` are values that were never plain."""
    issuer = {name: value for name, value in content["issuer"].items() if name != "logo_sha256"}
    hints = get_type_hints(kind)
    values = {
        name: msgspec.convert(value, hints[name], dec_hook=_fraction) for name, value in {**content, "issuer": issuer}.items()
    }
    values["issuer"] = replace(values["issuer"], logo=logo)
    return kind(**values, **ready)


def _fraction(kind: type, value: Any) -> Any:
    if kind is Fraction:
        return Fraction(value)
    raise NotImplementedError(kind)


def _warm_up() -> None:
    from reports.statement_pdf import warm_up

    warm_up()
    gc.collect()
    gc.freeze()
    gc.disable()


_printed = 0


def _print(content: dict[str, Any], logo: bytes | None, path: Path) -> None:
    from reports.statement_pdf import render

    global _printed
    path.write_bytes(render(document_from(content, logo, StatementDocument)))
    _printed += 1
    if _printed % COLLECT_EVERY == 0:
        gc.collect()
