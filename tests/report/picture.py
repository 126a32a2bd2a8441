# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks a picture: picture.py FILE WIDTH HEIGHT. Prints the words of an SVG, a text a line:
picture.py FILE words."""
import base64
import struct
import sys
import xml.etree.ElementTree as ET
import zlib

SVG = "{http://www.w3.org/2000/svg}"
ELEMENTS = {"svg", "title", "rect", "polygon", "polyline", "text", "image"}
HREF = "{http://www.w3.org/1999/xlink}href"


def check_png(data, width=None, height=None):
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, pixels, kinds = 8, b"", []
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + size]
        (crc,) = struct.unpack(">I", data[at + 8 + size : at + 12 + size])
        assert crc == zlib.crc32(kind + body), kind
        kinds.append(kind)
        if kind == b"IHDR":
            head = struct.unpack(">IIBBBBB", body)
        elif kind == b"PLTE":
            colors = size // 3
        elif kind == b"IDAT":
            pixels += body
        at += 12 + size
    assert kinds[0] == b"IHDR" and kinds[-1] == b"IEND"
    if width:
        assert head[:2] == (width, height), head
    assert head[2] == 8 and head[3] in (2, 3) and head[4:] == (0, 0, 0)
    lines = zlib.decompress(pixels)
    step = 1 + head[0] * (3 if head[3] == 2 else 1)
    assert len(lines) == step * head[1] and not any(lines[::step])
    if head[3] == 3:
        assert b"PLTE" in kinds and max(lines) < colors


def box(text):
    """Left, top, right and bottom of a text element."""
    size, width = float(text.get("font-size")), float(text.get("textLength"))
    x, y = float(text.get("x")), float(text.get("y"))
    x -= {None: 0, "middle": width / 2, "end": width}[text.get("text-anchor")]
    return x, y - 0.75 * size, x + width, y + 0.1 * size


def check_texts(texts, width, height):
    boxes = [(box(t), t.text) for t in texts]
    for i, (a, said) in enumerate(boxes):
        assert a[0] >= 0 and a[1] >= 0 and a[2] <= width and a[3] <= height, (said, a)
        for b, other in boxes[:i]:
            apart = a[0] >= b[2] or b[0] >= a[2] or a[1] >= b[3] or b[1] >= a[3]
            assert apart, (said, other, a, b)


def check_svg(data, width, height):
    root = ET.fromstring(data)
    assert root.tag == SVG + "svg"
    assert (int(root.get("width")), int(root.get("height"))) == (width, height)
    assert root.get("viewBox") == "0 0 %d %d" % (width, height)
    for e in root.iter():
        assert e.tag[len(SVG) :] in ELEMENTS, e.tag
        assert not any(k.lower().startswith("on") for k in e.keys())
        if e.tag == SVG + "image":
            kind, _, code = e.get(HREF).partition(",")
            assert kind == "data:image/png;base64"
            check_png(base64.b64decode(code, validate=True))
    check_texts(root.findall(SVG + "text"), width, height)


def main():
    data = (sys.stdin.buffer if sys.argv[1] == "-" else open(sys.argv[1], "rb")).read()
    if sys.argv[2] == "words":
        for text in ET.fromstring(data).findall(SVG + "text"):
            print(text.text)
        return
    check = check_png if data[:1] == b"\x89" else check_svg
    check(data, int(sys.argv[2]), int(sys.argv[3]))


main()
