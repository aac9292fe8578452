"""Archives that are headers with plain bytes behind them: cpio and ar."""
