"""Whatever the bytes: a reason, never an exception, and soon."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine.telemetry import Channel, Kind, Message, Parsed, Reason, Rejected, parse_batch, parse_message
from apps.engine.telemetry.parsing import _TABLE
from apps.engine.telemetry.readers import Json

NOW = datetime(2026, 9, 7, 12, tzinfo=UTC)
SAMPLES = [json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "samples").glob("*/*.json"))]
TOPICS = sorted({sample["topic"] for sample in SAMPLES})
JSON_TOPICS = [topic for topic in TOPICS if isinstance(_TABLE.find(topic)[0], Json)]  # type: ignore[index]
EMDATA = "shelly/IT001E00000001/meter-1/status/emdata:0"
SECONDS = 0.5
"""Of the processor, whoever else uses it: far more than anything here takes, far less than a payload that explodes would."""


def _in_one_order(value: bytes | set[Reason]) -> str:
    """The name of a parameter, the same in every process: a set prints in the order of its hashes."""
    return repr(value[:24]) if isinstance(value, bytes) else "+".join(sorted(reason.name for reason in value))


def refused(topic: str, payload: bytes) -> Reason:
    started = time.thread_time()
    result = parse_message(topic, payload, NOW)
    assert time.thread_time() - started < SECONDS
    assert isinstance(result, Rejected), result
    assert result.sentence.endswith(".")
    assert len(result.sentence) < 300
    return result.reason


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize(
    ("payload", "reasons"),
    [
        (b"", {Reason.EMPTY}),
        (b"\xff\xfe{}", {Reason.NOT_UTF8}),
        (b'{"total_act":1,"x":"\xff"}', {Reason.NOT_UTF8}),
        (b"null", {Reason.WRONG_TYPE}),
        (b"[]", {Reason.WRONG_TYPE}),
        (b'"text"', {Reason.WRONG_TYPE}),
        (b"NaN", {Reason.MALFORMED, Reason.WRONG_TYPE}),
        (b"1e400", {Reason.WRONG_TYPE, Reason.OUT_OF_RANGE}),
        (b"-1e-400x", {Reason.MALFORMED, Reason.WRONG_TYPE}),
        (b"[" * 10_000, {Reason.TOO_DEEP, Reason.WRONG_TYPE}),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, {Reason.TOO_DEEP, Reason.WRONG_TYPE}),
        (b"9" * 10_000_000, {Reason.TOO_LARGE}),
        (b'{"a":"' + b"x" * 10_000_000 + b'"}', {Reason.TOO_LARGE}),
        (b"9" * 100_000, {Reason.WRONG_TYPE, Reason.OUT_OF_RANGE}),
        (b"\x00" * 100, {Reason.MALFORMED, Reason.WRONG_TYPE}),
        (b"'" * 1000, {Reason.MALFORMED, Reason.WRONG_TYPE}),
    ],
    ids=_in_one_order,
)
def test_a_hostile_payload_has_a_reason_on_every_topic(topic: str, payload: bytes, reasons: set[Reason]):
    assert refused(topic, payload) in reasons


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (b'"total_act":1,"total_act":2', Reason.DUPLICATE_KEYS),
        (b'"total_act":1,"total\\u005fact":2', Reason.DUPLICATE_KEYS),
        (b'"total_act":1,"x":{"y":1,"y":1}', Reason.DUPLICATE_KEYS),
        (b'"total_act":NaN', Reason.MALFORMED),
        (b'"total_act":Infinity', Reason.MALFORMED),
        (b'"total_act":1e400', Reason.OUT_OF_RANGE),
        (b'"total_act":1e-400', Reason.OUT_OF_RANGE),
        (b'"total_act":1e999999999999', Reason.OUT_OF_RANGE),
        (b'"total_act":' + b"9" * 5000, Reason.OUT_OF_RANGE),
        (b'"total_act":1000000000000.001', Reason.OUT_OF_RANGE),
        (b'"total_act":"12"', Reason.WRONG_TYPE),
        (b'"total_act":true', Reason.WRONG_TYPE),
        (b'"total_act":[1]', Reason.WRONG_TYPE),
        (b'"total_act":{"a":1}', Reason.WRONG_TYPE),
        (b'"aenergy":5', Reason.WRONG_TYPE),
        (b'"total_act":-0.01', Reason.NEGATIVE_REGISTER),
        (b'"a_total_act_energy":-1', Reason.NEGATIVE_REGISTER),
        (b'"total_act":1,"a_total_act_energy":"x"', Reason.WRONG_TYPE),
        (b'"x":' + b"[" * 17 + b"]" * 17, Reason.TOO_DEEP),
        (b'"total_act":1.2.3', Reason.MALFORMED),
        (b'"total_act":01', Reason.MALFORMED),
        (b'"total_act":', Reason.MALFORMED),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_doubtful_register_is_refused_known_skeleton_or_not(fields: bytes, reason: Reason):
    assert isinstance(parse_message(EMDATA, b'{"id":0,"total_act":1}', NOW), Parsed)
    for _ in range(2):
        assert refused(EMDATA, b'{"id":0,' + fields + b"}") is reason


@pytest.mark.parametrize(
    ("written", "milliwh"),
    [
        (b"0", 0),
        (b"-0.00", 0),
        (b"12", 12_000),
        (b"0.0004", 0),
        (b"0.0005", 1),
        (b"0.001499999999999", 1),
        (b"1.5e3", 1_500_000),
        (b"1E-3", 1),
        (b"345628.03", 345_628_030),
        (b"17994.090000000004", 17_994_090),
        (b"1000000000000", 10**15),
    ],
)
def test_a_register_is_exact_to_a_thousandth_of_a_watt_hour(written: bytes, milliwh: int):
    result = parse_message(EMDATA, b'{"total_act":' + written + b"}", NOW)
    assert isinstance(result, Parsed)
    assert [row.register_milliwh for row in result.registers] == [milliwh]


def test_a_field_that_is_absent_or_null_is_no_register():
    for payload in (b'{"id":0}', b'{"total_act":null}', b'{"total_act":null,"a_total_act_energy":null}', b"{}"):
        result = parse_message(EMDATA, payload, NOW)
        assert isinstance(result, Parsed)
        assert (result.kind, result.registers) == (Kind.STATUS, ())


def test_what_is_only_shown_and_out_of_range_is_not_shown():
    for power in (b"1e400", b"9" * 30, b"1e300"):
        result = parse_message("x/status/em:0", b'{"total_act_power":' + power + b',"a_voltage":230}', NOW)
        assert isinstance(result, Parsed)
        assert [(row.phase, row.power_milliw, row.voltage_milliv) for row in result.electrics] == [("a", None, 230_000)]
    assert refused("x/status/em:0", b'{"total_act_power":"much"}') is Reason.WRONG_TYPE


@pytest.mark.parametrize("fields", ['"ENERGY":5', '"ENERGY":{"Total":"1"}', '"ENERGY":{"Total":[1,"2"]}', '"ENERGY":"on"'])
def test_a_meter_of_tasmota_of_the_wrong_form_is_refused(fields: str):
    assert refused("tele/x/SENSOR", b'{"Time":"2026-09-07T12:00:00",' + fields.encode() + b"}") is Reason.WRONG_TYPE


@pytest.mark.parametrize(
    "topic", ["", "/", "a", "a/b/c", "shelly//status/em:0", "tele/x/STATE", "x" * 600 + "/online", "$SYS/uptime"]
)
def test_an_unknown_topic_is_counted_and_names_no_device(topic: str):
    for _ in range(2):
        result = parse_message(topic, b"true", NOW)
        assert isinstance(result, Rejected)
        assert (result.reason, result.source) == (Reason.UNKNOWN_TOPIC, None)


def test_a_rejected_message_of_a_known_topic_names_its_device():
    result = parse_message(EMDATA, b"{", NOW)
    assert isinstance(result, Rejected)
    assert result.source is not None
    assert result.source.key == "shelly/IT001E00000001/meter-1"


def forget_everything() -> None:
    _TABLE._remembered.clear()
    for _, _, route in _TABLE._routes:
        if isinstance(route.reader, Json):
            route.reader.shape.forget()


def outcome(topic: str, payload: bytes) -> object:
    result = parse_message(topic, payload, NOW)
    if isinstance(result, Rejected):
        return result
    return result, result.phases, result.electrics, result.sensors, result.facts


numbers = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
    st.sampled_from(["0", "-0", "01", "1.", ".5", "-", "1e5", "1e400", "1e-999", "NaN", "", "--1", "1-2", "1.2.3", "٣"]),
)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(TOPICS), st.binary(max_size=200))
def test_any_bytes_on_any_topic_raise_nothing(topic: str, payload: bytes):
    assert isinstance(parse_message(topic, payload, NOW), Parsed | Rejected)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=100), st.binary(max_size=50))
def test_any_topic_raises_nothing(topic: str, payload: bytes):
    assert isinstance(parse_message(topic, payload, NOW), Parsed | Rejected)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from([sample for sample in SAMPLES if sample["payload"].startswith("{")]), st.data())
def test_any_value_in_any_field_raises_nothing_and_memory_changes_no_answer(sample: dict, data: st.DataObject):
    """Fields of real payloads are replaced by any JSON; what is remembered of earlier payloads must not matter."""
    body = json.loads(sample["payload"])
    field = data.draw(st.sampled_from(sorted(body)))
    inside = body[field]
    if isinstance(inside, dict) and inside and data.draw(st.booleans()):
        inside[data.draw(st.sampled_from(sorted(inside)))] = data.draw(json_values)
    else:
        body[field] = data.draw(json_values)
    payload = json.dumps(body, ensure_ascii=data.draw(st.booleans())).encode(errors="surrogatepass")
    warm = outcome(sample["topic"], payload)
    assert outcome(sample["topic"], payload) == warm
    forget_everything()
    assert outcome(sample["topic"], payload) == warm


@settings(max_examples=500, deadline=None)
@given(st.sampled_from([sample for sample in SAMPLES if sample["payload"].startswith("{")]), st.data())
def test_other_digits_in_a_known_skeleton_change_no_answer(sample: dict, data: st.DataObject):
    """A payload is seen once, then again with its digits replaced, added or removed anywhere: in numbers, keys, stamps, names."""
    payload = sample["payload"]
    places = [i for i, letter in enumerate(payload) if letter in "0123456789.-"] or [0]
    place = data.draw(st.sampled_from(places))
    changed = payload[:place] + data.draw(numbers | st.text("0123456789.-", max_size=4)) + payload[place + 1 :]
    changed_bytes = changed.encode()
    forget_everything()
    cold = outcome(sample["topic"], changed_bytes)
    forget_everything()
    parse_message(sample["topic"], payload.encode(), NOW)
    assert outcome(sample["topic"], changed_bytes) == cold


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(SAMPLES), st.sampled_from([b"", b"x", b"\xff"])), max_size=20))
def test_a_batch_says_what_its_messages_say(chosen: list):
    messages = [
        Message(sample["topic"], sample["payload"].encode() + tail, int(NOW.timestamp()) * 10**6) for sample, tail in chosen
    ]
    assert parse_batch(messages) == [parse_message(message.topic, message.payload, NOW) for message in messages]


def test_keys_that_differ_only_in_digits_never_vouch():
    """`em:0` twice must be seen even after `em:0` and `em:1`, which leave the same skeleton."""
    topic = "x/meter-1/events/rpc"
    good = b'{"src":"meter-1","params":{"ts":1,"emdata:0":{"total_act":1},"emdata:1":{"total_act":2}}}'
    assert isinstance(parse_message(topic, good, NOW), Parsed)
    assert refused(topic, good.replace(b"emdata:1", b"emdata:0")) is Reason.DUPLICATE_KEYS


def test_the_memory_of_topics_and_skeletons_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("apps.engine.telemetry.payloads._MOST_SKELETONS", 3)
    monkeypatch.setattr("apps.engine.telemetry.routes._MOST_TOPICS", 3)
    forget_everything()
    reader = _TABLE.find(EMDATA)[0]  # type: ignore[index]
    assert isinstance(reader, Json)
    for letter in "abcdefghij":
        parse_message(f"{letter}/status/emdata:0", b'{"%s":1}' % letter.encode(), NOW)
        assert len(reader.shape._known) <= 3
        assert len(_TABLE._remembered) <= 3


def test_a_long_payload_is_read_but_not_remembered():
    forget_everything()
    payload = b'{"total_act":1,"x":"' + b"y" * 5000 + b'"}'
    assert isinstance(parse_message(EMDATA, payload, NOW), Parsed)
    reader = _TABLE.find(EMDATA)[0]  # type: ignore[index]
    assert isinstance(reader, Json)
    assert not reader.shape._known


def test_a_meter_in_a_notification_of_the_wrong_form_is_refused_and_a_name_too_long_is_none():
    for meter in (b"5", b"[1]", b'{"aenergy":1}'):
        assert refused("x/meter-1/events/rpc", b'{"params":{"emdata:0":' + meter + b"}}") is Reason.WRONG_TYPE
    result = parse_message("x/meter-1/events/rpc", b'{"params":{"emdata:00000000000":{"total_act":1}}}', NOW)
    assert isinstance(result, Parsed)
    assert (result.kind, result.registers) == (Kind.STATUS, ())


def test_a_meter_that_only_gives_back_has_one_register():
    result = parse_message(EMDATA, b'{"total_act_ret":2.5}', NOW)
    assert isinstance(result, Parsed)
    assert [(row.channel, row.register_milliwh) for row in result.registers] == [(Channel.EXPORT, 2500)]


def test_a_field_that_is_no_text_is_no_name():
    for name in (b"1", b"null", b"{}", b'""', b'"\\u0000"'):
        assert refused("s/gateway/heartbeat", b'{"sensors_last_data":[{"device_name":' + name + b"}]}") is Reason.WRONG_TYPE
