"""The one way out: every request goes through the guard of `egress` and ends in our errors in `fetch`."""
