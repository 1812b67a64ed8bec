#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fence/config/config.h"
#include "shipped.h"

namespace fence {
namespace {

using ::testing::ElementsAre;

/// A value as text with its place: `"x"@1:5`.
std::string shown(const Value& value);

std::string shown(const ValueTable& table) {
  std::string out;
  for (const ValueEntry& entry : table) {
    out += (out.empty() ? "" : ", ") + entry.key + "@" + std::to_string(entry.origin.line) + ":" +
           std::to_string(entry.origin.column) + " = " + shown(entry.value);
  }
  return out;
}

std::string shown(const Value& value) {
  const std::string text = std::visit(Overloaded{
                                          [](bool flag) { return std::string(flag ? "true" : "false"); },
                                          [](std::int64_t number) { return std::to_string(number); },
                                          [](double number) { return std::to_string(number); },
                                          [](const std::string& string) { return "\"" + string + "\""; },
                                          [](const ValueArray& list) {
                                            std::string out;
                                            for (const Value& each : list)
                                              out += (out.empty() ? "" : ", ") + shown(each);
                                            return "[" + out + "]";
                                          },
                                          [](const ValueTable& table) { return "{" + shown(table) + "}"; },
                                      },
                                      value.data);
  return text + "@" + std::to_string(value.origin.line) + ":" + std::to_string(value.origin.column);
}

std::string parsed(std::string_view text) {
  const auto table = parse_toml(text, "s.toml", LayerKind::User);
  if (table) return shown(*table);
  std::string out;
  for (const Error& error : table.error()) out += to_string(error) + "\n";
  return out;
}

TEST(ShippedTables, AreWhatTheirTextsSay) {
  std::vector<ShippedTable> tables(kShippedTables.begin(), kShippedTables.end());
  tables.push_back(kBuiltInTable);
  for (const ShippedTable& shipped : tables) {
    const ValueTable table = table_of(shipped, "here", LayerKind::System);
    ASSERT_FALSE(table.empty()) << shipped.name;
    EXPECT_EQ(shown(table), parsed(shipped.text)) << shipped.name;
    EXPECT_EQ(table.front().value.origin.source, "here");
    EXPECT_EQ(table.front().origin.layer, LayerKind::System);
  }
}

TEST(ParseToml, EveryKeyAndValueHasItsPlace) {
  EXPECT_EQ(parsed("b = true\n  a = -7 # seven\n\"k y\" = 'x'\n"),
            "b@1:1 = true@1:5, a@2:3 = -7@2:7, k y@3:1 = \"x\"@3:9");
}

TEST(ParseToml, ListsAndTables) {
  EXPECT_EQ(parsed("l = [\n  \"x\",\n  {p = 1},\n]\n"), "l@1:1 = [\"x\"@2:3, {p@3:4 = 1@3:8}@3:3]@1:5");
  EXPECT_EQ(parsed("[f]\na = 1\n[[f.b]]\nc = 2\n[[f.b]]\nc = 3\n"),
            "f@1:2 = {a@2:1 = 1@2:5, b@3:5 = [{c@4:1 = 2@4:5}@3:1, {c@6:1 = 3@6:5}@5:1]@3:1}@1:1");
}

TEST(ParseToml, ColumnsCountCharactersNotBytes) {
  EXPECT_EQ(parsed("a = [\"\xc3\xa9\", 1]"), "a@1:1 = [\"\xc3\xa9\"@1:6, 1@1:11]@1:5");
}

TEST(ParseToml, AByteOrderMarkAndCrLfAreFine) {
  EXPECT_EQ(parsed("\xef\xbb\xbf"
                   "a = 1\r\nb = 2\r\n"),
            "a@1:1 = 1@1:5, b@2:1 = 2@2:5");
  EXPECT_EQ(parsed(""), "");
}

TEST(ParseToml, OriginsNameTheSource) {
  const auto table = parse_toml("a = 1", "profile x", LayerKind::Profile);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->front().origin, (Origin{LayerKind::Profile, "profile x", 1, 1}));
}

TEST(ParseToml, SyntaxErrorsHaveAPlace) {
  EXPECT_EQ(parsed("a = 1\nb = \n"),
            "fence: cannot read s.toml: error while parsing key-value pair: expected value, saw '\\n'\n"
            "  asked for by s.toml:2:5\n");
  EXPECT_EQ(parsed("a = [1,\n"),
            "fence: cannot read s.toml: error while parsing array: encountered end-of-file\n"
            "  asked for by s.toml:1:9\n");
}

TEST(ParseToml, AKeyThatStandsTwiceIsAnError) {
  EXPECT_EQ(parsed("a = 1\na = 2\n"),
            "fence: cannot read s.toml: error while parsing key-value pair: cannot redefine existing integer 'a'\n"
            "  asked for by s.toml:2:5\n");
  EXPECT_EQ(parsed("[a]\n[a]\n"),
            "fence: cannot read s.toml: error while parsing table header: cannot redefine existing table 'a'\n"
            "  asked for by s.toml:2:1\n");
}

TEST(ParseToml, InvalidUtf8IsAnError) {
  EXPECT_EQ(parsed("a = \"\xff\"\n"),
            "fence: cannot read s.toml: encountered invalid utf-8 sequence\n  asked for by s.toml:1:5\n");
}

TEST(ParseToml, NoControlByteReachesAMessage) {
  for (const char* text : {"a\x1b[31m = 3", "\x1b[31m", "a = \x1b", "\"\\u001b\" = 1\n\"\\u001b\" = 2\n"}) {
    const std::string message = parsed(text);
    EXPECT_EQ(message.substr(0, 26), "fence: cannot read s.toml:");
    EXPECT_EQ(message.find('\x1b'), std::string::npos);
  }
}

TEST(ParseToml, ANumberMayHaveAFraction) { EXPECT_EQ(parsed("a = 1.5\n"), "a@1:1 = 1.500000@1:5"); }

TEST(ParseToml, ValuesThatNoSettingHasAreAllRefused) {
  EXPECT_EQ(parsed("b = [1979-05-27, 07:32:00, 1979-05-27T07:32:00Z]\n"),
            "fence: no setting has a date or time as its value\n  asked for by s.toml:1:6\n"
            "fence: no setting has a date or time as its value\n  asked for by s.toml:1:18\n"
            "fence: no setting has a date or time as its value\n  asked for by s.toml:1:28\n");
}

std::string dotted(std::size_t parts) {
  std::string key = "a";
  for (std::size_t i = 1; i < parts; ++i) key += ".a";
  return key;
}

TEST(ParseToml, AKeyWithTooManyPartsIsRefusedBeforeItOverflowsTheStack) {
  const std::string refusal =
      "fence: cannot read s.toml: a key has more than 16 dotted parts\n  asked for by s.toml:2\n";
  const std::string deep = dotted(500000);
  EXPECT_EQ(parsed("\n" + deep + " = 1"), refusal);
  EXPECT_EQ(parsed("\n[" + deep + "]"), refusal);
  EXPECT_EQ(parsed("\nx = [{" + deep + " = 1}]"), refusal);
  EXPECT_EQ(parsed("\nx = [\"\"\"a\"\"\"\"\", {" + deep + " = 1}]"), refusal);
  EXPECT_EQ(parsed("\nx = ['it', \"\\\"\", {" + deep + " = 1}]"), refusal);
  EXPECT_EQ(parsed("\n" + dotted(17) + " = 1"), refusal);
}

TEST(ParseToml, DotsElsewhereAreNoParts) {
  const std::string dots(100, '.');
  EXPECT_EQ(parsed("a = \"" + dots + "\" # " + dots + "\n"), "a@1:1 = \"" + dots + "\"@1:5");
  EXPECT_EQ(parsed("a = '''\n" + dots + "\n'''\n"), "a@1:1 = \"" + dots + "\n\"@1:5");
  EXPECT_TRUE(parse_toml(dotted(16) + " = 1", "s.toml", LayerKind::User));
}

TEST(ParseToml, DeeplyNestedValuesAreRefused) {
  EXPECT_FALSE(parse_toml("a = " + std::string(300000, '['), "s.toml", LayerKind::User));
}

const Origin kSet{LayerKind::CommandLine, "--set"};

std::string assigned(std::string_view text) {
  const auto entry = parse_assignment(text, kSet);
  return entry ? shown(ValueTable{*entry}) : to_string(entry.error()[0]);
}

TEST(ParseAssignment, TheValueIsToml) {
  EXPECT_EQ(assigned("nesting=true"), "nesting@0:0 = true@0:0");
  EXPECT_EQ(assigned("filesystem.allowRead=[\"/x\", {path = '/y'}]"),
            "filesystem.allowRead@0:0 = [\"/x\"@0:0, {path@0:0 = \"/y\"@0:0}@0:0]@0:0");
  EXPECT_EQ(assigned("backend=\"bwrap\""), "backend@0:0 = \"bwrap\"@0:0");
}

TEST(ParseAssignment, WhatIsNotTomlIsAString) {
  EXPECT_EQ(assigned("backend=bwrap"), "backend@0:0 = \"bwrap\"@0:0");
  EXPECT_EQ(assigned("environment.set.A=b=c d"), "environment.set.A@0:0 = \"b=c d\"@0:0");
  EXPECT_EQ(assigned("environment.set.A="), "environment.set.A@0:0 = \"\"@0:0");
  EXPECT_EQ(assigned("environment.set.A=1.5"), "environment.set.A@0:0 = \"1.5\"@0:0");
}

TEST(ParseAssignment, ALineBreakBringsInNoOtherKey) {
  EXPECT_EQ(assigned("nesting=false\nnesting2=true"), "nesting@0:0 = \"false\nnesting2=true\"@0:0");
}

TEST(ParseAssignment, EverythingInItHasTheOptionsOrigin) {
  const auto entry = parse_assignment("x=[{a = 1}]", kSet);
  ASSERT_TRUE(entry);
  const auto& element = std::get<ValueArray>(entry->value.data)[0];
  EXPECT_EQ(entry->origin, kSet);
  EXPECT_EQ(entry->value.origin, kSet);
  EXPECT_EQ(element.origin, kSet);
  EXPECT_EQ(std::get<ValueTable>(element.data)[0].origin, kSet);
}

TEST(ParseAssignment, WithoutAKeyIsRefused) {
  EXPECT_EQ(assigned("nesting"),
            "fence: cannot understand \"nesting\": it has no \"=\"\n  asked for by --set\n"
            "  hint: write KEY=VALUE, as in network.mode=host");
  for (const std::string text : {"=x", "a..b=1", ".a=1", "a.=1"}) {
    EXPECT_EQ(assigned(text), "fence: cannot understand \"" + text +
                                  "\": a part of the key is empty\n  asked for by --set\n"
                                  "  hint: write KEY=VALUE, as in network.mode=host");
  }
}

Value at(std::uint32_t line, decltype(Value::data) data) { return {std::move(data), {LayerKind::User, "x", line, 0}}; }

TEST(PutValue, MakesTheTablesOnTheWay) {
  ValueTable table;
  put_value(table, "a.b.c", at(1, true));
  put_value(table, "a.b.d", at(2, true));
  put_value(table, "e", at(3, true));
  EXPECT_EQ(shown(table), "a@1:0 = {b@1:0 = {c@1:0 = true@1:0, d@2:0 = true@2:0}@1:0}@1:0, e@3:0 = true@3:0");
}

TEST(PutValue, AppendsToLists) {
  ValueTable table;
  put_value(table, "a.l", at(1, ValueArray{at(1, std::string("x"))}));
  put_value(table, "a.l", at(2, ValueArray{at(2, std::string("y"))}));
  EXPECT_EQ(shown(table), "a@1:0 = {l@1:0 = [\"x\"@1:0, \"y\"@2:0]@1:0}@1:0");
}

TEST(PutValue, TheLaterSingleValueStays) {
  ValueTable table;
  put_value(table, "a", at(1, std::string("x")));
  put_value(table, "a", at(2, std::string("y")));
  EXPECT_EQ(shown(table), "a@2:0 = \"y\"@2:0");
}

TEST(PutValue, AValueOfAnotherTypeHidesNothing) {
  ValueTable table;
  put_value(table, "a", at(1, true));
  put_value(table, "a", at(2, ValueArray{}));
  put_value(table, "a.b", at(3, true));
  EXPECT_EQ(shown(table), "a@1:0 = true@1:0, a@2:0 = []@2:0, a@3:0 = {b@3:0 = true@3:0}@3:0");
}

TEST(PutValue, TheReaderReportsTheWrongOneOfTwo) {
  ValueTable table;
  put_value(table, "filesystem", at(1, std::int64_t{3}));
  put_value(table, "filesystem.allowRead", at(2, ValueArray{}));
  const auto layer = read_layer(LayerKind::CommandLine, "command line", table, {});
  ASSERT_FALSE(layer);
  ASSERT_EQ(layer.error().size(), 1U);
  EXPECT_EQ(to_string(layer.error()[0]), "fence: filesystem must be a table, not a whole number\n  asked for by x:1");
}

}  // namespace
}  // namespace fence
