"""The ciphers of MTProto 2.0: AES-IGE, the key of a message, the server's RSA key, its Diffie-Hellman group.

Source: core.telegram.org/mtproto/description and .../auth_key.
"""

import os
import struct
from dataclasses import dataclass
from hashlib import sha1, sha256
from pathlib import Path

import cryptg
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PEM, PKCS1 = serialization.Encoding.PEM, serialization.PublicFormat.PKCS1
PKCS8, OPEN = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
DH_G = 3
DH_PRIME = int(
    "C71CAEB9C6B1C9048E6C522F70F13F73980D40238E3E21C14934D037563D930F48198A0AA7C14058229493D22530F4DB"
    "FA336F6E0AC925139543AED44CCE7C3720FD51F69458705AC68CD4FE6B6B13ABDC9746512969328454F18FAF8C595F64"
    "2477FE96BB2A941D5BCD1D4AC8CC49880708FA9B378E3C4F3A9060BEE67CF9A4A4A695811051907E162753B56B0F6B41"
    "0DBA74D8A84B2A14B3144E0EF1284754FD17ED950D5965B4B9DD46582DB1178D169C6BC465B0D6FF9CA3928FEF5B9AE4"
    "E418FC15E83EBEA0F87FA9FF5EED70050DED2849F47BF959D956850CE929851F0D8115F635B105EE2E4E15D04B2454BF"
    "6F4FADF034B10403119CD8E3B92FCC5B",
    16,
)
"""Telegram's own group: clients know it and skip the long check of an unknown one."""
PADDING_MIN, BLOCK = 12, 16


class BrokenCipherError(Exception):
    """A message that was not encrypted with the key it names."""


def encrypt_ige(data: bytes, key: bytes, iv: bytes) -> bytes:
    """AES-256-IGE of whole blocks."""
    return cryptg.encrypt_ige(data, key, iv)


def decrypt_ige(data: bytes, key: bytes, iv: bytes) -> bytes:
    """The inverse."""
    return cryptg.decrypt_ige(data, key, iv)


def message_key(auth_key: bytes, plain: bytes, *, to_client: bool) -> bytes:
    """The 16 bytes that a message is named and checked by."""
    x = 8 if to_client else 0
    return sha256(auth_key[88 + x : 120 + x] + plain).digest()[8:24]


def _aes_of(auth_key: bytes, key: bytes, *, to_client: bool) -> tuple[bytes, bytes]:
    x = 8 if to_client else 0
    a = sha256(key + auth_key[x : x + 36]).digest()
    b = sha256(auth_key[40 + x : 76 + x] + key).digest()
    return a[:8] + b[8:24] + a[24:32], b[:8] + a[8:24] + b[24:32]


def seal(auth_key: bytes, plain: bytes) -> bytes:
    """A message of the server, with the key's number in front."""
    plain += os.urandom(-(len(plain) + PADDING_MIN) % BLOCK + PADDING_MIN)
    key = message_key(auth_key, plain, to_client=True)
    return key_id(auth_key) + key + encrypt_ige(plain, *_aes_of(auth_key, key, to_client=True))


def unseal(auth_key: bytes, packet: bytes) -> bytes:
    """What a client's packet holds, checked. Raises BrokenCipherError."""
    key, body = packet[8:24], packet[24:]
    body = body[: len(body) // BLOCK * BLOCK]  # the rest is padding of the transport
    if not body:
        raise BrokenCipherError
    plain = decrypt_ige(body, *_aes_of(auth_key, key, to_client=False))
    if message_key(auth_key, plain, to_client=False) != key:
        raise BrokenCipherError
    return plain


def key_id(auth_key: bytes) -> bytes:
    """The 8 bytes by which a packet names its key."""
    return sha1(auth_key).digest()[12:20]


def seal_exchange(server_nonce: int, new_nonce: int, answer: bytes) -> bytes:
    """An answer of the key exchange itself, with its sum."""
    plain = sha1(answer).digest() + answer
    plain += os.urandom(-len(plain) % BLOCK)
    return encrypt_ige(plain, *_nonce_key(server_nonce, new_nonce))


def unseal_exchange(server_nonce: int, new_nonce: int, sealed: bytes) -> bytes:
    """The inverse, with the sum in front and the padding behind."""
    return decrypt_ige(sealed, *_nonce_key(server_nonce, new_nonce))


def _nonce_key(server_nonce: int, new_nonce: int) -> tuple[bytes, bytes]:
    server, new = as_bytes(server_nonce, 16), as_bytes(new_nonce, 32)
    a, b, c = sha1(new + server).digest(), sha1(server + new).digest(), sha1(new + new).digest()
    return a + b[:12], b[12:] + c + new[:4]


def as_bytes(number: int, count: int) -> bytes:
    """A nonce as it travels."""
    return number.to_bytes(count, "little", signed=True)


def shortest(number: int) -> bytes:
    """A number without leading zeros, big-endian."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def tl_string(data: bytes) -> bytes:
    """Bytes as TL writes them."""
    head = bytes([len(data)]) if len(data) < 254 else b"\xfe" + len(data).to_bytes(3, "little")
    return head + data + bytes(-(len(head) + len(data)) % 4)


@dataclass(frozen=True, slots=True)
class ServerKey:
    """The server's RSA key. Clients are configured with its public half."""

    n: int
    e: int
    d: int
    public_pem: str

    @property
    def fingerprint(self) -> int:
        """The number by which a client finds it."""
        whole = sha1(tl_string(shortest(self.n)) + tl_string(shortest(self.e))).digest()
        return int(struct.unpack("<q", whole[-8:])[0])

    def decrypt(self, block: bytes) -> bytes | None:
        """The data that a client hid in 256 bytes, in either of the two paddings there are; None if in neither."""
        plain = pow(int.from_bytes(block, "big"), self.d, self.n).to_bytes(256, "big")
        return _of_rsa_pad(plain) or _of_sha1(plain[1:])

    @classmethod
    def kept(cls, path: Path) -> "ServerKey":
        """The key in a file, made there the first time; a kill leaves it whole or not there."""
        if not path.exists():
            made = rsa.generate_private_key(65537, 2048)
            (new := path.with_suffix(".new")).touch(0o600)
            new.write_bytes(made.private_bytes(PEM, PKCS8, OPEN))
            new.replace(path)
        private = serialization.load_pem_private_key(path.read_bytes(), None)
        if not isinstance(private, rsa.RSAPrivateKey):
            raise TypeError(f"{path} holds no RSA key")
        numbers = private.private_numbers()
        public = numbers.public_numbers
        pem = private.public_key().public_bytes(PEM, PKCS1)
        return cls(public.n, public.e, numbers.d, pem.decode())


def _of_sha1(plain: bytes) -> bytes | None:
    """SHA-1, data, anything: how long the data is, its own length fields say; the hash tells where it ends."""
    for end in range(20 + 80, len(plain) + 1):
        if sha1(plain[20:end]).digest() == plain[:20]:
            return plain[20:end]
    return None


def _of_rsa_pad(plain: bytes) -> bytes | None:
    """RSA_PAD of core.telegram.org/mtproto/auth_key, step 4.1."""
    hidden, sealed = plain[:32], plain[32:]
    key = bytes(a ^ b for a, b in zip(hidden, sha256(sealed).digest(), strict=True))
    opened = decrypt_ige(sealed, key, bytes(32))
    data = opened[:192][::-1]
    return data if sha256(key + data).digest() == opened[192:] else None
