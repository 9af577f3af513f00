"""Exchanges records with a broker through kafka-python.

produce BROKER TOPIC CODEC < lines; consume BROKER TOPIC:COUNT...; codecs
A line is JSON: k, v base64 or null, h a list of [name, base64]; consume adds t.
"""
import base64
import json
import sys

import kafka
import kafka.codec

TIMEOUT_MS = 60000


def decode(text):
    return None if text is None else base64.b64decode(text)


def encode(data):
    return None if data is None else base64.b64encode(data).decode()


def produce(broker, topic, codec):
    producer = kafka.KafkaProducer(
        bootstrap_servers=broker, compression_type=None if codec == "none" else codec, acks="all", linger_ms=20
    )
    futures = []
    for line in sys.stdin:
        record = json.loads(line)
        headers = [(name, decode(value)) for name, value in record["h"]]
        futures.append(producer.send(topic, key=decode(record["k"]), value=decode(record["v"]), headers=headers))
    for offset, future in enumerate(futures):
        assert future.get(timeout=60).offset == offset
    producer.close()


def consume(broker, wanted):
    consumer = kafka.KafkaConsumer(bootstrap_servers=broker, consumer_timeout_ms=TIMEOUT_MS, enable_auto_commit=False)
    for entry in wanted:
        topic, count = entry.rsplit(":", 1)
        partition = kafka.TopicPartition(topic, 0)
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        remaining = int(count)
        for message in consumer:
            headers = [[name, encode(value)] for name, value in message.headers]
            print(json.dumps({"t": topic, "k": encode(message.key), "v": encode(message.value), "h": headers}))
            remaining -= 1
            if remaining == 0:
                break
    consumer.close()


def codecs():
    names = ["gzip", "snappy", "lz4", "zstd"]
    print(" ".join(["none"] + [name for name in names if getattr(kafka.codec, "has_" + name, lambda: False)()]))


if sys.argv[1] == "produce":
    produce(*sys.argv[2:5])
elif sys.argv[1] == "consume":
    consume(sys.argv[2], sys.argv[3:])
else:
    codecs()
