"""Small tables in Parquet, written whole."""

from collections.abc import Mapping
from typing import Any

WRITING: dict[str, Any] = {"compression": "zstd", "compression_level": 3, "store_decimal_as_integer": True}


def write_table(columns: Mapping[str, Any]) -> bytes:
    """A file with these columns in this order: texts as lists, numbers as arrays, or ready Arrow columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = {name: pa.array(column, pa.string()) if isinstance(column, list) else column for name, column in columns.items()}
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(arrays), sink, **WRITING)
    return bytes(sink.getvalue())


def read_table(content: bytes) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pq.read_table(pa.BufferReader(content))


def read_rows(content: bytes) -> list[dict[str, Any]]:
    """The rows as dictionaries of Python values."""
    rows: list[dict[str, Any]] = read_table(content).to_pylist()
    return rows


def count_rows(content: bytes) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    return int(pq.ParquetFile(pa.BufferReader(content)).metadata.num_rows)
