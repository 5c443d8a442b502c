"""Write images and holes as files, and read the outputs that other programs made from them."""
