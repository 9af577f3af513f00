"""confluent-kafka-python as a compatibility client: produce|consume PORT TOPIC CODEC|COUNT, records as JSON lines."""
import json
import sys

import confluent_kafka
from confluent_kafka import Consumer, Producer, TopicPartition

mode, port, topic, argument = sys.argv[1:5]
bootstrap = f"127.0.0.1:{port}"


def decoded(data):
    return None if data is None else data.decode()


if mode == "version":
    print(f"{confluent_kafka.version()[0]}, librdkafka {confluent_kafka.libversion()[0]}")
elif mode == "produce":
    failures = []
    producer = Producer({"bootstrap.servers": bootstrap, "compression.type": argument, "enable.idempotence": True, "linger.ms": 20})
    for line in sys.stdin:
        record = json.loads(line)
        headers = [(key, None if value is None else value.encode()) for key, value in record["headers"]]
        report = lambda error, _message: error is not None and failures.append(str(error))
        producer.produce(topic, key=record["key"], value=record["value"], headers=headers, partition=0, on_delivery=report)
    if producer.flush(30) > 0 or failures:
        sys.exit(f"not delivered: {failures[:3]}")
else:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "none", "enable.auto.commit": False, "check.crcs": True})
    consumer.assign([TopicPartition(topic, 0, 0)])
    left = int(argument)
    while left > 0:
        message = consumer.poll(20)
        if message is None or message.error():
            sys.exit(f"consume failed: {message and message.error()}")
        headers = [[key, decoded(value)] for key, value in message.headers() or []]
        print(json.dumps({"key": decoded(message.key()), "value": decoded(message.value()), "headers": headers}))
        left -= 1
    consumer.close()
