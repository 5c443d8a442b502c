"""From arrays of scores to intervals and ranks."""
