"""Bytes on the disk, and nothing that speaks of rows: the scratch folder of a job."""
