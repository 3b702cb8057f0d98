"""The one write pipeline: authorize, load, validate, compute, check, persist, record the change, index."""
