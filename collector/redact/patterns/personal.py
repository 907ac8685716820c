"""Personal data by shape: mail addresses, phone numbers, cards, bank accounts, network addresses."""

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from collector.policy.expressions import Span
from collector.redact.patterns.checksums import iso7064_mod97, luhn
from collector.redact.patterns.pattern import Pattern

_NO_TOP_LEVEL_DOMAIN: Final = frozenset(
    (
        *("css", "gif", "html", "jpeg", "jpg", "js", "json", "md", "path", "pdf", "png", "py", "service", "slice"),
        *("socket", "svg", "target", "timer", "tmp", "ts", "txt", "webp", "yaml", "yml"),
    )
)
"""What stands after the last dot of a file name or a systemd unit with an @ in it."""
_DIGITS: Final = frozenset(b"0123456789")
_NUMBER_GOES_ON: Final = frozenset(b".,-/:")
_GROUP: Final = re.compile(rb"\d+")
_SHORTEST_CARD, _LONGEST_CARD = 12, 19
_SHORTEST_CARD_GROUP: Final = 3
_SHORTEST_PHONE, _LONGEST_PHONE = 8, 15
"""Digits; ITU-T E.164 allows 15."""
_CARD_BRANDS: Final = (
    (re.compile(r"4"), (13, 16, 19)),
    (re.compile(r"5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)"), (16,)),
    (re.compile(r"3[47]"), (15,)),
    (re.compile(r"6(?:011|4[4-9]|5)"), (16, 19)),
    (re.compile(r"3(?:0[0-5]|[689])"), (14,)),
    (re.compile(r"35(?:2[89]|[3-8])"), (16,)),
    (re.compile(r"62"), (16, 17, 18, 19)),
    (re.compile(r"50|5[6-9]|6(?:[37]|304)"), (12, 13, 14, 15, 16, 17, 18, 19)),
)
"""First digits and lengths by brand, after ISO/IEC 7812's list of issuers."""
_IBAN_LENGTHS: Final = {
    **dict.fromkeys(("NO",), 15),
    **dict.fromkeys(("BE",), 16),
    **dict.fromkeys(("DK", "FI", "FO", "GL", "NL", "SD"), 18),
    **dict.fromkeys(("MK", "SI"), 19),
    **dict.fromkeys(("AT", "BA", "EE", "KZ", "LT", "LU", "MN", "XK"), 20),
    **dict.fromkeys(("CH", "HR", "LI", "LV"), 21),
    **dict.fromkeys(("BG", "BH", "CR", "DE", "GB", "GE", "IE", "ME", "RS", "VA"), 22),
    **dict.fromkeys(("AE", "GI", "IL", "IQ", "OM", "SO", "TL"), 23),
    **dict.fromkeys(("AD", "CZ", "ES", "MD", "PK", "RO", "SA", "SE", "SK", "TN", "VG"), 24),
    **dict.fromkeys(("LY", "PT", "ST"), 25),
    **dict.fromkeys(("IS", "TR"), 26),
    **dict.fromkeys(("BI", "DJ", "FR", "GR", "IT", "MC", "MR", "SM"), 27),
    **dict.fromkeys(("AL", "AZ", "BY", "CY", "DO", "GT", "HU", "LB", "NI", "PL", "SV"), 28),
    **dict.fromkeys(("BR", "EG", "PS", "QA", "UA"), 29),
    **dict.fromkeys(("JO", "KW", "MU", "YE"), 30),
    **dict.fromkeys(("MT", "SC"), 31),
    **dict.fromkeys(("LC",), 32),
    **dict.fromkeys(("RU",), 33),
}
"""Characters of an IBAN by country, after the SWIFT registry."""


def _mail_address(text: bytes, span: Span) -> Iterator[Span]:
    last = text[span[0] : span[1]].rpartition(b".")[2].decode(errors="replace").lower()
    if last not in _NO_TOP_LEVEL_DOMAIN:
        yield span


def _card_numbers(text: bytes, span: Span) -> Iterator[Span]:
    """Yield each run of whole groups of digits that is a card's number."""
    groups = [(match.start(), match.end()) for match in _GROUP.finditer(text, *span)]
    first = 0
    while first < len(groups):
        last = _end_of_card(text, groups, first)
        if last is None:
            first += 1
        else:
            yield groups[first][0], groups[last][1]
            first = last + 1


def _end_of_card(text: bytes, groups: list[Span], first: int) -> int | None:
    digits = ""
    for place in range(first, len(groups)):
        start, end = groups[place]
        if not _SHORTEST_CARD_GROUP <= end - start <= _LONGEST_CARD:
            return None
        digits += text[start:end].decode()
        if len(digits) > _LONGEST_CARD:
            return None
        if len(digits) >= _SHORTEST_CARD and _is_card(digits):
            return place
    return None


def _is_card(digits: str) -> bool:
    issued = any(len(digits) in lengths and brand.match(digits) for brand, lengths in _CARD_BRANDS)
    return issued and luhn(digits)


def _iban(text: bytes, span: Span) -> Iterator[Span]:
    """Yield the account when as many characters as its country has pass the check."""
    start, end = span
    account = ""
    wanted = _IBAN_LENGTHS.get(text[start : start + 2].decode().upper(), 0)
    for place in range(start, end):
        if text[place] != ord(" "):
            account += chr(text[place]).upper()
        if wanted and len(account) == wanted:
            if iso7064_mod97(account):
                yield start, place + 1
            return


