"""MQTT by hand, as bytes: a publisher that costs the machine as little as may be, so that the time is that of who receives."""

import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

IN_FLIGHT = 4_000  # with few, who publishes mostly waits, and is what is measured
_ACK_BYTES = 4  # of one PUBACK


def address() -> tuple[str, int]:
    parts = urlsplit(os.environ["MQTT_URL"])
    return parts.hostname or "localhost", parts.port or 1883


def packet(kind: int, body: bytes) -> bytes:
    length, size = b"", len(body)
    while True:
        size, low = divmod(size, 128)
        length += bytes([low | (0x80 if size else 0)])
        if not size:
            return bytes([kind]) + length + body


def text(content: str) -> bytes:
    return len(content.encode()).to_bytes(2, "big") + content.encode()


def connect(client_id: str, *, clean: bool) -> bytes:
    return packet(0x10, b"\x00\x04MQTT\x04" + (b"\x02" if clean else b"\x00") + b"\x00\x00" + text(client_id))


def subscribe(topic: str) -> bytes:
    return packet(0x82, b"\x00\x01" + text(topic) + b"\x01")


def publish(number: int, topic: str, payload: bytes) -> bytes:
    """QoS 1; `number` gives the packet identifier, which no two messages in flight may share."""
    return packet(0x32, text(topic) + (1 + number % 60_000).to_bytes(2, "big") + payload)


def converse(at: tuple[str, int], client_id: str, packets: list[bytes], *, clean: bool) -> None:
    """Connect, send each packet and wait for an answer to it, disconnect."""
    with socket.create_connection(at) as sock:
        for one in [connect(client_id, clean=clean), *packets]:
            sock.sendall(one)
            sock.recv(100)
        sock.sendall(b"\xe0\x00")


def publish_all(at: tuple[str, int], messages: Sequence[bytes]) -> None:
    """Send packets of `publish` as fast as the broker takes them, a window at a time; returns when all are acknowledged."""
    with socket.create_connection(at) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(connect("load", clean=True))
        sock.recv(4)
        for start in range(0, len(messages), IN_FLIGHT):
            window = messages[start : start + IN_FLIGHT]
            sock.sendall(b"".join(window))
            waiting = _ACK_BYTES * len(window)
            while waiting:
                waiting -= len(sock.recv(waiting))
        sock.sendall(b"\xe0\x00")


def publish_steadily(
    at: tuple[str, int], messages: Sequence[bytes], per_second: int, *, meanwhile: Callable[[], None]
) -> list[float]:
    """Send so many packets a second; returns when each was handed over. `meanwhile` is called again and again."""
    sent: list[float] = []
    with socket.create_connection(at) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(connect("load", clean=True))
        sock.recv(4)
        left = _ACK_BYTES * len(messages)
        acknowledged = threading.Thread(target=_swallow, args=(sock, left), daemon=True)
        acknowledged.start()
        started = time.monotonic()
        while len(sent) < len(messages):
            now = time.monotonic()
            due = min(len(messages), int((now - started) * per_second) + 1)
            if due > len(sent):
                content = b"".join(messages[len(sent) : due])
                sent += [now] * (due - len(sent))
                sock.sendall(content)
            meanwhile()
            time.sleep(0.001)
        acknowledged.join(60)
        sock.sendall(b"\xe0\x00")
    return sent


def _swallow(sock: socket.socket, size: int) -> None:
    while size > 0:
        got = len(sock.recv(65_536))
        if not got:
            return
        size -= got
