"""The rules of the architecture, each with a planted violation that the check must find."""

import os
import subprocess
import tempfile
import tomllib
import unittest

import layers
import purity
import references
import texts

ROOT = os.environ["FENCE_SOURCE_ROOT"]
ARCHIVES = dict(item.split("=", 1) for item in os.environ["FENCE_ARCHIVES"].split(":"))
COMPILER = os.environ["FENCE_CXX"].split()
REFERENCE = os.environ["FENCE_REFERENCE"]


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


class IncludeTable(unittest.TestCase):
    def test_every_include_is_allowed_by_the_table(self):
        sources = texts.files(ROOT, ("include", "src"), texts.CODE)
        self.assertGreater(len(sources), 30)
        self.assertEqual([v for path in sources for v in layers.violations(path, read(path))], [])

    def test_every_layer_of_the_table_exists(self):
        for layer in layers.MAY_INCLUDE:
            self.assertTrue(os.path.isdir(os.path.join(ROOT, "src", layer)), layer)

    def test_the_table_has_no_cycle(self):
        order = list(layers.MAY_INCLUDE)
        for layer, below in layers.MAY_INCLUDE.items():
            for other in below:
                self.assertLess(order.index(other), order.index(layer), f"{layer} includes {other}")

    def test_a_planted_upward_include_is_found(self):
        planted = '#include "fence/plan/plan.h"\n#include "fence/host/probe.h"\n'
        self.assertEqual(
            layers.violations("src/plan/x.cc", planted), ["src/plan/x.cc: layer plan may not include fence/host/probe.h"]
        )

    def test_planted_ways_around_the_table_are_found(self):
        for line in ['#include "../host/probe.h"', '#include "src/host/x.h"', "#  include <fence/util/path.h>"]:
            self.assertEqual(len(layers.violations("src/plan/x.cc", line + "\n")), 1, line)

    def test_a_file_outside_every_layer_is_found(self):
        self.assertEqual(len(layers.violations("src/misc/x.cc", "")), 1)


class Purity(unittest.TestCase):
    def test_pure_archives_call_nothing_that_reaches_the_kernel(self):
        for layer in purity.PURE:
            with self.subTest(layer=layer):
                names = purity.undefined(ARCHIVES[layer])
                self.assertGreater(len(names), 0)
                self.assertEqual(purity.violations(layer, names), [])

    def test_the_impure_layers_would_fail(self):
        for layer in ["host", "launch", "bwraprun"]:
            self.assertNotEqual(purity.violations(layer, purity.undefined(ARCHIVES[layer])), [], layer)

    def planted(self, code):
        with tempfile.TemporaryDirectory() as directory:
            source = os.path.join(directory, "planted.cc")
            with open(source, "w", encoding="utf-8") as file:
                file.write(code)
            subprocess.run([*COMPILER, "-std=c++20", "-O1", "-c", "planted.cc"], cwd=directory, check=True)
            return purity.violations("planted", purity.undefined(os.path.join(directory, "planted.o")))

    def test_planted_calls_are_found(self):
        for name, code in {
            "open": '#include <fcntl.h>\nint f() { return open("/", 0); }',
            "getenv": '#include <cstdlib>\nchar* f() { return std::getenv("HOME"); }',
            "time": "#include <ctime>\nlong f() { return std::time(nullptr); }",
            "getuid": "#include <unistd.h>\nunsigned f() { return getuid(); }",
            "fopen": '#include <cstdio>\nFILE* f() { return std::fopen("/x", "r"); }',
        }.items():
            self.assertEqual([v.split()[-1].removesuffix("64") for v in self.planted(code)], [name])

    def test_planted_streams_clocks_and_files_are_found(self):
        for reason, code in {
            "prints": "#include <iostream>\nvoid f() { std::cout << 1; }",
            "opens files": "#include <fstream>\n#include <string>\nvoid f(std::string* s) { std::ifstream i(\"/x\"); i >> *s; }",
            "reads a clock": "#include <chrono>\nauto f() { return std::chrono::steady_clock::now(); }",
            "asks the file system": "#include <filesystem>\nbool f() { return std::filesystem::exists(\"/\"); }",
        }.items():
            self.assertTrue(any(reason in violation for violation in self.planted(code)), reason)

    def test_plain_computing_is_no_finding(self):
        self.assertEqual(self.planted("#include <string>\nstd::string f(const std::string& s) { return s + s; }"), [])


