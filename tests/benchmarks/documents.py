"""The press: statements, workbook and snapshot, each beside what a user would pick and beside a limit.

Every contender runs in a process of its own, in turn, several rounds; the medians are compared. What was printed is checked: the
statements of all three are the same bytes, the workbooks have the same rows, the files give back the same energy. Workbooks and
snapshots are timed in seconds of the processor: one process does the work, and what else the machine does is left out.
"""

import io
import json
import os
import resource
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from reports.documents import StatementDocument, WorkbookDocument

ROOT = Path(__file__).resolve().parents[2]
STATEMENTS = int(os.environ.get("STATEMENTS", "80"))
LINES = 100_000
PODS, QUARTERS = 10_000, 2_976
CORES = 2
ROUNDS = 3
Answer = dict[str, Any]


# --- statements ---


def statement(number: int) -> StatementDocument:
    """Every document is another one: reference, member and amounts."""
    from tests.reports import samples

    base = samples.producer() if number % 10 == 0 else samples.household()
    shares = (replace(base.shares[0], amount_cents=base.shares[0].amount_cents + number), *base.shares[1:])
    member = replace(base.member, code=f"M{number:05d}", name=f"{base.member.name} {number}")
    return replace(base, reference=f"CER-ALBA-A/2023-03/v1/M{number:05d}", member=member, shares=shares)


def _print_ours(numbers: list[int]) -> list[bytes]:
    from reports.statement_pdf import render

    return [render(statement(number)) for number in numbers]


def _pages(numbers: list[int]) -> list[str]:
    from reports.logo import safe_logo
    from reports.statement_pdf import StatementPress

    press = StatementPress()
    documents = [statement(number) for number in numbers]
    return [press.page(document, safe_logo(document.issuer.logo or b"")) for document in documents]


def _fetcher() -> Any:
    from reports.logo import safe_logo
    from reports.printer import _packaged_only
    from tests.reports.samples import LOGO

    fetcher = _packaged_only()
    fetcher.logo = safe_logo(LOGO)
    return fetcher


def _print_stock(pages: list[str], *, once: bool) -> list[bytes]:
    """WeasyPrint by its manual, fonts and style sheet read `once` or for every page."""
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration

    fetcher = _fetcher()
    style = (ROOT / "reports" / "assets" / "statement.css").read_text(encoding="utf-8")
    printed: list[bytes] = []
    for page in pages:
        if not once or not printed:
            fonts = FontConfiguration()
            sheet = weasyprint.CSS(string=style, font_config=fonts, url_fetcher=fetcher, base_url="asset:/")
        html = weasyprint.HTML(string=page, url_fetcher=fetcher, base_url="asset:/")
        output = io.BytesIO()
        html.write_pdf(output, stylesheets=[sheet], font_config=fonts, pdf_tags=True)
        printed.append(output.getvalue())
    return printed


def _print_stock_once(pages: list[str]) -> list[bytes]:
    return _print_stock(pages, once=True)


def _on_all_cores(work: Callable[[Any], list[bytes]], jobs: list[Any]) -> Answer:
    with ProcessPoolExecutor(CORES, mp_context=get_context("forkserver")) as pool:
        list(pool.map(work, [job[:1] for job in jobs]))  # the processes are there and warm
        started = time.perf_counter()
        printed = [one for part in pool.map(work, jobs) for one in part]
        seconds = time.perf_counter() - started
        return _printed(seconds, printed, peak_mb=max(pool.map(_peak_of_child, range(CORES))))


def _peak_of_child(_: int) -> float:
    return _peak_mb()


def statements_ours() -> Answer:
    numbers = list(range(STATEMENTS))
    return _on_all_cores(_print_ours, [numbers[core::CORES] for core in range(CORES)])


def statements_limit() -> Answer:
    pages = _pages(list(range(STATEMENTS)))
    return _on_all_cores(_print_stock_once, [pages[core::CORES] for core in range(CORES)])


def statements_peer() -> Answer:
    pages = _pages(list(range(STATEMENTS)))
    _print_stock(pages[:1], once=False)
    started = time.perf_counter()
    printed = _print_stock(pages, once=False)
    return _printed(time.perf_counter() - started, printed, peak_mb=_peak_mb())


def _printed(seconds: float, printed: list[bytes], *, peak_mb: float) -> Answer:
    proof = sorted(sha256(one).hexdigest() for one in printed)
    return {"value": len(printed) / seconds, "peak_rss_mb": peak_mb, "proof": proof}


# --- workbook ---


def workbook() -> WorkbookDocument:
    """A month with as many postings as ten thousand members have."""
    from tests.reports import months

    base = months.workbook()
    lines = tuple(replace(base.lines[index % len(base.lines)], cents=index) for index in range(LINES))
    return replace(base, lines=lines)


