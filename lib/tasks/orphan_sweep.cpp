#include <deque>
#include <utility>

#include "observe/log.hpp"
#include "store/blobs.hpp"
#include "store/database.hpp"
#include "store/directory.hpp"
#include "store/lost_files.hpp"
#include "tasks/rows.hpp"
#include "tasks/task_list.hpp"

namespace video::tasks {
namespace {

// An upload's file exists for a moment before its row is committed.
constexpr std::chrono::hours youngest{24};

schedule::Counts sweep(const Surroundings& its, const std::string& folder) {
  schedule::Counts counts;
  for (const std::string& file : its.blobs.listFiles(folder, its.clock.now() - youngest)) {
    const auto isKnown = [&] {
      return its.database.read([&](store::Reader& reader) { return rows::isBlobKnown(reader, file); });
    };
    using Swept = store::Blobs::Swept;
    const Swept swept = isKnown() ? Swept::no : its.blobs.quarantine(folder, file, isKnown);
    if (swept == Swept::no) continue;
    observe::warning(swept == Swept::moved ? "file without a video moved to lost+found"
                                           : "file without a video removed, because it has another name elsewhere",
                     {{"file", file}});
    ++counts.done;
  }
  return counts;
}

schedule::Counts sweepLost(const Surroundings& its) {
  schedule::Counts counts;
  const std::chrono::milliseconds kept = its.keepLost;
  if (kept.count() == 0) return counts;
  counts.done = store::LostFiles(its.database.directory()).removeOld(its.clock.now() - kept);
  if (counts.done > 0) observe::info("old files removed from lost+found", {{"files", counts.done}});
  return counts;
}

// Each folder below blobs/ and derived/ is one item, and lost+found is the last.
schedule::Task make(const Surroundings& its) {
  return {"orphan-sweep", 16, 1, [&its] {
            const std::vector<std::string> folders = its.blobs.listFolders();
            const std::vector<VideoId> derived = its.renditions.listFolders();
            return [&its, left = std::deque<std::string>(folders.begin(), folders.end()),
                    videos = std::deque<VideoId>(derived.begin(), derived.end()),
                    isLostLeft = true](std::size_t batch) mutable {
              std::vector<schedule::Item> items;
              for (; items.size() < batch && !left.empty(); left.pop_front())
                items.push_back([&its, folder = left.front()] { return sweep(its, folder); });
              for (; items.size() < batch && !videos.empty(); videos.pop_front())
                items.push_back([&its, video = videos.front()] { return its.renditions.sweep(video); });
              if (items.size() < batch && std::exchange(isLostLeft, false))
                items.push_back([&its] { return sweepLost(its); });
              return items;
            };
          }};
}

}  // namespace

TaskKind orphanSweep() {
  TaskKind kind{.name = "orphan-sweep"};
  kind.timing.cron = "30 4 * * 0";
  kind.timing.jitter = std::chrono::minutes{30};
  kind.timing.timeout = std::chrono::hours{12};
  kind.make = make;
  return kind;
}

}  // namespace video::tasks
