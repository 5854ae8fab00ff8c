"""Encrypted columns for what identifies a person: tax codes, IBANs, frozen documents.

AES-256-GCM, a random 96-bit nonce per value, the id of the key in front (so that keys can be rotated) and the place of the
value (table.column) as associated data, so that a ciphertext moved to another column does not decrypt.
"""

import base64
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models

NONCE_BYTES = 12


class DecryptionFailed(Exception):
    """A stored value cannot be read with the keys of this installation."""


def encrypt(text: str, *, place: str) -> str:
    """`key-id:base64(nonce + ciphertext)` of `text`, bound to `place`."""
    key_id, key = settings.PII_KEYS[0]
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), place.encode())
    return f"{key_id}:{base64.b64encode(nonce + sealed).decode()}"


def decrypt(stored: str, *, place: str) -> str:
    """The text behind `stored`. Errors: `DecryptionFailed` when the key is missing or the value was altered or moved."""
    key_id, _, encoded = stored.partition(":")
    key = dict(settings.PII_KEYS).get(key_id)
    if key is None:
        raise DecryptionFailed(
            f"A value in {place} was encrypted with key {key_id!r}, which PII_KEYS does not hold. Add the key."
        )
    sealed = base64.b64decode(encoded)
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode()).decode()
    except InvalidTag as error:
        raise DecryptionFailed(
            f"A value in {place} was altered, moved, or encrypted with another key of the same name. Restore the key or value."
        ) from error


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]
    """A text that the database only ever sees encrypted. Empty stays empty. Cannot be searched."""

    @property
    def place(self) -> str:
        return f"{self.model._meta.db_table}.{self.column}"

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return encrypt(text, place=self.place) if text else text

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str | None:
        return decrypt(value, place=self.place) if value else value
