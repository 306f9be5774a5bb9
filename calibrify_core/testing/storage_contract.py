"""What every storage must do, as tests: a back end subclasses `StorageContract`."""

from __future__ import annotations

import hashlib
import io
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor

import pytest

from calibrify_core.kernel.errors import Invalid, NotFound, TooLarge, Unavailable
from calibrify_core.storage.interface import Storage

CERTIFICATE = b"%PDF-1.7 certificate of a torque wrench"
SHA256 = hashlib.sha256(CERTIFICATE).hexdigest()
ABSENT = "0" * 64
BAD_KEYS = (
    "",
    "abc",
    "../../../etc/passwd",
    "A" * 64,
    "0" * 63,
    "0" * 65,
    "0" * 63 + "g",
    "0" * 64 + "\n",
    "/" + "0" * 63,
)


class StorageContract(ABC):
    """Tests of one back end; a subclass gives it as the fixture ``storage``, new and empty.

    Example::

        class TestFolder(StorageContract):
            @pytest.fixture
            def storage(self, tmp_path):
                return FolderStorage(tmp_path)

            def damage(self, storage, sha256): ...
    """

    @abstractmethod
    def damage(self, storage: Storage, sha256: str) -> None:
        """Changes the stored bytes of a file behind the storage's back."""

    def test_what_is_put_can_be_read(self, storage: Storage) -> None:
        """Bytes come back as they went in, under their digest."""
        stored = storage.put(io.BytesIO(CERTIFICATE))

        assert (stored.sha256, stored.size) == (SHA256, len(CERTIFICATE))
        assert storage.exists(SHA256)
        with storage.open(SHA256) as stream:
            assert stream.read() == CERTIFICATE

    def test_an_empty_file_is_a_file(self, storage: Storage) -> None:
        """Nothing has a digest too."""
        stored = storage.put(io.BytesIO(b""))

        assert stored.size == 0
        with storage.open(stored.sha256) as stream:
            assert stream.read() == b""

    def test_a_file_of_many_pieces_comes_back_whole(self, storage: Storage) -> None:
        """Some megabytes, which do not end with a piece."""
        content = bytes(range(256)) * 4096 * 3 + b"tail"

        stored = storage.put(io.BytesIO(content))

        assert stored.sha256 == hashlib.sha256(content).hexdigest()
        with storage.open(stored.sha256) as stream:
            assert stream.read() == content

    def test_the_same_bytes_are_stored_once(self, storage: Storage) -> None:
        """A second put changes nothing."""
        assert storage.put(io.BytesIO(CERTIFICATE)) == storage.put(io.BytesIO(CERTIFICATE))
        assert list(storage.keys()) == [SHA256]

    def test_a_stream_is_stored_from_where_it_stands(self, storage: Storage) -> None:
        """What was read before is not stored."""
        stream = io.BytesIO(b"skipped" + CERTIFICATE)
        stream.seek(len(b"skipped"))

        assert storage.put(stream).sha256 == SHA256

    def test_the_limit_is_kept_to_the_byte(self, storage: Storage) -> None:
        """Just the limit passes; one byte more is refused and leaves nothing behind."""
        with pytest.raises(TooLarge):
            storage.put(io.BytesIO(CERTIFICATE), limit=len(CERTIFICATE) - 1)
        assert list(storage.keys()) == []

        storage.put(io.BytesIO(CERTIFICATE), limit=len(CERTIFICATE))
        assert list(storage.keys()) == [SHA256]

    def test_a_long_stream_is_not_read_to_its_end(self, storage: Storage) -> None:
        """Whoever sends without end is cut off soon after the limit."""
        stream = io.BytesIO(b"x" * 10_000_000)
        with pytest.raises(TooLarge):
            storage.put(stream, limit=1000)

        assert stream.tell() <= 1001

    def test_a_stream_that_breaks_leaves_nothing(self, storage: Storage) -> None:
        """Half a file is no file."""
        with pytest.raises(Unavailable):
            storage.put(_Breaking())
        assert list(storage.keys()) == []

    def test_a_damaged_file_is_found(self, storage: Storage) -> None:
        """The digest tells."""
        storage.put(io.BytesIO(CERTIFICATE))
        assert storage.verify(SHA256)

        self.damage(storage, SHA256)

        assert not storage.verify(SHA256)
        assert not storage.verify(ABSENT)

    def test_a_damaged_file_is_mended_by_its_own_bytes(self, storage: Storage) -> None:
        """Whoever still has the file puts it again."""
        storage.put(io.BytesIO(CERTIFICATE))
        self.damage(storage, SHA256)

        storage.put(io.BytesIO(CERTIFICATE))

        assert storage.verify(SHA256)

    def test_a_deleted_file_is_gone(self, storage: Storage) -> None:
        """And deleting it once more is no error."""
        storage.put(io.BytesIO(CERTIFICATE))
        storage.delete(SHA256)
        storage.delete(SHA256)

        assert not storage.exists(SHA256)
        assert list(storage.keys()) == []

    def test_what_is_not_there_is_not_found(self, storage: Storage) -> None:
        """A new storage is empty."""
        assert not storage.exists(ABSENT)
        assert list(storage.keys()) == []
        with pytest.raises(NotFound):
            storage.open(ABSENT)

    @pytest.mark.parametrize("key", BAD_KEYS)
    def test_what_is_no_key_is_refused(self, storage: Storage, key: str) -> None:
        """By every method: a path must not lead out of the storage."""
        for method in (storage.open, storage.verify, storage.exists, storage.delete):
            with pytest.raises(Invalid):
                method(key)

    def test_keys_come_in_order(self, storage: Storage) -> None:
        """Ascending, each once."""
        keys = [storage.put(io.BytesIO(str(n).encode())).sha256 for n in range(30)]

        assert list(storage.keys()) == sorted(keys)

    def test_many_may_put_the_same_file_at_once(self, storage: Storage) -> None:
        """All succeed, and one whole file is there."""
        with ThreadPoolExecutor(8) as pool:
            stored = list(pool.map(lambda _: storage.put(io.BytesIO(CERTIFICATE)), range(40)))

        assert {one.sha256 for one in stored} == {SHA256}
        assert list(storage.keys()) == [SHA256]
        assert storage.verify(SHA256)


class _Breaking(io.BytesIO):
    """Gives one piece, then loses the connection."""

    def __init__(self) -> None:
        super().__init__()
        self._given = False

    def read(self, _size: int | None = -1, /) -> bytes:
        if self._given:
            raise ConnectionResetError
        self._given = True
        return b"half"
