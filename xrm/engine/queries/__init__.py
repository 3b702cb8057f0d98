"""The one read pipeline: parse, plan against what the actor may see, compile, run, present."""
