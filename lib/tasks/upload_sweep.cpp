#include "access/access.hpp"
#include "deletions/deletions.hpp"
#include "store/blobs.hpp"
#include "tasks/task_list.hpp"

namespace video::tasks {
namespace {

// Removes interrupted uploads, whose file is unlocked and has not been written to for long, and hashes of deleted
// videos that an import no longer needs.
schedule::Task make(const Surroundings& its) {
  return {"upload-sweep", 1, 1, [&its] {
            return [&its, isFirst = true](std::size_t) mutable -> std::vector<schedule::Item> {
              if (!std::exchange(isFirst, false)) return {};
              std::vector<schedule::Item> items = its.deletions.expireContents();
              for (const std::string& name : its.blobs.listIncoming(its.access.now() - its.brokenUploadsAfter.load()))
                items.push_back([&its, name] { return schedule::Counts{its.blobs.removeIncoming(name) ? 1U : 0U, 0}; });
              return items;
            };
          }};
}

}  // namespace

TaskKind uploadSweep() {
  TaskKind kind{.name = "upload-sweep"};
  kind.timing.every = std::chrono::hours{1};
  kind.timing.jitter = std::chrono::minutes{5};
  kind.make = make;
  return kind;
}

}  // namespace video::tasks
