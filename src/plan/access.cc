#include "fence/plan/access.h"

#include <algorithm>
#include <iterator>

#include "fence/util/text.h"

namespace fence {
namespace {

bool beats_content(const Wish& a, const Wish& b) {
  if (a.rank != b.rank) return a.rank > b.rank;
  return a.content->index() < b.content->index();
}

// An exact allowWrite lifts a protection, also one of its own layer: it is how a user says "I mean this one".
bool beats_write(const Wish& a, const Wish& b) {
  if (a.rank != b.rank) return a.rank > b.rank;
  if (*a.writable == *b.writable) return false;
  const Wish& denying = *a.writable ? b : a;
  return denying.protect ? *a.writable : !*a.writable;
}

// Nothing to decide between two wishes that would do the same.
bool same_content(const Content& a, const Content& b) { return a == b; }

std::optional<Error> conflict(const Wish& a, const Wish& b) {
  if (a.rank != b.rank || a.content->index() != b.content->index() || same_content(*a.content, *b.content)) return {};
  Error error{ErrorKind::Conflict, "two different things are wanted at " + escape_bytes(a.path.text())};
  error.origin = a.origin;
  error.context.push_back("and by " + to_string(b.origin));
  error.hint = "remove one of them, or put one in a higher layer, such as the command line";
  return error;
}

}  // namespace

bool Access::hidden() const noexcept {
  return content == nullptr || std::holds_alternative<HideContent>(*content->content);
}

bool Access::scratch() const noexcept {
  return content != nullptr && std::holds_alternative<ScratchContent>(*content->content);
}

std::optional<HostPath> Access::host(const SandboxPath& path) const {
  if (content == nullptr) return std::nullopt;
  const auto* shown = std::get_if<HostContent>(&*content->content);
  if (shown == nullptr) return std::nullopt;
  return shown->source.below(content_at->relative(path));
}

bool Access::writable_host() const noexcept {
  return content != nullptr && std::holds_alternative<HostContent>(*content->content) && write != nullptr &&
         *write->writable;
}

Result<AccessTree, Errors> AccessTree::build(std::vector<Wish> wishes) {
  AccessTree tree;
  tree.wishes_ = std::move(wishes);
  Errors errors;
  for (const Wish& wish : tree.wishes_) {
    AccessNode& node = tree.nodes_[wish.path];
    bool won = false;
    if (wish.content) {
      if (node.content == nullptr || beats_content(wish, *node.content)) {
        if (node.content != nullptr) node.overruled.push_back(node.content);
        node.content = &wish;
        won = true;
      } else if (auto error = conflict(*node.content, wish)) {
        errors.push_back(*std::move(error));
      }
    }
    if (wish.writable) {
      if (node.write == nullptr || beats_write(wish, *node.write)) {
        if (node.write != nullptr && node.write != node.content) node.overruled.push_back(node.write);
        node.write = &wish;
        won = true;
      }
    }
    if (!won) node.overruled.push_back(&wish);
  }
  for (auto& entry : tree.nodes_) {
    AccessNode& node = entry.second;
    std::erase_if(node.overruled, [&](const Wish* w) { return w == node.content || w == node.write; });
  }
  if (!errors.empty()) return errors;
  tree.connect();
  return tree;
}

// Parents come first, so what holds above a node is known when its turn comes.
void AccessTree::connect() {
  const AccessNode* outer = nullptr;
  for (auto& [path, node] : nodes_) {
    while (outer != nullptr && !outer->path->contains(path)) outer = outer->outer;
    node.path = &path;
    node.outer = outer;
    if (outer != nullptr) node.here = outer->here;
    if (node.content != nullptr) {
      node.here.content = node.content;
      node.here.content_at = &path;
    }
    if (node.write != nullptr) {
      node.here.write = node.write;
      node.here.write_at = &path;
    }
    outer = &node;
  }
}

// A subtree is contiguous in the map: the nearest node above a path is the one before it, or above that one.
Access AccessTree::access_in(const AccessNode* node, const SandboxPath& path) {
  while (node != nullptr && !node->path->contains(path)) node = node->outer;
  return node == nullptr ? Access{} : node->here;
}

Access AccessTree::at(const SandboxPath& path) const {
  const auto next = nodes_.upper_bound(path);
  return access_in(next == nodes_.begin() ? nullptr : &std::prev(next)->second, path);
}

Access AccessTree::above(const SandboxPath& path) const {
  const auto next = nodes_.lower_bound(path);
  return access_in(next == nodes_.begin() ? nullptr : &std::prev(next)->second, path);
}

Decision AccessTree::decision(const AccessNode& node, const Wish& winner) {
  Decision decision{winner.origin, Because::OnlyRule, winner.why, {}};
  if (!node.overruled.empty()) {
    bool lower_layer = false;
    for (const Wish* loser : node.overruled) {
      if (loser->origin == winner.origin) continue;
      decision.overruled.push_back(loser->origin);
      lower_layer = lower_layer || loser->rank != winner.rank;
    }
    if (!decision.overruled.empty()) {
      decision.because = lower_layer ? Because::HigherLayer : Because::StricterAccess;
      return decision;
    }
  }
  const Access outer = node.above();
  const Wish* shallower = outer.content != nullptr ? outer.content : outer.write;
  if (shallower != nullptr) {
    decision.because = Because::DeeperPath;
    decision.overruled.push_back(shallower->origin);
  }
  return decision;
}

}  // namespace fence
