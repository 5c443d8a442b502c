"""The HTML leaderboard as it is shipped: markup, style and script, put together by html.py."""
