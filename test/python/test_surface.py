"""The PyPI client across the API: its types fit what the target answers, and the gateway answers the same."""

import hashlib
import io
import json
import time

import openai
import pytest
from openai import OpenAI

from transcript import Transcript, open_client

MODEL = "gpt-4.1"


def attempt(call, **arguments):
    """Makes a call that is meant to fail."""
    with pytest.raises(openai.APIStatusError):
        call(**arguments)


def texts(client: OpenAI) -> None:
    first = client.responses.create(model=MODEL, input="echo: one", metadata={"topic": "test"})
    client.responses.retrieve(first.id)
    list(client.responses.input_items.list(first.id))
    client.responses.create(model=MODEL, input="echo: two", previous_response_id=first.id)
    client.responses.input_tokens.count(model=MODEL, input="How many?")
    # The client's types know no message of a user in an output; the published API gives them back.
    client.responses.with_raw_response.compact(model=MODEL, previous_response_id=first.id)
    list(client.responses.create(model=MODEL, input="stream 5", stream=True))
    slow = client.responses.create(model=MODEL, input="delay 60s\necho: slow", background=True)
    client.responses.cancel(slow.id)
    client.responses.delete(first.id)
    client.completions.create(model="gpt-3.5-turbo-instruct", prompt="echo: hello")
    # Its types know no chunk that is not the last.
    client.completions.with_raw_response.create(model="gpt-3.5-turbo-instruct", prompt="stream 4", stream=True)
    client.moderations.create(input="violence")
    # Unless told otherwise it asks for base64, which its own types refuse.
    client.embeddings.with_raw_response.create(model="text-embedding-3-small", input=["one", "two"])
    client.embeddings.create(model="text-embedding-3-small", input=[[1, 2, 3]], encoding_format="float")
    client.models.retrieve(MODEL)
    list(client.models.list())
    attempt(client.responses.create, model=MODEL, input="fail 429")


def conversations(client: OpenAI) -> None:
    item = {"type": "message", "role": "user", "content": "remember seven"}
    conversation = client.conversations.create(items=[item], metadata={"topic": "a"})
    client.conversations.retrieve(conversation.id)
    client.conversations.update(conversation.id, metadata={"topic": "b"})
    client.responses.create(model=MODEL, input="echo: yes", conversation=conversation.id)
    added = client.conversations.items.create(conversation.id, items=[item])
    assert len(list(client.conversations.items.list(conversation.id, limit=2))) == 4
    client.conversations.items.retrieve(added.data[0].id, conversation_id=conversation.id)
    client.conversations.items.delete(added.data[0].id, conversation_id=conversation.id)
    client.conversations.delete(conversation.id)
    attempt(client.conversations.retrieve, conversation_id=conversation.id)


def files(client: OpenAI) -> None:
    file = client.files.create(file=("notes.txt", b"all about dogs"), purpose="user_data")
    client.files.retrieve(file.id)
    # One page: the target lists the whole account, other tests' files too.
    assert file.id in [one.id for one in client.files.list(limit=1).data]
    assert client.files.content(file.id).read() == b"all about dogs"
    # A part of a text may be answered by the whole of it: what is searched is searched as one.
    sound = client.files.create(file=("a.wav", bytes(range(32))), purpose="user_data")
    assert client.files.content(sound.id, extra_headers={"range": "bytes=4-8"}).read() == bytes(range(4, 9))
    whole = b"the first part, and the second"
    upload = client.uploads.create(filename="a.txt", purpose="assistants", bytes=len(whole), mime_type="text/plain")
    parts = [client.uploads.parts.create(upload.id, data=data).id for data in (whole[:10], whole[10:])]
    client.uploads.complete(upload.id, part_ids=parts, md5=hashlib.md5(whole).hexdigest())
    other = client.uploads.create(filename="b.txt", purpose="assistants", bytes=9, mime_type="text/plain")
    client.uploads.cancel(other.id)
    store = client.vector_stores.create(name="animals")
    client.vector_stores.files.create_and_poll(file.id, vector_store_id=store.id, poll_interval_ms=5)
    client.vector_stores.file_batches.create_and_poll(store.id, file_ids=[file.id], poll_interval_ms=5)
    client.vector_stores.update(store.id, name="pets")
    assert store.id in [one.id for one in client.vector_stores.list()]
    list(client.vector_stores.files.list(store.id))
    list(client.vector_stores.files.content(file.id, vector_store_id=store.id))
    list(client.vector_stores.search(store.id, query="dogs"))
    client.vector_stores.files.delete(file.id, vector_store_id=store.id)
    client.vector_stores.delete(store.id)
    client.files.delete(file.id)
    attempt(client.files.retrieve, file_id=file.id)


