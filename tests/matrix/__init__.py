"""Everything a converter may meet, generated, converted and judged by decoders that had no part in the making."""
