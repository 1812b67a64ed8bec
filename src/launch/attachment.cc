#include "attachment.h"

#include <utility>

namespace fence::launch {

using enum AttachAction;

std::vector<AttachAction> Attachment::attach(AttachAction front, bool resume) {
  std::vector<AttachAction> actions;
  // Not earlier: a shell that edits its line has modes of its own at the terminal.
  if (!std::exchange(met_, true)) actions.push_back(CopyModes);
  actions.push_back(GoRaw);
  actions.push_back(front);
  if (resume) actions.push_back(Resume);
  attached_ = true;
  asked_ = stopped_ = false;
  return actions;
}

std::vector<AttachAction> Attachment::detach_and_stop(AttachAction stop, Foreground foreground) {
  std::vector<AttachAction> actions;
  was_attached_ = std::exchange(attached_, false);
  if (was_attached_) actions.push_back(foreground == Foreground::Ours ? Restore : LetGo);
  actions.push_back(stop);
  stopped_ = true;
  return actions;
}

std::vector<AttachAction> Attachment::next(AttachEvent event, Foreground foreground) {
  const bool ours = foreground == Foreground::Ours;
  switch (event) {
    case AttachEvent::Started:
      if (ours && wish_ == AttachWish::Eager) return attach(InFront, false);
      return {InBack};
    case AttachEvent::Asked:
      // Attached already: a group inside has the foreground and does not give it back.
      if (ours) return attach(attached_ ? CommandInFront : InFront, true);
      asked_ = true;
      return detach_and_stop(StopGroup, foreground);
    case AttachEvent::Stopped:
      // In raw mode the key did not reach fence's group, in which a script may be waiting.
      asked_ = false;
      return detach_and_stop(attached_ && ours ? StopGroup : StopSelf, foreground);
    case AttachEvent::Continued:
    case AttachEvent::NotStopped: {
      if (ours && (attached_ || was_attached_ || asked_ || wish_ == AttachWish::Eager)) return attach(InFront, true);
      // What the kernel does to a stopped group that nobody is left to continue.
      if (event == AttachEvent::NotStopped && asked_) return {HangUp};
      stopped_ = asked_ = false;
      const bool let_go = std::exchange(attached_, false);
      if (ours) return {Resume};
      return let_go ? std::vector{LetGo, InBack, Resume} : std::vector{InBack, Resume};
    }
    case AttachEvent::Looked:
      return ours && has_to_look() ? attach(InFront, false) : std::vector<AttachAction>();
  }
  return {};
}

}  // namespace fence::launch
