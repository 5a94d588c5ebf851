#include "deletions/deletions.hpp"
#include "deletions/rows.hpp"
#include "store/blobs.hpp"
#include "store/database.hpp"
#include "tasks/task_list.hpp"
#include "videos/rows.hpp"

namespace video::tasks {
namespace {

// A pending video whose upload never finished is deleted together with the partial file.
schedule::Counts sweepUpload(const Surroundings& its, const std::string& name) {
  if (!its.blobs.removeIncoming(name)) return {};
  its.database.write(store::Purpose::keep, [&](store::Transaction& transaction) {
    const auto video = rows::findVideo(transaction, {name});
    const Time now = its.clock.now();
    if (video && video->state == VideoState::pending) rows::queueDeletion(transaction, *video, now, now);
  });
  its.deletions.wake();
  return {1, 0};
}

// Removes interrupted uploads, whose file is unlocked and has not been written to for long, and hashes of deleted
// videos that an import no longer needs.
schedule::Task make(const Surroundings& its) {
  return {"upload-sweep", 1, 1, [&its] {
            return [&its, isFirst = true](std::size_t) mutable -> std::vector<schedule::Item> {
              if (!std::exchange(isFirst, false)) return {};
              std::vector<schedule::Item> items = its.deletions.expireContents();
              for (const std::string& name : its.blobs.listIncoming(its.clock.now() - its.brokenUploadsAfter.load()))
                items.push_back([&its, name] { return sweepUpload(its, name); });
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