class Texts(unittest.TestCase):
    def test_no_source_is_too_long(self):
        sources = texts.files(ROOT, ("include", "src", "tools"), texts.CODE)
        self.assertEqual([v for path in sources for v in texts.too_long(path, read(path))], [])

    def test_a_planted_long_file_is_found(self):
        self.assertEqual(len(texts.too_long("x.cc", "\n" * (texts.MAX_LINES + 1))), 1)
        self.assertEqual(texts.too_long("x.cc", "\n" * texts.MAX_LINES), [])

    def test_no_banned_words(self):
        self.assertEqual([v for path in texts.files(ROOT) for v in texts.banned_words(path, read(path))], [])

    def test_planted_banned_words_are_found(self):
        self.assertEqual(
            texts.banned_words("src/x.cc", "int x;\n// TODO: more\n"),
            ["src/x.cc:2: 'TODO': unfinished work belongs into an issue"],
        )
        self.assertEqual(len(texts.banned_words("README.md", "Blazing fast and not yet implemented")), 2)


class Reference(unittest.TestCase):
    """docs/options.md, settings.md and system-calls.md are made from the tables in the program."""

    def made(self, what):
        return subprocess.run([REFERENCE, what], check=True, capture_output=True, text=True).stdout

    def check(self, what):
        path = os.path.join(ROOT, "docs", what + ".md")
        made = self.made(what)
        if os.environ.get("FENCE_ACCEPT") == "1":
            with open(path, "w", encoding="utf-8") as file:
                file.write(made)
            self.fail(f"docs/{what}.md was rewritten: an accepting run is never green")
        self.assertEqual(read(f"docs/{what}.md"), made, "run this test with FENCE_ACCEPT=1 to rewrite the file")

    def test_the_options_page_is_what_the_table_says(self):
        self.check("options")

    def test_the_settings_page_is_what_the_table_says(self):
        self.check("settings")

    def test_the_page_of_system_calls_is_what_the_tables_say(self):
        self.check("system-calls")

    def test_every_option_of_the_table_is_in_help(self):
        names = self.made("names").split()
        help_text = subprocess.run([os.environ["FENCE_BINARY"], "--help"], check=True, capture_output=True, text=True).stdout
        self.assertGreater(len(names), 15)
        words = set(help_text.replace(",", " ").replace("[", " ").replace("=", " ").split())
        self.assertEqual([name for name in names if name not in words], [])


class RemovedControls(unittest.TestCase):
    """tests/removed takes controls away; here, that each can still be."""

    TABLE = "tests/removed/controls.toml"

    def test_each_control_is_where_the_table_says(self):
        controls = tomllib.loads(read(self.TABLE))["control"]
        self.assertGreater(len(controls), 40)
        self.assertEqual(references.removal_violations(controls, read), [])

    def test_a_text_that_is_gone_or_there_twice_is_found(self):
        row = {"name": "A1", "file": "x.cc", "text": "a();", "with": "", "tests": ["unit/x X"]}
        self.assertEqual(references.removal_violations([row], lambda _: "a();"), [])
        for content in ("b();", "a(); a();"):
            self.assertEqual(len(references.removal_violations([row], lambda _, content=content: content)), 1)
        self.assertEqual(len(references.removal_violations([row | {"and": [row | {"text": "c();"}]}], lambda _: "a();")), 1)


class ThreatModel(unittest.TestCase):
    PAGE = "docs/threat-model.md"

    def test_every_test_that_it_names_is_there(self):
        self.assertGreater(len(list(references.rows(read(self.PAGE)))), 50)
        self.assertEqual(references.violations(read(self.PAGE), ROOT, read), [])

    def test_planted_rows_are_found(self):
        for row in ["| A1 | x | y | catalogue Z9 |", "| A1 | x | y | integration/git test_nothing_at_all |", "| A1 | x | y | |",
                    "| A1 | x | y | unit/plan No.Such |", "| A1 | x | y | integration/nowhere test_x |", "| A1 | x | y | golden nowhere |"]:
            self.assertEqual(len(references.violations(row, ROOT, read)), 1, row)
