"""A certificate authority for one test, and the certificate of a broker on the loopback interface."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_LIFE = timedelta(days=1)


def write_certificates(directory: Path) -> Path:
    """Write authority.crt, broker.crt and broker.key; returns the directory."""
    authority_key, broker_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name = x509.Name.from_rfc4514_string("CN=Test authority")
    now = datetime.now(UTC)
    blank = x509.CertificateBuilder().not_valid_before(now - _LIFE).not_valid_after(now + _LIFE).issuer_name(authority_name)
    authority = (
        blank.subject_name(authority_name)
        .public_key(authority_key.public_key())
        .serial_number(x509.random_serial_number())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    broker = (
        blank.subject_name(x509.Name.from_rfc4514_string("CN=127.0.0.1"))
        .public_key(broker_key.public_key())
        .serial_number(x509.random_serial_number())
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    (directory / "authority.crt").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    (directory / "broker.crt").write_bytes(broker.public_bytes(serialization.Encoding.PEM))
    key = broker_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (directory / "broker.key").write_bytes(key)
    return directory
