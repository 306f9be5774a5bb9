"""Opens the storage that the settings name."""

from __future__ import annotations

from calibrify_core.kernel.errors import ConfigurationError
from calibrify_core.kernel.settings import Settings
from calibrify_core.storage.folder import FolderStorage
from calibrify_core.storage.interface import Storage


def open_storage(settings: Settings) -> Storage:
    """Opens the storage at ``CALIBRIFY_STORAGE_URL``, by default the data folder's ``files``.

    Raises:
        ConfigurationError: the address is of a kind that this version does not know.
    """
    url = settings.storage_url
    if url.startswith("s3://"):
        # Its client takes a fifth of a second to load: only those wait who use it.
        from calibrify_core.storage.s3 import S3Place, S3Storage  # noqa: PLC0415

        return S3Storage(S3Place.of(url))
    if url and not url.startswith("file://"):
        kind = url.partition("://")[0] if "://" in url else "no known kind"
        raise ConfigurationError(
            f"CALIBRIFY_STORAGE_URL names a storage of kind {kind}; use "
            f"file:///path/to/folder or s3://bucket?endpoint_url=…"
        )
    return FolderStorage(settings.files_dir)
