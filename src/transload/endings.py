"""The endings of names that promise a photo, a video or a sound, in small letters with their dot. Values only."""


def _dotted(words: str) -> frozenset[str]:
    return frozenset(f".{word}" for word in words.split())


PHOTOS = _dotted(
    "jpg jpeg jpe jfif png apng gif webp heic heif hif avif tif tiff bmp jxl jp2 psd tga ppm pgm pbm pnm pcx"
    " dng nef nrw arw cr2 pef srw"
)
VIDEOS = _dotted(
    "mp4 m4v mov qt 3gp 3g2 mkv webm avi flv f4v wmv asf mpg mpeg m2v vob ts mts m2ts ogv rm rmvb mxf divx ivf"
    " dv hevc h265 h264 obu nut y4m mjpeg mjpg"
)
SOUNDS = _dotted(
    "mp3 m4a m4b aac ogg oga opus flac wav wma amr aif aiff ac3 eac3 ec3 mka ape wv caf tta au snd dts mp2 mp1"
)
MEDIA = PHOTOS | VIDEOS | SOUNDS
