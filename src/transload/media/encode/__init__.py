"""One conversion: arguments of ffmpeg, its run, its quality under a deadline, memory and size, its verification."""
