"""Complete images: draw the hole, hide it, call the method, composite, encode; writes nothing."""
