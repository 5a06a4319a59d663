"""Bytes to text: UTF-8 or GB18030 by strict trial, or the encoding one is told."""

import codecs

from spatial_coagg.errors import Problem, SpatialCoaggError, TableError


def decode_text(content: bytes, *, source: str, encoding: str | None = None) -> str:
    """Return the text of a file.

    Without `encoding`, UTF-8 (with or without a byte-order mark) is tried strictly,
    then GB18030, which contains GBK and GB2312. Since GB18030 accepts nearly any bytes,
    text in which most characters beyond ASCII are rare ones is taken for another
    encoding and refused.

    Parameters
    ----------
    content : bytes
    source : str
        Name of the file, for messages.
    encoding : str, optional
        Any encoding that Python knows; nothing is guessed then.

    Raises
    ------
    TableError
        If the bytes are not in the encoding, or in neither of the two.
    SpatialCoaggError
        If there is no such encoding.

    Examples
    --------
    >>> decode_text("城市,年份".encode("gb18030"), source="jobs.csv")
    '城市,年份'
    """
    if encoding is not None:
        return _decode_as(content, encoding, source)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decode_as(content, "utf-16", source)
    for trial in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(trial)
        except UnicodeDecodeError:
            continue
        if trial == "utf-8-sig" or _reads_as_chinese(text):
            return text
    raise _refusal(
        source,
        "the file is neither UTF-8 nor clearly GB18030; say which with encoding=, such "
        "as 'gb18030', 'big5' or 'cp1252', or save it as UTF-8",
    )


def _decode_as(content: bytes, encoding: str, source: str) -> str:
    try:
        name = codecs.lookup(encoding).name
    except LookupError as error:
        raise SpatialCoaggError(
            f"no such encoding: {encoding!r}; known ones are 'utf-8', 'gb18030', 'big5'"
        ) from error
    try:
        text = content.decode("utf-8-sig" if name == "utf-8" else name)
    except UnicodeDecodeError as error:
        raise _refusal(
            source,
            f"the file is not {encoding}: byte {error.start} cannot be read; leave "
            f"encoding= out to try UTF-8 and GB18030, or give the right one",
        ) from error
    return text.removeprefix("\ufeff")


def _reads_as_chinese(text: str) -> bool:
    # GB2312 holds the characters of ordinary text; bytes of another encoding that
    # happen to be valid GB18030 mostly fall outside it ("Mü" becomes a rare character).
    beyond_ascii = {sign for sign in text if not sign.isascii()}
    rare = {sign for sign in beyond_ascii if not _in_gb2312(sign)}
    return len(rare) * 2 <= len(beyond_ascii)


def _in_gb2312(sign: str) -> bool:
    try:
        sign.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _refusal(source: str, message: str) -> TableError:
    return TableError(source, [Problem(message=message)])
