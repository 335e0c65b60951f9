//! Kafka behind the commit and tap traits: one persistent producer, a tap without a consumer group.
