"""What Transload costs, as ratios against plain tools in one run: `make bench`."""
