"""Media: sniffed by content, probed and converted in children, judged by pure rules.

Imports nothing, because the decoder child imports this package first.
"""
