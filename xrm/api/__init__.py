"""JSON over HTTP: generic routes over the services of a runtime."""
