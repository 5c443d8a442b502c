"""Results that come in: pack runs with a card of their method, and check what others packed."""
