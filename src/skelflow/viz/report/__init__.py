"""A report on a trained network: one page with all that is known of it."""

from skelflow.viz.report.make import Report, make_report

__all__ = ["Report", "make_report"]
