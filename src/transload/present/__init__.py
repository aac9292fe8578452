"""Words for people: how any face names a job, an item or an error. It takes values, never the App."""
