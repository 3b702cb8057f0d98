"""Helpers of the test suite: a real PostgreSQL server, a real browser, the files of the project."""
