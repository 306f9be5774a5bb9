"""The vault: secrets that must be kept as they are, encrypted where they are stored.

A sealed text is ``<key id>:<base64 of nonce and AES-256-GCM ciphertext>``. The place where it is
kept (table, column, row) is authenticated with it, so that a text moved elsewhere does not open.
"""

from __future__ import annotations

import binascii
import os
from base64 import b64decode, b64encode
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from calibrify_core.kernel.errors import ConfigurationError

NONCE = 12


class Vault:
    """Seals and opens texts.

    Args:
        keys: of 32 bytes each, by id; the first seals, all of them open.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = dict(keys)

    def seal(self, text: str, place: str) -> str:
        """Returns a text sealed for its place.

        Args:
            text: the secret.
            place: ``<table>:<column>:<id of the row>``.
        """
        key_id, key = next(iter(self._keys.items()))
        nonce = os.urandom(NONCE)
        sealed = AESGCM(key).encrypt(nonce, text.encode(), place.encode())
        return f"{key_id}:{b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, place: str) -> str:
        """Returns the text that was sealed for a place.

        Raises:
            ConfigurationError: its key is not there any more, or it was changed or moved.
        """
        key_id, _, packed = sealed.partition(":")
        key = self._keys.get(key_id)
        if key is None:
            raise ConfigurationError(
                f"A secret is sealed with key {key_id}: put it back into CALIBRIFY_ENCRYPTION_KEYS."
            )
        try:
            data = b64decode(packed, validate=True)
            return AESGCM(key).decrypt(data[:NONCE], data[NONCE:], place.encode()).decode()
        except (InvalidTag, binascii.Error, ValueError):
            raise ConfigurationError(
                f"The secret at {place} does not open with key {key_id}: it was changed or moved, "
                f"or the key is another one."
            ) from None
