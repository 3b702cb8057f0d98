"""The one write pipeline: authorize, load, validate, compute, check, persist with change log and index, check again."""
