"""kafka-python as a compatibility client: produce|consume PORT TOPIC CODEC|COUNT, records as JSON lines."""
import json
import sys

import kafka
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

mode, port, topic, argument = sys.argv[1:5]
bootstrap = f"127.0.0.1:{port}"


def encoded(text):
    return None if text is None else text.encode()


def decoded(data):
    return None if data is None else data.decode()


if mode == "version":
    print(kafka.__version__)
elif mode == "produce":
    codec = None if argument == "none" else argument
    producer = KafkaProducer(bootstrap_servers=bootstrap, compression_type=codec, acks="all", linger_ms=20)
    sent = []
    for line in sys.stdin:
        record = json.loads(line)
        headers = [(key, encoded(value)) for key, value in record["headers"]]
        sent.append(producer.send(topic, key=encoded(record["key"]), value=encoded(record["value"]), headers=headers, partition=0))
    producer.flush()
    for future in sent:
        future.get(timeout=30)
    producer.close()
else:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, consumer_timeout_ms=20000, enable_auto_commit=False)
    consumer.assign([TopicPartition(topic, 0)])
    consumer.seek_to_beginning()
    left = int(argument)
    for message in consumer:
        headers = [[key, decoded(value)] for key, value in message.headers]
        print(json.dumps({"key": decoded(message.key), "value": decoded(message.value), "headers": headers}))
        left -= 1
        if left == 0:
            break
    consumer.close()
