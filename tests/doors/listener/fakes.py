"""A broker that does what it is told, and a door to PostgreSQL that can be shut or frozen."""

import contextlib
import socket
import threading
from typing import Self

PATIENCE_SECONDS = 90.0
CONNACK_311, CONNACK_5 = bytes.fromhex("20020000"), bytes.fromhex("2003000000")
REFUSED_VERSION_311 = bytes.fromhex("20020001")


class FakeBroker:
    """One listening socket; a test takes connections from it one by one and speaks MQTT by hand."""

    def __init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.settimeout(PATIENCE_SECONDS)
        self.port: int = self.server.getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.close()

    def accept(self) -> tuple[socket.socket, int]:
        """The next connection after its CONNECT was read, and the version that it asks for."""
        sock, _ = self.server.accept()
        sock.settimeout(PATIENCE_SECONDS)
        kind, body = read_packet(sock)
        assert kind == 0x10
        return sock, body[6]

    def greet(self) -> socket.socket:
        """The next connection, let in with a session, its subscription answered."""
        sock, _ = self.accept()
        sock.sendall(CONNACK_311)
        kind, body = read_packet(sock)
        assert kind == 0x82
        sock.sendall(b"\x90\x03" + body[:2] + b"\x01")
        return sock


def read_packet(sock: socket.socket) -> tuple[int, bytes]:
    """Kind and body of the next packet. Errors: `TimeoutError`, `ConnectionError` at the end."""
    kind = _read(sock, 1)[0]
    length = shift = 0
    while True:
        byte = _read(sock, 1)[0]
        length |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return kind, _read(sock, length)


def _read(sock: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        part = sock.recv(count - len(found))
        if not part:
            raise ConnectionError("the other side has hung up")
        found += part
    return found


def make_publish(topic: bytes, payload: bytes, mid: int) -> bytes:
    body = len(topic).to_bytes(2, "big") + topic + mid.to_bytes(2, "big") + payload
    assert len(body) < 128
    return b"\x32" + bytes([len(body)]) + body


class Door:
    """A TCP port that leads to another one while it is open; a frozen one keeps connections and passes nothing."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.frozen = threading.Event()
        self._server = socket.socket()
        self._server.bind(("127.0.0.1", 0))  # ours from now on; connections are refused as long as nobody listens
        self.port: int = self._server.getsockname()[1]
        self._sockets: list[socket.socket] = []

    def open(self) -> None:
        self._server.listen()
        threading.Thread(target=self._accept, args=(self._server,), daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)  # a thread that waits for a connection would let one more in
        self._server.close()
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _accept(self, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = server.accept()
                far = socket.create_connection(("127.0.0.1", self.target_port))
                self._sockets += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(65536):
                while self.frozen.is_set():
                    threading.Event().wait(0.05)
                target.sendall(part)
            target.shutdown(socket.SHUT_WR)
