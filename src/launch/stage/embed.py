"""Writes a C++ file that holds the bytes of the built stage: embed.py STAGE OUTPUT."""

import os
import sys

SOURCE = """// Generated: the stage as bytes.
#include "{header}"

asm(R"(.section .rodata
.balign 16
.globl fence_stage_begin
fence_stage_begin:
.incbin "{image}"
.globl fence_stage_end
fence_stage_end:
.text)");
"""


def main() -> None:
    image, output = sys.argv[1:3]
    header = "stage_image.h"
    with open(output, "w", encoding="utf-8") as out:
        out.write(SOURCE.format(image=os.path.abspath(image), header=header))


if __name__ == "__main__":
    main()
