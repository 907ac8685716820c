"""The shapes in which well-formed records reach a hub."""

import gzip
import zlib

import pytest
from unit.split_entries import Expected, kept, rejected, seen

from collector.inputs.splitting import MAX_INFLATED_BYTES, split

AUDIT = '{"category":"Audit","time":"2026-03-10T09:00:00.0000000Z"}'
CALL = '{ "category" : "RequestResponse", "properties":{"requestTime":639087300625394150,"note":"a\\u0022b"} }'

SHAPES = {
    "an envelope": (f'{{"records":[{AUDIT},{CALL}]}}', [kept(AUDIT), kept(CALL)]),
    "an envelope with white space": (f'\r\n {{ "records" : [ {AUDIT} ,\n {CALL} ] }}\n', [kept(AUDIT), kept(CALL)]),
    "an envelope with other keys": (f'{{"PartitionId":1,"records":[{AUDIT}],"x":null}}', [kept(AUDIT)]),
    "an array of envelopes": (
        f'[{{"records":[{AUDIT}],"PartitionId":1}},{{"records":[{CALL}]}}]',
        [kept(AUDIT), kept(CALL)],
    ),
    "a bare array": (f"[{AUDIT}, {CALL}]", [kept(AUDIT), kept(CALL)]),
    "a bare record": (f"  {AUDIT}\n", [kept(AUDIT)]),
    "lines": (f"{AUDIT}\n{CALL}\n", [kept(AUDIT), kept(CALL)]),
    "lines ended the Windows way": (f"{AUDIT}\r\n\r\n{CALL}\r\n", [kept(AUDIT), kept(CALL)]),
    "envelopes in lines": (f'{{"records":[{AUDIT}]}}\n{{"records":[{CALL}]}}', [kept(AUDIT), kept(CALL)]),
    "an empty envelope": ('{"records":[]}', []),
    "an envelope of null": ('{"records":null}', []),
    "an empty array": ("[]", []),
    "null": ("null", []),
    "nothing": ("", []),
    "white space": (" \r\n\t", []),
}


@pytest.mark.parametrize(("body", "expected"), SHAPES.values(), ids=SHAPES)
def test_a_well_formed_body_splits_into_its_records_as_sent(body: str, expected: list[Expected]) -> None:
    assert seen(split(body.encode())) == expected


@pytest.mark.parametrize(("body", "expected"), SHAPES.values(), ids=SHAPES)
def test_gzip_changes_nothing(body: str, expected: list[Expected]) -> None:
    assert seen(split(gzip.compress(body.encode()))) == expected


def test_a_key_twice_inside_a_record_is_left_to_the_pipeline() -> None:
    record = '{"category":"Audit","category":"RequestResponse"}'

    assert seen(split(f'{{"records":[{record}]}}'.encode())) == [kept(record)]


def test_a_number_beyond_every_integer_type_stays_as_sent() -> None:
    record = f'{{"records_text":"\\"records\\"","records":{"9" * 5000},"half":1e-400}}'

    assert seen(split(f'{{"records":[{record}]}}'.encode())) == [kept(record)]


def test_records_within_a_record_are_no_second_envelope() -> None:
    record = '{"records":[{"x":"\\"records\\":"}],"inner":{"records":1,"records":2}}'

    assert seen(split(f'{{"records":[{record},{record}]}}'.encode())) == [kept(record), kept(record)]


def test_one_megabyte_in_one_record_is_one_record() -> None:
    record = f'{{"properties":{{"text":"{"x" * 1_000_000}"}}}}'

    assert seen(split(f'{{"records":[{record}]}}'.encode())) == [kept(record)]


def test_gzip_cut_short_is_one_reject_that_holds_the_bytes() -> None:
    body = gzip.compress(f'{{"records":[{AUDIT}]}}'.encode())[:-9]

    assert seen(split(body)) == [rejected(body, "invalid_gzip")]


def test_damaged_gzip_is_one_reject_that_holds_the_bytes() -> None:
    good = gzip.compress(f'{{"records":[{AUDIT}]}}'.encode())
    body = good[:20] + bytes([good[20] ^ 0xFF]) + good[21:]

    assert seen(split(body)) == [rejected(body, "invalid_gzip")]


def test_the_two_magic_bytes_of_gzip_alone_are_one_reject() -> None:
    assert seen(split(b"\x1f\x8b")) == [rejected(b"\x1f\x8b", "invalid_gzip")]


def test_a_gzip_bomb_is_rejected_and_not_inflated_further() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join(packer.compress(b" " * 2**20) for _ in range(MAX_INFLATED_BYTES // 2**20 + 1)) + packer.flush()

    assert seen(split(body)) == [rejected(body, "inflates_too_far")]


def test_what_just_fits_is_inflated() -> None:
    body = gzip.compress(AUDIT.encode().ljust(MAX_INFLATED_BYTES))

    assert seen(split(body)) == [kept(AUDIT)]


def test_a_second_gzip_stream_is_not_lost() -> None:
    body = gzip.compress(AUDIT.encode()) + gzip.compress(CALL.encode())

    assert seen(split(body)) == [rejected(body, "invalid_gzip")]


def test_gzip_padded_with_zero_bytes_is_read() -> None:
    assert seen(split(gzip.compress(AUDIT.encode()) + bytes(100))) == [kept(AUDIT)]
