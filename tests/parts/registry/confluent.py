"""Confluent's own client, as somebody else would use it: writes and reads values by the schemas of a registry.

Usage: confluent.py produce|consume BOOTSTRAP REGISTRY TOPIC FORMAT, with JSON on standard input:
  produce  {"schema": "…", "records": [{"key": "…", "value": …}, …]}: registers the schema, as its serializers do
  consume  {"count": N}: prints {"key": …, "value": …} of the first N records, one a line
FORMAT is avro, json or protobuf. Of Protobuf it writes and reads the message that FIELDS describe, the same as in the
schemas of the tests.
"""

import json
import sys
import time

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

PATIENCE = 60
# Numbers and types of the fields: a string, an int32.
FIELDS = [("carrier", 1, 9), ("delay", 2, 5)]


def flight_class():
    file = descriptor_pb2.FileDescriptorProto(name="flight.proto", package="acme", syntax="proto3")
    flight = file.message_type.add(name="Flight")
    for name, number, kind in FIELDS:
        flight.field.add(name=name, number=number, type=kind, label=1)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("acme.Flight"))


Flight = flight_class()


def produce(bootstrap, registry, topic, form, asked):
    if form == "avro":
        serialize = AvroSerializer(registry, asked["schema"])
    elif form == "json":
        serialize = JSONSerializer(asked["schema"], registry)
    else:
        protobuf = ProtobufSerializer(Flight, registry, {"use.deprecated.format": False})
        serialize = lambda value, context: protobuf(json_format.ParseDict(value, Flight()), context)
    producer = Producer({"bootstrap.servers": bootstrap})
    context = SerializationContext(topic, MessageField.VALUE)
    faults = []
    for record in asked["records"]:
        value = serialize(record["value"], context)
        producer.produce(topic, value, record["key"], on_delivery=lambda fault, _: fault and faults.append(fault))
    if producer.flush(PATIENCE) or faults:
        sys.exit(f"not all records were delivered: {faults}")


def consume(bootstrap, registry, topic, form, asked):
    if form == "avro":
        deserialize = AvroDeserializer(registry)
    elif form == "json":
        deserialize = JSONDeserializer(None, schema_registry_client=registry)
    else:
        # By its own class alone: with the registry it asks for the schema in a form that Apicurio does not have.
        protobuf = ProtobufDeserializer(Flight, {"use.deprecated.format": False})
        deserialize = lambda value, context: json_format.MessageToDict(protobuf(value, context))
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "confluent", "auto.offset.reset": "earliest"})
    partitions = consumer.list_topics(topic, PATIENCE).topics[topic].partitions
    consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
    context = SerializationContext(topic, MessageField.VALUE)
    end = time.time() + PATIENCE
    left = asked["count"]
    while left > 0:
        record = consumer.poll(1)
        if record is not None and record.error() is None:
            key = record.key().decode() if record.key() is not None else None
            print(json.dumps({"key": key, "value": deserialize(record.value(), context)}))
            left -= 1
        elif time.time() > end:
            sys.exit(f"{left} records did not come")
    consumer.close()


if __name__ == "__main__":
    what, bootstrap, registry, topic, form = sys.argv[1:]
    registry = SchemaRegistryClient({"url": registry})
    {"produce": produce, "consume": consume}[what](bootstrap, registry, topic, form, json.load(sys.stdin))
