import codecs

import pytest

from spatial_coagg.errors import SpatialCoaggError, TableError
from spatial_coagg.tables.decoding import decode_text

CHINESE = "城市代码,年份,从业人员（万人）\n320500,2004,…\n"


@pytest.mark.parametrize(
    "content",
    [
        CHINESE.encode(),
        codecs.BOM_UTF8 + CHINESE.encode(),
        CHINESE.encode("gb18030"),
        CHINESE.encode("gbk"),
        CHINESE.encode("utf-16"),
        b"code,year\n",
    ],
    ids=["utf-8", "utf-8 with BOM", "gb18030", "gbk", "utf-16 with BOM", "ascii"],
)
def test_the_encoding_is_found(content: bytes) -> None:
    expected = "code,year\n" if content.isascii() else CHINESE
    assert decode_text(content, source="x.csv") == expected


@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "big5", "utf-8", "UTF8"])
def test_the_encoding_can_be_told(encoding: str) -> None:
    content = "人口".encode(encoding)
    assert decode_text(content, source="x.csv", encoding=encoding) == "人口"


def test_a_byte_order_mark_goes_when_utf8_is_told() -> None:
    content = codecs.BOM_UTF8 + b"code"
    assert decode_text(content, source="x.csv", encoding="utf-8") == "code"


@pytest.mark.parametrize(
    "content",
    [
        "München,Köln,Nürnberg".encode("cp1252"),
        "統計年鑑".encode("gb18030"),
        b"\xff\xff",
    ],
    ids=["western text", "traditional characters", "no text"],
)
def test_doubtful_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(TableError, match=r"x\.csv.*\n.*neither UTF-8 nor clearly GB18"):
        decode_text(content, source="x.csv")


def test_a_wrong_encoding_is_refused() -> None:
    with pytest.raises(
        TableError, match="the file is not utf-8: byte 0 cannot be read"
    ):
        decode_text("人口".encode("gb18030"), source="x.csv", encoding="utf-8")


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="no such encoding: 'gb1803'"):
        decode_text(b"", source="x.csv", encoding="gb1803")
