"""What is to be done with a probed file, by rules: as it is, rewrap, audio, transcode, shrink. Pure."""
