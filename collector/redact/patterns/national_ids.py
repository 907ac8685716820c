"""National ids whose format can be checked: by check digits, or by parts that are never given out.

Ids that are nothing but digits need a check digit and, where that is weak, the word that says what they are.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from typing import Final

from collector.policy.expressions import Span
from collector.redact.patterns.checksums import iso7064_mod11_10, luhn, verhoeff, weighted
from collector.redact.patterns.pattern import Confirm, Pattern

_KIND: Final = "national_id"
_SEPARATORS: Final = re.compile(r"[ .+/-]")
_ELEVEN, _FRENCH = 11, 15
"""Lengths. A longer run of digits is found whole, and then is none of these."""
_DNI_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
_HETU_LETTERS: Final = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_NINO_NEVER: Final = frozenset(("BG", "GB", "KN", "NK", "NT", "TN", "ZZ"))
_FISCAL_ODD: Final = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (
            1,
            0,
            5,
            7,
            9,
            13,
            15,
            17,
            19,
            21,
            1,
            0,
            5,
            7,
            9,
            13,
            15,
            17,
            19,
            21,
            2,
            4,
            18,
            20,
            11,
            3,
            6,
            8,
            12,
            14,
            16,
            10,
            22,
            25,
            24,
            23,
        ),
        strict=True,
    )
)
"""Values of characters at odd places of a codice fiscale (decree of 23 December 1976)."""


def _when(holds: Callable[[str], bool]) -> Confirm:
    """Make a confirmation of a test on the id in upper case without separators."""

    def confirm(text: bytes, span: Span) -> Iterator[Span]:
        if holds(_SEPARATORS.sub("", text[span[0] : span[1]].decode()).upper()):
            yield span

    return confirm


def _is_date(day: str, month: str, year: int) -> bool:
    try:
        date(year, int(month), int(day))
    except ValueError:
        return False
    return True


def _social_security(digits: str) -> bool:
    """United States: no area 000, 666 or 9xx, no group 00, no serial 0000 (SSA, randomization rules)."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return area not in {"000", "666"} and area[0] != "9" and group != "00" and serial != "0000"


def _national_insurance(number: str) -> bool:
    """United Kingdom: prefixes that are never allocated (HMRC NIM39110)."""
    return number[:2] not in _NINO_NEVER and number[0] not in "DFIQUV" and number[1] not in "DFIOQUV"


def _german_tax_id(digits: str) -> bool:
    """Germany: one digit of the first ten occurs two or three times, and the check digit fits."""
    counts = sorted(Counter(digits[:10]).values())
    return (
        len(digits) == _ELEVEN
        and digits[0] != "0"
        and counts[-1] in (2, 3)
        and counts[-2] == 1
        and iso7064_mod11_10(digits)
    )


def _french_social_security(number: str) -> bool:
    """France: 13 characters and a key, 97 minus the number modulo 97; Corsica's 2A and 2B count as 19 and 18."""
    body = number[:13].replace("2A", "19").replace("2B", "18")
    return len(number) == _FRENCH and body.isdigit() and 97 - int(body) % 97 == int(number[13:])


