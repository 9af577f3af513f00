"""Exchanges records with a broker through confluent-kafka; the same commands and lines as kafka_python.py."""
import base64
import json
import sys

import confluent_kafka

TIMEOUT_SECONDS = 60


def decode(text):
    return None if text is None else base64.b64decode(text)


def encode(data):
    return None if data is None else base64.b64encode(data).decode()


def produce(broker, topic, codec):
    errors = []
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": broker, "compression.type": codec, "enable.idempotence": True, "linger.ms": 20}
    )
    for line in sys.stdin:
        record = json.loads(line)
        headers = [(name, decode(value)) for name, value in record["h"]]
        producer.produce(
            topic,
            key=decode(record["k"]),
            value=decode(record["v"]),
            headers=headers,
            partition=0,
            on_delivery=lambda error, _: errors.append(error) if error else None,
        )
    left = producer.flush(TIMEOUT_SECONDS)
    assert left == 0 and not errors, (left, errors)


def consume(broker, wanted):
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": broker, "group.id": "never-joined", "enable.auto.commit": False}
    )
    for entry in wanted:
        topic, count = entry.rsplit(":", 1)
        consumer.assign([confluent_kafka.TopicPartition(topic, 0, confluent_kafka.OFFSET_BEGINNING)])
        for _ in range(int(count)):
            message = consumer.poll(TIMEOUT_SECONDS)
            assert message is not None and message.error() is None, message and message.error()
            headers = [[name, encode(value)] for name, value in message.headers() or []]
            print(json.dumps({"t": topic, "k": encode(message.key()), "v": encode(message.value()), "h": headers}))
    consumer.close()


if sys.argv[1] == "produce":
    produce(*sys.argv[2:5])
elif sys.argv[1] == "consume":
    consume(sys.argv[2], sys.argv[3:])
else:
    print("none gzip snappy lz4 zstd")