def jobs(client: OpenAI) -> None:
    line = {"custom_id": "1", "method": "POST", "url": "/v1/responses", "body": {"model": MODEL, "input": "echo: hi"}}
    lines = client.files.create(file=("in.jsonl", json.dumps(line).encode() + b"\n"), purpose="batch")
    batch = client.batches.create(input_file_id=lines.id, endpoint="/v1/responses", completion_window="24h")
    end = time.monotonic() + 30
    while batch.output_file_id is None:
        assert time.monotonic() < end, batch.status
        time.sleep(0.05)
        batch = client.batches.retrieve(batch.id)
    assert json.loads(client.files.content(batch.output_file_id).text)["custom_id"] == "1"
    assert batch.id in [one.id for one in client.batches.list()]
    talk = {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]}
    training = client.files.create(file=("t.jsonl", json.dumps(talk).encode() + b"\n"), purpose="fine-tune")
    job = client.fine_tuning.jobs.create(model="gpt-4o-mini", training_file=training.id)
    while job.status not in ("succeeded", "failed"):
        job = client.fine_tuning.jobs.retrieve(job.id)
    list(client.fine_tuning.jobs.list_events(job.id))
    list(client.fine_tuning.jobs.checkpoints.list(job.id))
    client.models.delete(job.fine_tuned_model)


def media(client: OpenAI) -> None:
    picture = ("a.png", b"\x89PNG\x01\x02", "image/png")
    recording = ("a.wav", b"What somebody said.", "audio/wav")
    client.images.generate(model="gpt-image-1", prompt="a boat")
    list(client.images.generate(model="gpt-image-1", prompt="a boat", stream=True, partial_images=2))
    client.images.edit(model="gpt-image-1", prompt="a red boat", image=[picture, picture])
    client.images.create_variation(image=picture)
    client.audio.speech.create(model="gpt-4o-mini-tts", voice="alloy", input="Hello there.").read()
    client.audio.transcriptions.create(model="gpt-4o-transcribe", file=recording)
    list(client.audio.transcriptions.create(model="gpt-4o-transcribe", file=recording, stream=True))
    client.audio.transcriptions.create(model="whisper-1", file=recording, response_format="verbose_json")
    client.audio.translations.create(model="whisper-1", file=recording)
    video = client.videos.create_and_poll(prompt="a boat at sea", poll_interval_ms=5)
    client.videos.download_content(video.id).read()
    client.videos.delete(video.id)


def boxes(client: OpenAI) -> None:
    container = client.containers.create(name="box")
    file = client.containers.files.create(container.id, file=("a.csv", io.BytesIO(b"1,2\n")))
    client.containers.files.retrieve(file.id, container_id=container.id)
    assert client.containers.files.content.retrieve(file.id, container_id=container.id).read() == b"1,2\n"
    client.containers.files.delete(file.id, container_id=container.id)
    client.containers.delete(container.id)
    about = b"---\nname: greeter\ndescription: Greets people.\n---\n"
    skill = client.skills.create(files=[("greeter/SKILL.md", about)])
    client.skills.content.retrieve(skill.id).read()
    client.skills.delete(skill.id)


@pytest.fixture(scope="module")
def key(gateway) -> str:
    return gateway.create_key(["admins"])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("journey", [texts, conversations, files, jobs, media, boxes], ids=lambda journey: journey.__name__)
def test_answers_as_the_provider_does(journey, served, gateway, key):
    direct, through = Transcript(), Transcript()
    simulator = served["targets"]["simulator"]
    journey(open_client(simulator["base_url"], simulator["api_key"], direct))
    journey(open_client(gateway.base_url, key, through))
    for index, (wanted, answered) in enumerate(zip(direct.calls, through.calls)):
        assert answered == wanted, f"call {index}: {wanted['call']}"
    assert len(through.calls) == len(direct.calls)
