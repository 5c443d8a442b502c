"""Protocols of paper tables, one small TOML file each; bench.report.protocol reads them."""
