#!/usr/bin/env python3
"""Writes settings texts as C++ raw strings: embed_settings.py OUTPUT BUILTIN PROFILE..."""

import pathlib
import sys

DELIMITER = "fence_toml"


def literal(path):
    text = path.read_text(encoding="utf-8")
    if f"){DELIMITER}\"" in text:
        sys.exit(f"{path}: has the end of a raw string in it")
    return f'R"{DELIMITER}({text}){DELIMITER}"'


def main():
    output, builtin, *profiles = map(pathlib.Path, sys.argv[1:])
    rows = "".join(f'    {{"{path.stem}", {literal(path)}}},\n' for path in sorted(profiles, key=lambda p: p.stem))
    output.write_text(
        f"""// Made by {pathlib.Path(__file__).name}.
#include "texts.h"

namespace fence {{
namespace {{

constexpr ShippedProfile kProfiles[] = {{
{rows}}};

}}  // namespace

const std::string_view kBuiltInText = {literal(builtin)};
const std::span<const ShippedProfile> kShippedTexts = kProfiles;

}}  // namespace fence
""",
        encoding="utf-8",
    )


main()
