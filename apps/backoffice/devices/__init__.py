"""What a person sees of brokers, devices and their messages: live state, bindings, days, alerts, dead letters."""
