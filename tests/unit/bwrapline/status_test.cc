#include "fence/bwrapline/status.h"

#include <gmock/gmock.h>

namespace fence::bwrapline {
namespace {

const std::vector<NamespaceId> kTwo{{"mnt", 12}, {"pid", 34}};

TEST(Status, IsWrittenByteForByte) {
  EXPECT_EQ(info_text(7, kTwo), "{\n    \"child-pid\": 7,\n    \"mnt-namespace\": 12,\n    \"pid-namespace\": 34\n}\n");
  EXPECT_EQ(status_line(7, kTwo), "{ \"child-pid\": 7, \"mnt-namespace\": 12, \"pid-namespace\": 34 }\n");
  EXPECT_EQ(exit_line(3), "{ \"exit-code\": 3 }\n");
}

TEST(Status, TellsOfTheNamespacesThatAreNew) {
  Namespaces all{.user = true, .ipc = true, .pid = true, .net = true, .uts = true, .cgroup = Unshare::Yes};
  EXPECT_THAT(told_namespaces(all), testing::ElementsAre("cgroup", "ipc", "mnt", "net", "pid", "uts"));
  EXPECT_THAT(told_namespaces({.cgroup = Unshare::Try}), testing::ElementsAre("mnt"));
}

}  // namespace
}  // namespace fence::bwrapline
