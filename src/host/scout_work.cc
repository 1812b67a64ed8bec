#include "scout_work.h"

#include "bwrap_probe.h"
#include "frames.h"
#include "path_prober.h"
#include "walk.h"
#include "wire.h"

namespace fence {
namespace {

wire::Answer answer(const wire::Request& request, HostFacts& facts, PathProber& prober, Looks& looks) {
  wire::Answer answer;
  for (const HostPath& path : request.paths) prober.add_path(path);
  for (const HostPath& path : request.listings) prober.add_listing(path);
  for (const HostPath& place : request.programs) {
    prober.add_path(place);
    if (trusted_program(facts, place)) break;
  }
  for (const HostPath& path : request.texts) answer.texts.emplace(path, prober.read_text(path, from_anybody));
  if (request.settings) answer.settings = prober.read_text(*request.settings, from_caller_or_root);
  answer.globs = walk_patterns(request.globs, request.walk_entries, request.walk_milliseconds, looks);
  looks.end();
  for (const HostPath& path : request.listings) answer.listings.emplace(path, facts.listings.at(path));
  for (const auto* entry : prober.take_new()) answer.paths.emplace_back(entry->first, entry->second);
  return answer;
}

std::vector<HostPath> stalled_mounts(const HostFacts& facts) {
  std::vector<HostPath> mounts;
  for (const auto& [point, mount] : facts.stalled) mounts.push_back(point);
  return mounts;
}

}  // namespace

void answer_requests(int socket, LookPage& page, HostFacts& facts) {
  Looks looks(page, stalled_mounts(facts));
  PathProber prober(facts, looks);
  FrameReader requests(socket);
  while (requests.read(true) == FrameReader::State::Complete) {
    const wire::Request request = wire::decode_request(requests.take());
    if (!send_frame(socket, encode(answer(request, facts, prober, looks)))) return;
  }
}

}  // namespace fence
