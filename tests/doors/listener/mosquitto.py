"""A Mosquitto that is particular about whom it lets in: passwords, TLS."""

import contextlib
import datetime as dt
import ipaddress
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from project.servers.mqtt import find_mqtt
from project.servers.server import find_free_port, talk


@contextlib.contextmanager
def running_mosquitto(directory: Path, *, users: dict[str, str] | None = None, tls: bool = False) -> Iterator[int]:
    """The port of a broker that knows these users, and speaks TLS with `server.pem`, signed by `ca.pem`, in the directory."""
    port = find_free_port()
    lines = [f"listener {port} 127.0.0.1", f"allow_anonymous {'false' if users else 'true'}", "log_dest stderr"]
    lines += ["max_queued_messages 0", "max_inflight_messages 0"]
    if users:
        passwords = directory / "passwords"
        passwords.touch()
        for name, password in users.items():
            subprocess.run([shutil.which("mosquitto_passwd") or "mosquitto_passwd", "-b", passwords, name, password], check=True)
        lines.append(f"password_file {passwords}")
    if tls:
        make_certificates(directory)
        lines += [f"certfile {directory}/server.pem", f"keyfile {directory}/server.key"]
    if os.geteuid() == 0:
        lines.append("user root")
    (directory / "mosquitto.conf").write_text("\n".join(lines) + "\n")
    with (directory / "mosquitto.log").open("ab") as log:
        process = subprocess.Popen([find_mqtt().path, "-c", directory / "mosquitto.conf"], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while not talk(port, b"", expect=b""):
            assert time.monotonic() < deadline, (directory / "mosquitto.log").read_text()
            time.sleep(0.05)
        yield port
    finally:
        process.kill()
        process.wait()


def make_certificates(directory: Path) -> None:
    """An authority and a certificate for 127.0.0.1, unless they are there."""
    if (directory / "ca.pem").exists():
        return
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _sign("Test CA", "Test CA", authority_key, authority_key, authority=True)
    server = _sign("127.0.0.1", "Test CA", server_key, authority_key, authority=False)
    (directory / "ca.pem").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    (directory / "server.pem").write_bytes(server.public_bytes(serialization.Encoding.PEM))
    (directory / "server.key").write_bytes(
        server_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )


def _sign(
    name: str, issuer: str, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey, *, authority: bool
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
    )
    if authority:
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(by, hashes.SHA256())
