#include "orders.h"

#include <gtest/gtest.h>

#include <cstring>

namespace fence::launch {
namespace {

stage::PayloadHeader header_of(const std::string& bytes) {
  stage::PayloadHeader header{};
  std::memcpy(&header, bytes.data(), sizeof header);
  return header;
}

TEST(Payload, CountsAndOrderAreWhatTheStageReads) {
  StageOrders orders;
  orders.kept = {3, 7};
  orders.filter = {1, 2, 3, 4, 5, 6, 7, 8};
  orders.arguments = {"sh", "", "a b\n"};
  orders.variables = {"A=1", "B="};
  orders.runtime_dir = "/run/user/7";
  const std::string bytes = payload_bytes(orders);

  const auto header = header_of(bytes);
  EXPECT_EQ(header.size, bytes.size());
  EXPECT_EQ(header.arguments, 3U);
  EXPECT_EQ(header.variables, 2U);
  EXPECT_EQ(header.kept, 2U);
  EXPECT_EQ(header.filter, 8U);
  std::int32_t kept[2];
  std::memcpy(kept, bytes.data() + sizeof header, sizeof kept);
  EXPECT_EQ(kept[0], 3);
  EXPECT_EQ(kept[1], 7);
  const std::size_t filter_at = sizeof header + sizeof kept;
  EXPECT_EQ(bytes.substr(filter_at, 8), "\1\2\3\4\5\6\7\10");
  const std::string strings = bytes.substr(filter_at + 8);
  const char expected[] = "sh\0\0a b\n\0A=1\0B=\0/run/user/7";
  EXPECT_EQ(strings, std::string(expected, sizeof expected));
}

TEST(Payload, LimitsComeFirst) {
  StageOrders orders;
  orders.limits = {{4, 0}, {7, 1024}};
  orders.kept = {5};
  orders.arguments = {"true"};
  const std::string bytes = payload_bytes(orders);
  EXPECT_EQ(header_of(bytes).limits, 2U);
  stage::LimitRecord limits[2];
  std::memcpy(limits, bytes.data() + sizeof(stage::PayloadHeader), sizeof limits);
  EXPECT_EQ(limits[0].resource, 4U);
  EXPECT_EQ(limits[1].resource, 7U);
  EXPECT_EQ(limits[1].value, 1024U);
  std::int32_t kept = 0;
  std::memcpy(&kept, bytes.data() + sizeof(stage::PayloadHeader) + sizeof limits, sizeof kept);
  EXPECT_EQ(kept, 5);
}

TEST(Payload, NoRuntimeDirectoryIsAnEmptyString) {
  StageOrders orders;
  orders.arguments = {"true"};
  EXPECT_EQ(payload_bytes(orders).substr(sizeof(stage::PayloadHeader)), std::string("true\0\0", 6));
}

TEST(Payload, HeaderFieldsOfTheCallerSurvive) {
  StageOrders orders;
  orders.header.control = 9;
  orders.header.streams[1] = -1;
  orders.header.ignored = 1U << 13;
  orders.header.place = stage::Place::OwnGroup;
  const auto header = header_of(payload_bytes(orders));
  EXPECT_EQ(header.control, 9);
  EXPECT_EQ(header.streams[1], -1);
  EXPECT_EQ(header.ignored, 1U << 13);
  EXPECT_EQ(header.place, stage::Place::OwnGroup);
}

}  // namespace
}  // namespace fence::launch
