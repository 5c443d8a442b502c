"""From summaries and scores to tables, grids and pages."""
