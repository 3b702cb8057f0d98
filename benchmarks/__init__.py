"""What the server costs per request beside a hand-written one that answers the same, measured in one run."""
