"""Reads the code of a waybill from a photo of the paper; needs the extra `scan`."""

from typing import IO

from node import waybill
from sync.errors import Malformed, NotInstalled, TooLarge

PIXELS_MAX = 60_000_000
FORMATS = ("JPEG", "PNG", "WEBP")
_KEPT = "Nothing was recorded."


def is_there() -> bool:
    """Whether photos can be read here."""
    try:
        import PIL  # noqa: F401
        import zxingcpp  # noqa: F401
    except ImportError:
        return False
    return True


def read_photo(file: IO[bytes]) -> str:
    """The text of all waybill codes on a photo (JPEG, PNG or WebP). A Problem where there is none to be read."""
    if not is_there():
        raise NotInstalled(
            "This node can't read photos.",
            kept=_KEPT,
            todo="Run `pip install '.[scan]'` in Bucketline's folder, or paste the text of the code.",
        )
    import zxingcpp

    found = [code.text for code in zxingcpp.read_barcodes(_grey(file), formats=zxingcpp.BarcodeFormat.QRCode)]
    texts = [text for text in found if waybill.is_text(text)]
    if not texts:
        raise Malformed(
            "There is no code of a waybill to be seen on this photo.",
            kept=_KEPT,
            todo="Take it again, straight from above and in good light, so that the code fills most of it.",
        )
    return " ".join(dict.fromkeys(texts))


def _grey(file: IO[bytes]) -> object:
    """The picture in grey, upright; its size is checked before it is unpacked."""
    from PIL import Image, ImageOps

    try:
        with Image.open(file, formats=FORMATS) as picture:
            if picture.width * picture.height > PIXELS_MAX:
                raise TooLarge("This photo is too large to be read.", kept=_KEPT, todo="Take it with fewer pixels.")
            picture.draft("L", picture.size)
            return ImageOps.exif_transpose(picture).convert("L")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise Malformed("This is not a photo that can be read: it takes JPEG, PNG or WebP.", kept=_KEPT) from None
