"""The page of `bench paint` as it is shipped: markup, style and script, served file by file."""
