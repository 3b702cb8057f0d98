"""The pictures of the documentation, taken of the shipped packs and their sample data by one command."""
