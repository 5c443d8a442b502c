"""Hand images and holes out as files, and take the outputs that other programs made of them."""
