#include "fence/plan/decide.h"

namespace fence {

std::pair<Executor, std::string> choose_executor(Backend backend) {
  switch (backend) {
    case Backend::Auto:
      return {Executor::Bwrap, "bwrap, the default"};
    case Backend::Bwrap:
      return {Executor::Bwrap, "bwrap, as asked"};
    case Backend::Native:
      return {Executor::Native, "native, as asked"};
  }
  return {Executor::Bwrap, {}};
}

}  // namespace fence
