"""Turn summaries and scores into tables, grids and pages."""
