#pragma once
// Each ability as a sequence of system calls. They change the process that runs them: for attempt() only, but for
// ask_*.
#include "attempt.h"

namespace fence {

AttemptResult try_user_namespace();
AttemptResult try_proc();
AttemptResult try_devpts();
AttemptResult try_network();
AttemptResult try_ipc();
AttemptResult try_uts();
AttemptResult try_cgroup();
AttemptResult try_seccomp();
AttemptResult try_native();
/// Changes nothing, and costs one system call.
AttemptResult ask_landlock();

}  // namespace fence
