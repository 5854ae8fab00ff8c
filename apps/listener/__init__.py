"""MQTT in: bytes from brokers to the queue, acknowledged only once the queue or the spool has them. Nothing is parsed here."""
