"""Where sigma-cli's plugin discovery finds the pipeline."""

from sigma_xdr.pipeline import xdr_pipeline

pipelines = {"sigma_xdr": xdr_pipeline}