def _spanish_identity(number: str) -> bool:
    """Spain: DNI and NIE, the letter is the number modulo 23."""
    body = number[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return _DNI_LETTERS[int(body) % 23] == number[-1]


def _italian_fiscal_code(code: str) -> bool:
    """Italy: the last letter is the sum of the others' values modulo 26."""
    odd = sum(_FISCAL_ODD[character] for character in code[0:15:2])
    even = sum(int(each) if each.isdigit() else ord(each) - 65 for each in code[1:15:2])
    return chr((odd + even) % 26 + 65) == code[15]


def _polish_number(digits: str) -> bool:
    """Poland: PESEL, a date whose month tells the century, and a check digit."""
    if len(digits) != _ELEVEN:
        return False
    month = int(digits[2:4])
    century = {0: 1900, 20: 2000, 40: 2100, 60: 2200, 80: 1800}[month // 20 * 20]
    check = weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0
    return check and _is_date(digits[4:6], str(month % 20), century + int(digits[:2]))


def _brazilian_number(digits: str) -> bool:
    """Brazil: CPF, two check digits modulo 11."""
    first = weighted(digits[:9], tuple(range(10, 1, -1))) * 10 % 11 % 10
    second = weighted(digits[:10], tuple(range(11, 1, -1))) * 10 % 11 % 10
    return len(set(digits)) > 1 and digits[9:] == f"{first}{second}"


def _swedish_number(digits: str) -> bool:
    """Sweden: a date and a Luhn check digit over ten digits; 60 is added to the day of a coordination number."""
    day = int(digits[4:6])
    return luhn(digits) and _is_date(str(day - 60 if day > 60 else day), digits[2:4], 2000 + int(digits[:2]))  # noqa: PLR2004


def _finnish_number(number: str) -> bool:
    """Finland: a date, a sign of the century, a serial and a check character modulo 31."""
    digits = "".join(character for character in number[:-1] if character.isdigit())
    return _is_date(digits[:2], digits[2:4], 2000 + int(digits[4:6])) and _HETU_LETTERS[int(digits) % 31] == number[-1]


def _belgian_number(digits: str) -> bool:
    """Belgium: 97 minus the number modulo 97, with a 2 before it for those born after 1999."""
    return any(97 - int(prefix + digits[:9]) % 97 == int(digits[9:]) for prefix in ("", "2"))


def _indian_number(digits: str) -> bool:
    return digits[0] not in "01" and verhoeff(digits)


def _swiss_number(digits: str) -> bool:
    """Switzerland: AHV number, an EAN-13 that begins with 756."""
    return weighted(digits, (1, 3) * 6 + (1,)) % 10 == 0


def _dutch_number(digits: str) -> bool:
    """Netherlands: the eleven test; one number in eleven passes it, so the word BSN must stand before it."""
    return weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


NATIONAL_IDS: Final = (
    Pattern(
        _KIND,
        r"\d{3}-\d{2}-\d{4}",
        ("219-09-9999", "078-05-1120"),
        ("000-12-3456", "666-12-3456", "219-00-9999"),
        _when(_social_security),
    ),
    Pattern(
        _KIND,
        r"(?i)[A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]",
        ("AB123456C", "jg 10 37 59 a"),
        ("BG123456C", "DA123456A"),
        _when(_national_insurance),
    ),
    Pattern(
        _KIND,
        r"\d{2} ?\d{3} ?\d{3} ?\d{3,}",
        ("86095742719", "47 036 892 816"),
        ("86095742718", "12345678901"),
        _when(_german_tax_id),
    ),
    Pattern(
        _KIND,
        r"(?i)[12] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2,}",
        ("2 55 08 14 168 025 38", "255081416802538"),
        ("255081416802539",),
        _when(_french_social_security),
    ),
    Pattern(
        _KIND,
        r"(?i)(?:\d{8}|[XYZ]\d{7})-?[A-Z]",
        ("12345678Z", "X1234567L", "12345678-z"),
        ("12345678A",),
        _when(_spanish_identity),
    ),
    Pattern(
        _KIND,
        r"(?i)[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z]",
        ("RSSMRA85T10A562S",),
        ("RSSMRA85T10A562A",),
        _when(_italian_fiscal_code),
    ),
    Pattern(_KIND, r"\d{11,}", ("44051401359", "02070803628"), ("44051401358", "44991401359"), _when(_polish_number)),
    Pattern(
        _KIND,
        r"\d{3}\.\d{3}\.\d{3}-\d{2}",
        ("529.982.247-25",),
        ("529.982.247-26", "111.111.111-11"),
        _when(_brazilian_number),
    ),
    Pattern(
        _KIND,
        r"(?:19|20)?(\d{6}[+-]\d{4})",
        ("811218-9876", "670919-9530"),
        ("811218-9875", "811318-9876"),
        _when(_swedish_number),
        alone=False,
    ),
    Pattern(
        _KIND,
        r"(?i)\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]",
        ("131052-308T", "010101A123N"),
        ("131052-308U", "991352-308T"),
        _when(_finnish_number),
    ),
    Pattern(
        _KIND, r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", ("85.07.30-033.28",), ("85.07.30-033.29",), _when(_belgian_number)
    ),
    Pattern(_KIND, r"\d{3}[ -]\d{3}[ -]\d{3}", ("046 454 286", "046-454-286"), ("046 454 287",), _when(luhn)),
    Pattern(
        _KIND,
        r"\d{4}[ -]\d{4}[ -]\d{4}",
        ("2341 2341 2346",),
        ("2341 2341 2345", "0341 2341 2346"),
        _when(_indian_number),
    ),
    Pattern(_KIND, r"756\.\d{4}\.\d{4}\.\d{2}", ("756.9217.0769.85",), ("756.9217.0769.84",), _when(_swiss_number)),
    Pattern(
        _KIND,
        r"(?i)\bBSN[-: ]{0,3}(\d{9})\b",
        ("BSN 111222333", "bsn: 123456782"),
        ("111222333", "BSN 111222334"),
        _when(_dutch_number),
    ),
)
