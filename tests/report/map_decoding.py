"""The page's data read again, slowly and plainly."""


def decode_numbers(text: str) -> list[int]:
    """Read numbers character by character: five bits each, the lowest first."""
    numbers, bits, shift = [], 0, 0
    for character in text:
        chunk = ord(character) - 63
        bits |= (chunk & 31) << shift
        shift += 5
        if chunk < 32:
            numbers.append(~(bits >> 1) if bits & 1 else bits >> 1)
            bits = shift = 0
    return numbers


def decode_values(text: str, *, cities: int) -> list[list[int | None]]:
    """Read a layer: one list for each year."""
    codes = decode_numbers(text)
    years = len(codes) // cities
    rows: list[list[int | None]] = []
    for city in range(cities):
        last, row = 0, list[int | None]()
        for code in codes[city * years : (city + 1) * years]:
            last += code - (code > 0)
            row.append(last if code else None)
        rows.append(row)
    return [[row[year] for row in rows] for year in range(years)]
