"""Writes every record of partition 0 of a topic to standard output, a line each: real-input-consume.py PORT TOPIC."""
import sys

from confluent_kafka import Consumer, TopicPartition

port, topic = sys.argv[1:3]
consumer = Consumer({"bootstrap.servers": f"127.0.0.1:{port}", "group.id": "none", "enable.auto.commit": False})
_, end = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=30)
consumer.assign([TopicPartition(topic, 0, 0)])
output = sys.stdout.buffer
position = 0
while position < end:
    for message in consumer.consume(10000, timeout=10):
        if message.error():
            sys.exit(f"consume failed: {message.error()}")
        if message.offset() != position:
            sys.exit(f"offset {message.offset()} where {position} was expected")
        output.write(message.value() + b"\n")
        position += 1
consumer.close()
