"""Readers of QR codes' images: which modules are dark, and in which colours they are drawn."""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple


class Drawn(NamedTuple):
    """A code as it is drawn: rows of dark modules, and the colours, None for none."""

    rows: list[list[bool]]
    dark: str | None
    light: str | None


def read_png(data: bytes, scale: int, margin: int) -> Drawn:
    """Read a PNG of one bit a pixel; all pixels of a module have to be the same."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks = dict(_chunks(data))
    width, height, depth, kind = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert depth == 1
    pixels = [[bit == "1" for bit in line[:width]] for line in _lines(chunks[b"IDAT"], width)]
    modules = [row[::scale] for row in pixels[::scale]]
    whole = [[each for each in row for _ in range(scale)] for row in modules]
    assert pixels == [row for row in whole for _ in range(scale)]
    assert len(pixels) == height
    first, second = _colours(chunks, kind)
    # Behind the margin begins a finder pattern, dark in every code.
    is_set = modules[margin][margin]
    rows = [[each == is_set for each in row] for row in modules]
    return Drawn(rows, *((second, first) if is_set else (first, second)))


def read_svg(text: str) -> Drawn:
    """Read an SVG of one path of lines, maybe on a rectangle."""
    size = int(re.findall(r'viewBox="0 0 (\d+) \1"', text)[0])
    rows = [[False] * size for _ in range(size)]
    dark, path = re.findall(r'stroke="([^"]+)" d="([^"]+)"', text)[0]
    x, y = 0.0, 0.0
    for move, over, down, right in re.findall(r"([Mm])(-?[\d.]+) (-?[\d.]+)h(\d+)", path):
        x, y = (float(over), float(down)) if move == "M" else (x + float(over), y + float(down))
        for each in range(int(right)):
            rows[int(y)][int(x) + each] = True
        x += int(right)
    light = re.findall(rf'fill="([^"]+)" d="M0 0h{size}v{size}h-{size}z"', text)
    return Drawn(rows, dark, light[0] if light else None)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        yield name, data[at + 8 : at + 8 + length]
        at += 12 + length


def _lines(data: bytes, width: int) -> Iterator[str]:
    """Yield each line's bits; none is filtered but by the line above it."""
    packed, length = zlib.decompress(data), (width + 7) // 8
    above = bytes(length)
    for at in range(0, len(packed), length + 1):
        line = packed[at + 1 : at + 1 + length]
        if packed[at] == 2:
            line = bytes((here + there) % 256 for here, there in zip(line, above, strict=True))
        else:
            assert packed[at] == 0
        above = line
        yield "".join(f"{byte:08b}" for byte in line)


def _colours(chunks: dict[bytes, bytes], kind: int) -> list[str | None]:
    """Return both colours; None for the one that is transparent."""
    alpha = chunks.get(b"tRNS")
    if kind == 0:
        grey = ("#000000", "#ffffff")
        return [None if alpha == struct.pack(">H", at) else grey[at] for at in (0, 1)]
    held = chunks[b"PLTE"]
    colours: list[str | None] = [f"#{held[at : at + 3].hex()}" for at in (0, 3)]
    for at, opacity in enumerate(alpha or b""):
        assert opacity in (0, 255)
        colours[at] = colours[at] if opacity else None
    return colours
