"""Check digits of cards, accounts and national ids. Each function takes digits (and letters) without separators."""

from string import ascii_uppercase
from typing import Final

_BASE_36: Final = {character: value for value, character in enumerate("0123456789" + ascii_uppercase)}


_DOUBLED: Final = dict(zip("0123456789", (0, 2, 4, 6, 8, 1, 3, 5, 7, 9), strict=True))


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1: cards, Swedish and Canadian numbers."""
    return (sum(map(int, digits[-1::-2])) + sum(map(_DOUBLED.__getitem__, digits[-2::-2]))) % 10 == 0


def iso7064_mod97(account: str) -> bool:
    """ISO 13616: an IBAN, in upper case."""
    moved = account[4:] + account[:4]
    return int("".join(str(_BASE_36[character]) for character in moved)) % 97 == 1


def iso7064_mod11_10(digits: str) -> bool:
    """ISO/IEC 7064, MOD 11,10: the German tax id."""
    product = 10
    for digit in digits[:-1]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(digits[-1])


def weighted(digits: str, weights: tuple[int, ...]) -> int:
    """Return the sum of digits times weights; the shorter of the two ends it."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


_VERHOEFF_PRODUCT: Final = (
    "0123456789",
    "1234067895",
    "2340178956",
    "3401289567",
    "4012395678",
    "5987604321",
    "6598710432",
    "7659821043",
    "8765932104",
    "9876543210",
)
_VERHOEFF_PLACE: Final = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)


def verhoeff(digits: str) -> bool:
    """Verhoeff's scheme over the dihedral group of order 10: the Indian Aadhaar number."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = int(_VERHOEFF_PRODUCT[check][int(_VERHOEFF_PLACE[place % 8][int(digit)])])
    return check == 0