def _rows() -> list[tuple[Any, ...]]:
    """The same eight columns as ready Python values."""
    from reports import words
    from reports.workbook_sheets import step_name

    document = workbook()
    names = {member.code: member.name for member in document.members}
    return [
        (
            words.CONTRIBUTIONS[line.contribution],
            step_name(line),
            line.member,
            words.account(line.account),
            names.get(line.member, ""),
            line.block_cents / 100,
            line.weight / line.weight_total if line.weight_total else None,
            line.cents / 100,
        )
        for line in document.lines
    ]


def workbook_ours() -> Answer:
    import xlsxwriter  # noqa: F401 - the clock measures writing, not importing

    from reports.workbook_xlsx import render

    document = workbook()
    started = time.process_time()
    content = render(document)
    return _written(time.process_time() - started, content, "xl/worksheets/sheet5.xml")


def workbook_limit() -> Answer:
    import xlsxwriter

    rows = _rows()
    output = io.BytesIO()
    started = time.process_time()
    with xlsxwriter.Workbook(output, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        text, money = book.add_format({"num_format": "@"}), book.add_format({"num_format": "#,##0.00"})
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if value.__class__ is float:
                    sheet.write_number(number, column, value, money)
                elif value:
                    sheet.write_string(number, column, value, text)
    return _written(time.process_time() - started, output.getvalue(), "xl/worksheets/sheet1.xml")


def workbook_openpyxl() -> Answer:
    import openpyxl

    rows = _rows()
    output = io.BytesIO()
    started = time.process_time()
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(["'" + str(value) if str(value).startswith("=") else value for value in row])  # type: ignore[union-attr]
    book.save(output)
    return _written(time.process_time() - started, output.getvalue(), "xl/worksheets/sheet1.xml")


def workbook_pandas() -> Answer:
    import pandas as pd

    rows = _rows()
    output = io.BytesIO()
    started = time.process_time()
    pd.DataFrame(rows).to_excel(output, index=False, engine="openpyxl")
    return _written(time.process_time() - started, output.getvalue(), "xl/worksheets/sheet1.xml")


def _written(seconds: float, content: bytes, sheet: str) -> Answer:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        rows = archive.read(sheet).count(b"<row ")
    return {"value": seconds, "proof": LINES <= rows <= LINES + 5}


# --- snapshot ---


def quarters() -> np.ndarray:
    """Household quarters: mostly small, a few large."""
    random = np.random.default_rng(1)
    energy = np.empty((PODS, QUARTERS), np.int32)
    for first in range(0, PODS, 500):  # in blocks, so that the memory measured is not that of making the numbers
        energy[first : first + 500] = random.gamma(1.2, 60, (500, QUARTERS))
    return energy


def _pods() -> list[str]:
    return [f"IT001E{number:08d}" for number in range(PODS)]


def snapshot_ours() -> Answer:
    import pyarrow.parquet  # noqa: F401 - the clock measures writing, not importing

    from reports.snapshot_quarters import read_curves, write_withdrawn
    from tests.reports import months

    energy = quarters()
    base, _ = months.settled(2023, 3)
    points = tuple(replace(base.points[0], pod=pod, member=f"M{number:05d}") for number, pod in enumerate(_pods()))
    inputs = replace(base, points=points, withdrawn_wh=energy, withdrawn_quality=np.full(energy.shape, 2, np.uint8))
    write_withdrawn(replace(inputs, points=points[:1], withdrawn_wh=energy[:1], withdrawn_quality=inputs.withdrawn_quality[:1]))
    started = time.process_time()
    content = write_withdrawn(inputs)
    seconds = time.process_time() - started
    peak = _peak_mb()
    back, _ = read_curves(content, "withdrawn_kwh", curves=PODS, quarters=QUARTERS)
    return {"value": seconds, "bytes": len(content), "peak_rss_mb": peak, "proof": bool(np.array_equal(back, energy))}


def snapshot_limit() -> Answer:
    """pyarrow with everything laid ready: the same columns and options, nothing to build while the clock runs."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from reports.snapshot_columns import instants, repeated, small_decimals
    from reports.snapshot_quarters import quarter_starts

    energy = quarters()
    table = pa.table(
        {
            "pod": repeated(_pods(), QUARTERS),
            "member": repeated([f"M{number:05d}" for number in range(PODS)], QUARTERS),
            "starts_at": instants(np.tile(quarter_starts(2023, 3, QUARTERS), PODS)),
            "withdrawn_kwh": small_decimals(energy, 3, precision=9),
            "quality": pa.DictionaryArray.from_arrays(np.full(energy.size, 2, np.uint8), pa.array(["a", "b", "measured"])),
        }
    )
    options: dict[str, Any] = {
        "compression": "zstd",
        "compression_level": 3,
        "store_decimal_as_integer": True,
        "use_dictionary": ["pod", "member", "withdrawn_kwh", "quality"],
        "column_encoding": {"starts_at": "DELTA_BINARY_PACKED"},
    }
    pq.write_table(table.slice(0, QUARTERS), io.BytesIO(), **options)
    return _parquet(lambda sink: pq.write_table(table, sink, row_group_size=256 * QUARTERS, **options), energy)


def snapshot_pandas() -> Answer:
    import pandas as pd

    from reports.snapshot_quarters import quarter_starts

    energy = quarters()
    frame = pd.DataFrame(
        {
            "pod": pd.Series(np.repeat(np.array(_pods()), QUARTERS), dtype="str"),
            "starts_at": pd.DatetimeIndex(np.tile(quarter_starts(2023, 3, QUARTERS), PODS), tz="UTC"),
            "withdrawn_kwh": energy.ravel() / 1000,
            "quality": np.full(energy.size, 2, np.uint8),
        }
    )
    frame[:QUARTERS].to_parquet(io.BytesIO(), index=False)
    return _parquet(lambda sink: frame.to_parquet(sink, index=False), energy)


def _parquet(write: Callable[[Any], object], energy: np.ndarray) -> Answer:
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    started = time.process_time()
    write(sink)
    seconds = time.process_time() - started
    peak = _peak_mb()
    rows = pq.ParquetFile(sink).metadata.num_rows
    return {"value": seconds, "bytes": len(sink.getvalue()), "peak_rss_mb": peak, "proof": rows == energy.size}


# --- running and comparing ---

CONTENDERS: dict[str, Callable[[], Answer]] = {
    name: contender
    for name, contender in globals().items()
    if name.startswith(("statements_", "workbook_", "snapshot_")) and callable(contender)
}


def _peak_mb() -> float:
    used = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(max(used) / 1024)


def _race(names: list[str], rounds: int) -> dict[str, Answer]:
    """Each contender in turn, round after round, in a process of its own: medians, largest memory, proofs."""
    answers: dict[str, list[Answer]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            command = [sys.executable, "-m", "tests.benchmarks.documents", name]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
            answers[name].append(json.loads(done.stdout))
    return {
        name: given[0] | {"value": median(one["value"] for one in given), "peak_rss_mb": max(one["peak_rss_mb"] for one in given)}
        for name, given in answers.items()
    }


def _row(bench: str, unit: str, ours: Answer, peer: tuple[str, Answer], limit: tuple[str, Answer], **more: object) -> Answer:
    """Ratios read "ours against theirs": above 1 is better against the peer, below 1 is worse than the limit."""
    faster = unit.endswith("/s")
    against = [ours["value"] / other["value"] if faster else other["value"] / ours["value"] for _, other in (peer, limit)]
    return {
        "bench": bench,
        "value": round(ours["value"], 2),
        "unit": unit,
        "peer": peer[0],
        "peer_value": round(peer[1]["value"], 2),
        "ratio_to_peer": round(against[0], 2),
        "limit": limit[0],
        "limit_value": round(limit[1]["value"], 2),
        "ratio_to_limit": round(1 / against[1], 2),
        "peak_rss_mb": ours["peak_rss_mb"],
        **more,
    }


def run() -> Iterator[Answer]:
    """Rows for statements, workbook (beside openpyxl and pandas) and snapshot. `ok` says whether the outputs were the same."""
    got = _race(["statements_ours", "statements_peer", "statements_limit"], ROUNDS)
    same = got["statements_ours"]["proof"] == got["statements_peer"]["proof"] == got["statements_limit"]["proof"]
    peer, limit = "WeasyPrint page after page", "the same pages, fonts and style sheet read once, all cores"
    yield _row(
        "statements_pdf",
        "documents/s",
        got["statements_ours"],
        (peer, got["statements_peer"]),
        (limit, got["statements_limit"]),
        goal=">= 1.6 x peer, <= 1.2 x limit",
        ok=same,
    )
    got = _race(["workbook_ours", "workbook_openpyxl", "workbook_pandas", "workbook_limit"], ROUNDS)
    for name in ("openpyxl", "pandas"):
        yield _row(
            f"workbook_100k_rows_beside_{name}",
            "CPU s",
            got["workbook_ours"],
            (name, got[f"workbook_{name}"]),
            ("XlsxWriter constant-memory", got["workbook_limit"]),
            goal=">= 2 x peer, <= 1.2 x limit, <= 150 MB",
            ok=all(one["proof"] for one in got.values()),
        )
    got = _race(["snapshot_ours", "snapshot_pandas", "snapshot_limit"], ROUNDS)
    yield _row(
        "snapshot_30m_quarters",
        "CPU s",
        got["snapshot_ours"],
        ("pandas to_parquet", got["snapshot_pandas"]),
        ("pyarrow from ready arrays", got["snapshot_limit"]),
        goal="size <= 0.75 x peer, <= 1.3 x limit, bounded memory",
        size_mb=round(got["snapshot_ours"]["bytes"] / 1e6, 1),
        peer_size_mb=round(got["snapshot_pandas"]["bytes"] / 1e6, 1),
        size_ratio=round(got["snapshot_ours"]["bytes"] / got["snapshot_pandas"]["bytes"], 2),
        ok=all(one["proof"] for one in got.values()),
    )


if __name__ == "__main__":
    answer = CONTENDERS[sys.argv[1]]()
    answer.setdefault("peak_rss_mb", _peak_mb())
    sys.stdout.write(json.dumps(answer))
