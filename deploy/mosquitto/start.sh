#!/bin/sh
# Starts the broker in its container: passwords of the services from the environment, those of devices from the file that
# `manage.py device_credentials` writes, TLS when there is a certificate.
set -eu
umask 077

data=/mosquitto/data
rm -f "$data/services.passwords"
mosquitto_passwd -b -c "$data/services.passwords" listener "$MQTT_PASSWORD"
mosquitto_passwd -b "$data/services.passwords" canary "$MQTT_PASSWORD"

if [ -s /mosquitto/credentials/devices.passwords ]; then
    cp /mosquitto/credentials/devices.passwords "$data/devices.passwords"
else
    : > "$data/devices.passwords" # nobody: the broker wants a file
fi

mkdir -p "$data/conf.d"
rm -f "$data/conf.d/tls.conf"
if [ -s /mosquitto/certificates/broker.crt ]; then
    cp /mosquitto/config/tls.conf "$data/conf.d/tls.conf"
fi

chown -R mosquitto "$data"
chmod 0700 "$data"
exec mosquitto -c /mosquitto/config/mosquitto.conf
