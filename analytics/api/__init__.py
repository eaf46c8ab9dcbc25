"""The HTTP API: public part, staff part, live events."""
