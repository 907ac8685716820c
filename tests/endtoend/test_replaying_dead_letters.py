"""``replay dead-letters``: after a fix every record gets to where it was meant, under the id that it had, once."""

import json
from pathlib import Path

import pytest
from plugins.daemon import HUB, Documents, Job
from plugins.feeding import feed, lost_and_extra, make_record
from plugins.replaying import replay, rows

REFUSED = "strict_dynamic_mapping_exception"


async def collect(job: Job, records: int) -> None:
    """Let a daemon take all of them in, and stop it."""
    daemon = await job.start()
    await daemon.wait_to_settle(records)
    assert await daemon.stop() == 0


async def make_dead_letters(job: Job, documents: Documents, *refusing: str) -> set[str]:
    """Feed 20 records while these data sets refuse everything, and accept again after that."""
    for dataset in refusing:
        await documents.refuse_everything(dataset)
    fed = feed(job.hub, events=4, per_event=5)
    await collect(job, len(fed))
    for dataset in refusing:
        await documents.accept_again(dataset)
    return fed


async def test_what_was_refused_is_indexed_after_the_fix_with_the_ids_that_it_had(
    job: Job, documents: Documents
) -> None:
    fed = await make_dead_letters(job, documents, "aoai.logs")
    letters = await documents.ids("aoai.deadletter")

    tried = await replay(job, "--dry-run")
    assert (tried.code, rows(tried.table)) == (0, {f"{REFUSED} logs-aoai.logs-{documents.namespace}": 20})
    assert await documents.count("aoai.logs") == 0

    ended = await replay(job)
    assert (ended.code, rows(ended.table)["indexed"]) == (0, 20)
    assert await lost_and_extra(documents, fed) == (0, 0)
    assert sorted(await documents.ids("aoai.logs")) == sorted(letters)

    await documents.roll_over("aoai.logs")
    again = await replay(job)
    assert (again.code, rows(again.table)["already there"]) == (0, 20)
    assert await lost_and_extra(documents, fed) == (0, 0)
    assert sorted(await documents.ids("aoai.deadletter")) == sorted(letters)


async def test_what_is_refused_again_stays_one_dead_letter(job: Job, documents: Documents) -> None:
    await documents.refuse_everything("aoai.logs")
    fed = feed(job.hub, events=4, per_event=5)
    await collect(job, len(fed))
    await documents.roll_over("aoai.deadletter")

    ended = await replay(job)

    assert (ended.code, rows(ended.table)[f"dead letter again: {REFUSED}"]) == (3, 20)
    assert await documents.count("aoai.deadletter") == 20


async def test_the_local_file_is_taken_away_sent_and_kept_under_another_name(job: Job, documents: Documents) -> None:
    fed = await make_dead_letters(job, documents, "aoai.logs", "aoai.deadletter")
    file = job.data / "dead-letters-default.ndjson"
    kept = file.read_bytes()

    ended = await replay(job)

    assert (ended.code, rows(ended.table)["indexed"]) == (0, 20)
    assert await lost_and_extra(documents, fed) == (0, 0)
    (put_away,) = job.data.glob("dead-letters-default.*.replayed.ndjson")
    assert (put_away.read_bytes(), file.exists()) == (kept, False)
    assert str(put_away) in ended.table
    assert (await replay(job)).table == "no dead letters\n"


async def test_a_file_that_is_named_is_left_as_it_is(job: Job, documents: Documents, tmp_path: Path) -> None:
    fed = await make_dead_letters(job, documents, "aoai.logs", "aoai.deadletter")
    copy = (job.data / "dead-letters-default.ndjson").rename(tmp_path / "copy.ndjson")
    kept = copy.read_bytes()

    ended = await replay(job, "--from-file", str(copy), "--reason", "some_other_reason")
    assert (ended.code, ended.table) == (0, "no dead letters\n")
    ended = await replay(job, "--from-file", str(copy), "--reason", REFUSED, "--dataset", "aoai.logs", "--since", "1h")
    assert (ended.code, rows(ended.table)["indexed"]) == (0, 20)
    assert await lost_and_extra(documents, fed) == (0, 0)
    assert copy.read_bytes() == kept


async def test_a_piece_that_is_no_record_is_split_again_and_sent_if_it_holds_one_now(
    job: Job, documents: Documents
) -> None:
    job.write_policy(content="full")
    job.hub.append(HUB, "0", b"no record")
    await collect(job, 1)
    (letter,) = await documents.sources("aoai.deadletter")
    readable = json.dumps(make_record("readable now"))
    await documents.add("aoai.deadletter", "A" * 22, letter | {"event": letter["event"] | {"original": readable}})

    ended = await replay(job)

    assert ended.code == 3
    assert rows(ended.table)["not sent: no record yet: invalid_json"] == 1
    assert await lost_and_extra(documents, {"readable now"}) == (0, 0)
    assert await documents.ids("aoai.logs") == ["A" * 22]


async def test_what_the_content_policy_withheld_is_not_sent_as_if_it_were_whole(job: Job, documents: Documents) -> None:
    job.hub.append(HUB, "0", b'{"records":[{"category":"GatewayLogs","correlationId":"cut')
    await collect(job, 1)

    ended = await replay(job)

    assert ended.code == 3
    assert rows(ended.table)["not sent: original withheld by the content policy"] == 1
    assert await documents.count("aoai.logs") == 0


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--since", "yesterday"], 2, "--since 'yesterday'"),
        (["--output", "other"], 2, "no stream of the policy writes to the output 'other'"),
        (["--from-file", "nowhere.ndjson"], 1, "nowhere.ndjson"),
    ],
)
async def test_an_option_that_cannot_be_followed_is_named(job: Job, options: list[str], code: int, words: str) -> None:
    job.write_policy()
    ended = await replay(job, *options)
    assert ended.code == code
    assert words in " ".join(ended.errors.replace("│", " ").split())


async def test_a_server_that_cannot_be_reached_is_said_without_the_key(job: Job) -> None:
    job.write_policy(output={"hosts": ["http://127.0.0.1:9"], "api_key": "id:canary-of-a-key"}).chmod(0o600)
    ended = await replay(job)
    assert ended.code == 1
    assert "Elasticsearch cannot be reached" in ended.errors
    assert "canary" not in ended.errors + ended.table
