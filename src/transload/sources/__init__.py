"""Where bytes come from: one module a scheme, one door for all of them."""
