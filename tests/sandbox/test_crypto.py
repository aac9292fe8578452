"""Ciphers: both paddings of the key exchange, sealed messages, a key that is kept."""

import os
from hashlib import sha1, sha256
from pathlib import Path

import pytest

from transload.sandbox.crypto import (
    DH_PRIME,
    BrokenCipherError,
    ServerKey,
    decrypt_ige,
    encrypt_ige,
    key_id,
    message_key,
    seal,
    shortest,
    tl_string,
    unseal,
)


def test_the_key_is_made_once(tmp_path: Path) -> None:
    first, again = (ServerKey.kept(tmp_path / "key.pem") for _ in range(2))
    assert first == again
    assert first.public_pem.startswith("-----BEGIN RSA PUBLIC KEY-----")
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    data = os.urandom(96)
    old = sha1(data).digest() + data + os.urandom(255 - 20 - 96)
    assert first.decrypt(_rsa(first, b"\0" + old)) == data
    assert first.decrypt(_rsa(first, _padded(data)))[:96] == data  # type: ignore[index]
    assert first.decrypt(_rsa(first, b"\0" + os.urandom(255))) is None


def _rsa(key: ServerKey, block: bytes) -> bytes:
    return pow(int.from_bytes(block, "big"), key.e, key.n).to_bytes(256, "big")


def _padded(data: bytes) -> bytes:
    """RSA_PAD as clients of today make it."""
    padded = data + os.urandom(192 - len(data))
    key = bytes([0]) + os.urandom(31)
    sealed = encrypt_ige(padded[::-1] + sha256(key + padded).digest(), key, bytes(32))
    hidden = bytes(a ^ b for a, b in zip(key, sha256(sealed).digest(), strict=True))
    return _below(hidden + sealed) or _padded(data)


def _below(block: bytes) -> bytes | None:
    """Numbers of 256 bytes must be below the modulus; nearly half of them are, of any key."""
    return block if block[0] < 0x80 else None


def test_a_sealed_message_opens_only_with_its_key() -> None:
    key, other, plain = os.urandom(256), os.urandom(256), os.urandom(100)
    packet = seal(key, plain)
    assert packet[:8] == key_id(key)
    with pytest.raises(BrokenCipherError):
        unseal(key, packet)  # the server's own direction
    with pytest.raises(BrokenCipherError):
        unseal(other, packet)
    with pytest.raises(BrokenCipherError):
        unseal(key, packet[:30])
    assert message_key(key, plain, to_client=True) != message_key(key, plain, to_client=False)


def test_ige_goes_both_ways() -> None:
    key, iv, data = os.urandom(32), os.urandom(32), os.urandom(64)
    assert decrypt_ige(encrypt_ige(data, key, iv), key, iv) == data


def test_small_things() -> None:
    assert shortest(0x0102) == b"\1\2"
    assert tl_string(b"abc") == b"\3abc"
    assert tl_string(bytes(300))[:4] == b"\xfe\x2c\x01\x00"
    assert DH_PRIME.bit_length() == 2048
