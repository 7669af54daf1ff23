"""Streams of zlib's own making, at every level and by every strategy: N.zlib in a folder, and N.plain, what it is of."""

import random
import sys
import zlib
from pathlib import Path

folder = Path(sys.argv[1])
random.seed(1)
plains = [
    b"",
    b"abc" * 700,
    bytes(random.randrange(256) for _ in range(3000)),
    bytes(random.choice(b"\0\1\2\xff") for _ in range(5000)),
    b"".join((7_000_000 + 13 * i).to_bytes(8, "little") for i in range(900)),
]
strategies = [
    zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED,
]
number = 0
for plain in plains:
    for level in (0, 1, 6, 9):
        for strategy in strategies:
            for window in (9, 15):
                packer = zlib.compressobj(level, zlib.DEFLATED, window, 1 if window == 9 else 8, strategy)
                parts = []
                for i in range(0, len(plain), 1700):
                    parts.append(packer.compress(plain[i:i + 1700]))
                    # Blocks that end, and are empty, in every way that zlib has.
                    flush = (zlib.Z_NO_FLUSH, zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_BLOCK)
                    parts.append(packer.flush(flush[(i // 1700 + number) % 4]))
                parts.append(packer.flush())
                (folder / f"{number}.zlib").write_bytes(b"".join(parts))
                (folder / f"{number}.plain").write_bytes(plain)
                number += 1
print(number)
