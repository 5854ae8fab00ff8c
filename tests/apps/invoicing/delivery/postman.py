"""A mail server of the test: it speaks enough SMTP over a real socket, keeps what it took, and misbehaves on request."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Postman:
    """`answers[word]` is said to a command instead of agreeing (`RCPT`, `MAIL`, `DATA`, `.` for the letter itself).

    `hangs_up_at` closes the connection there instead of an answer; `slow_at` waits for `release` first.
    """

    port: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    hangs_up_at: str = ""
    slow_at: str = ""
    release: threading.Event = field(default_factory=threading.Event)
    reached: threading.Event = field(default_factory=threading.Event)
    taken: list[bytes] = field(default_factory=list)
    envelopes: list[tuple[str, str]] = field(default_factory=list)
    conversations: int = 0

    @property
    def letters(self) -> list[EmailMessage]:
        return [message_from_bytes(content, policy=policy.default) for content in self.taken]

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        postman: Postman = self.server.postman  # type: ignore[attr-defined]
        postman.conversations += 1
        sender = recipient = ""
        self._say("220 here")
        while line := self.rfile.readline():
            word = line.split()[0].decode().upper().rstrip(":")[:4]
            if word == "QUIT":
                self._say("221 bye")
                return
            if word == "MAIL":
                sender = line.decode().partition(":")[2].split()[0].strip("<>")
            if word == "RCPT":
                recipient = line.decode().partition(":")[2].split()[0].strip("<>")
            if not self._agree(postman, word, "354 go on" if word == "DATA" else "250 yes"):
                return
            if word == "DATA" and word not in postman.answers:
                content = self._letter()
                if content is None:
                    return
                if "." not in postman.answers:
                    postman.taken.append(content)
                    postman.envelopes.append((sender, recipient))
                if not self._agree(postman, ".", "250 taken"):
                    return

    def _agree(self, postman: Postman, word: str, answer: str) -> bool:
        if postman.slow_at == word:
            postman.reached.set()
            postman.release.wait(180)
        if postman.hangs_up_at == word:
            self.connection.shutdown(socket.SHUT_RDWR)
            return False
        self._say(postman.answers.get(word, answer))
        return True

    def _letter(self) -> bytes | None:
        lines: list[bytes] = []
        while line := self.rfile.readline():
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)
        return None

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A worker that was killed in the middle leaves a broken connection: that is the test."""


@contextmanager
def postman_at_work() -> Iterator[Postman]:
    with _Server(("127.0.0.1", 0), _Conversation) as server:
        postman = Postman(port=server.server_address[1])
        server.postman = postman  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield postman
        finally:
            postman.release.set()
            server.shutdown()
            thread.join()
