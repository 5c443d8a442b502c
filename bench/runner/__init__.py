"""The loop: plan, complete, execute, store, score."""
