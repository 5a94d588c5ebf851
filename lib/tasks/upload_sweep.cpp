#include <set>
#include <utility>

#include "deletions/deletions.hpp"
#include "deletions/rows.hpp"
#include "store/blobs.hpp"
#include "store/database.hpp"
#include "tasks/rows.hpp"
#include "tasks/task_list.hpp"
#include "videos/rows.hpp"

namespace video::tasks {
namespace {

constexpr std::int64_t step = 500;  // rows in one transaction

bool queuePending(const Surroundings& its, store::Transaction& transaction, const VideoId& id) {
  const auto video = rows::findVideo(transaction, id);
  const Time now = its.clock.now();
  return video && video->state == VideoState::pending && rows::queueDeletion(transaction, *video, now, now);
}

// A pending video whose upload never finished is deleted together with the partial file.
schedule::Counts sweepUpload(const Surroundings& its, const std::string& name) {
  const auto queue = [&] {
    its.database.write(store::Purpose::keep,
                       [&](store::Transaction& transaction) { queuePending(its, transaction, {name}); });
  };
  if (!its.blobs.removeIncoming(name, queue)) return {};
  its.deletions.wake();
  return {1, 0};
}

// Deletes old pending videos without a partial file: no upload began, or the file went when its daemon had crashed.
schedule::Counts sweepVideos(const Surroundings& its) {
  const Time now = its.clock.now();
  schedule::Counts counts;
  VideoId last;
  for (bool isMore = true; isMore;) {
    auto videos = its.database.read([&](store::Reader& reader) {
      return rows::listPending(reader, last, now - its.brokenUploadsAfter.load(), now, step);
    });
    isMore = std::cmp_equal(videos.size(), step);
    if (!videos.empty()) last = videos.back();
    // The others are swept by the age of their files.
    const std::vector<std::string> incoming = its.blobs.listIncoming(Time::max());
    const std::set<std::string> names(incoming.begin(), incoming.end());
    std::erase_if(videos, [&](const VideoId& id) { return names.contains(id.text); });
    if (videos.empty()) continue;
    counts.done += its.database.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      std::size_t queued = 0;
      for (const VideoId& id : videos)
        queued += !its.blobs.isUnderWay(id.text) && queuePending(its, transaction, id) ? 1 : 0;
      return queued;
    });
  }
  if (counts.done > 0) its.deletions.wake();
  return counts;
}

// Removes interrupted uploads, whose file is unlocked and has not been written to for long, videos that have been
// pending for as long, and hashes of deleted videos that an import no longer needs.
schedule::Task make(const Surroundings& its) {
  return {"upload-sweep", 1, 1, [&its] {
            return [&its, isFirst = true](std::size_t) mutable -> std::vector<schedule::Item> {
              if (!std::exchange(isFirst, false)) return {};
              std::vector<schedule::Item> items = its.deletions.expireContents();
              for (const std::string& name : its.blobs.listIncoming(its.clock.now() - its.brokenUploadsAfter.load()))
                items.push_back([&its, name] { return sweepUpload(its, name); });
              items.push_back([&its] { return sweepVideos(its); });
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