def _phone_number(text: bytes, span: Span) -> Iterator[Span]:
    start, end = span
    digits = sum(byte in _DIGITS for byte in text[start:end])
    longer_before = start > 0 and text[start - 1] in _DIGITS | _NUMBER_GOES_ON - {ord(":")}
    longer_after = end + 1 < len(text) and text[end] in _NUMBER_GOES_ON and text[end + 1] in _DIGITS
    if _SHORTEST_PHONE <= digits <= _LONGEST_PHONE and not longer_before and not longer_after:
        yield span


def _ipv4_address(text: bytes, span: Span) -> Iterator[Span]:
    """Yield an address that is no version number: those say so, or have a fifth part."""
    start, end = span
    longer = text[end : end + 1] == b"." and text[end + 1 : end + 2].isdigit()
    said = text[max(0, start - 9) : start].lower().rstrip(b" =:")
    if (
        not longer
        and text[start - 1 : start] != b"."
        and not said.endswith((b"version", b" v", b"ver."))
        and _is_ip(text, span)
    ):
        yield span


def _ipv6_address(text: bytes, span: Span) -> Iterator[Span]:
    """Yield an address that is no time of day, no ``std::list`` and not just the local host."""
    found = text[span[0] : span[1]].decode()
    groups = [group for group in found.split(":") if group]
    told = len(groups) > 2 or (len(groups) > 1 and len(groups[0]) == 4)  # noqa: PLR2004 - hex digits of a group
    if told and any(character.isdigit() for character in found) and _is_ip(text, span):
        yield span


def _is_ip(text: bytes, span: Span) -> bool:
    try:
        ipaddress.ip_address(text[span[0] : span[1]].decode())
    except ValueError:
        return False
    return True


PERSONAL_DATA: Final = (
    Pattern(
        "email",
        r"[\pL\pN._%+'-]*[\pL\pN_%+-](?:@|%40)[\pL\pN-]+(?:\.[\pL\pN-]+)*\.\pL{2,24}",
        found=("ann.smith@example.com", "müller@bücher.example", "x+tag@mail.example.co.uk", "a%40b.example"),
        left=("logo@2x.png", "getty@tty1.service", "@decorator.name", "user@localhost", "a @ b.com"),
        confirm=_mail_address,
        hint="@|%40",
    ),
    Pattern(
        "card",
        r"\d(?:[ -]?\d){11,}",
        found=(
            "4111 1111 1111 1111",
            "5500-0000-0000-0004",
            "378282246310005",
            "6011000990139424",
            "4111 1111 1111 1111 12 27",
        ),
        left=("4111 1111 1111 1112", "1234567890123456", "0000000000000000", "41111111111111110000000000"),
        confirm=_card_numbers,
        hint=r"\d[ -]?\d[ -]?\d[ -]?\d[ -]?\d[ -]?\d[ -]?\d",
    ),
    Pattern(
        "iban",
        r"(?i)[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}",
        found=(
            "DE89 3704 0044 0532 0130 00",
            "GB82WEST12345698765432",
            "fr1420041010050500013m02606",
            "DE89 3704 0044 0532 0130 00 OK",
        ),
        left=("DE88 3704 0044 0532 0130 00", "XX89 3704 0044 0532 0130 00", "AB12CD34EF56GH78"),
        confirm=_iban,
    ),
    Pattern(
        "phone",
        r"(?:\+|\b00)[1-9]\d{0,2}[ ./-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,5}(?:[ ./-]?\d{1,5}){1,6}"
        r"|(?:\b1[ .-])?(?:\([2-9]\d{2}\) ?|\b[2-9]\d{2}[ .-])[2-9]\d{2}[ .-]\d{4}"
        r"|\b0[1-9](?:[ .-]\d{2}){4}"
        r"|\b0[1-9]\d{1,4}[ /-]\d{3,4}[ -]?\d{3,6}",
        found=(
            "+49 171 2345678",
            "+1 (555) 010-9999",
            "(212) 555-0187",
            "06 12 34 56 78",
            "0171/2345678",
            "0044 20 7946 0958",
        ),
        left=("2024-01-02", "3.14159265", "+1 000", "12345678", "192.168.100.200", "1-800"),
        confirm=_phone_number,
    ),
    Pattern(
        "ip",
        r"\d{1,3}(?:\.\d{1,3}){3}",
        found=("203.0.113.7", "10.0.0.1", "198.51.100.0"),
        left=("10.0.19041.1", "1.2.3.4.5", "version 1.2.3.4", "256.1.1.1", "v1.2.3.4"),
        confirm=_ipv4_address,
    ),
    Pattern(
        "ip",
        r"(?i)(?:[0-9a-f]{0,4}:){2,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]{0,4})",
        found=("2001:db8::8a2e:370:7334", "fe80::1", "::ffff:192.0.2.128", "2001:0db8:0000:0000:0000:ff00:0042:8329"),
        left=("12:30:45", "std::list", "abc::def", "::", "a:b:c"),
        confirm=_ipv6_address,
    ),
)
