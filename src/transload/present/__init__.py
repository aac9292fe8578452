"""Words for people: what a job, an item or an error is told as, by whatever face. It takes values, never the App."""
