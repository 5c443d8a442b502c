"""From a request to runs, their specs, ids and seeds; the suites."""
