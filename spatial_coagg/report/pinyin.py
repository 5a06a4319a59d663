"""Pinyin of places whose English name comes from another language than Mandarin."""

from collections.abc import Iterable, Mapping

# By the characters that their Chinese names begin with; pypinyin 0.55.0.
PINYIN: Mapping[str, str] = {
    "呼和浩特": "Huhehaote",
    "鄂尔多斯": "E'erduosi",
    "呼伦贝尔": "Hulunbei'er",
    "巴彦淖尔": "Bayannao'er",
    "乌兰察布": "Wulanchabu",
    "锡林郭勒": "Xilinguole",
    "哈尔滨": "Ha'erbin",
    "齐齐哈尔": "Qiqiha'er",
    "拉萨": "Lasa",
    "日喀则": "Rikaze",
    "昌都": "Changdu",
    "林芝": "Linzhi",
    "那曲": "Naqu",
    "乌鲁木齐": "Wulumuqi",
    "克拉玛依": "Kelamayi",
    "吐鲁番": "Tulufan",
    "博尔塔拉": "Bo'ertala",
    "巴音郭楞": "Bayinguoleng",
    "阿克苏": "Akesu",
    "克孜勒苏": "Kezilesu",
    "喀什": "Kashi",
    "和田": "Hetian",
    "伊犁": "Yili",
    "阿勒泰": "Aletai",
    "香港": "Xianggang",
    "澳门": "Aomen",
}


def pinyin_of(names: Iterable[str]) -> list[str]:
    """Return the pinyin of a place with these names, if it is one of the above.

    Examples
    --------
    >>> pinyin_of(["Harbin", "哈尔滨市"])
    ["Ha'erbin"]
    """
    starts = tuple(PINYIN)
    known = [name for name in names if name.startswith(starts)]
    return [
        PINYIN[start] for start in starts if any(n.startswith(start) for n in known)
    ]
