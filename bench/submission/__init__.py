"""Pack runs with a card of their method, and check what others packed."""
