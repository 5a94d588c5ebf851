#include <deque>
#include <utility>

#include "observe/log.hpp"
#include "store/blobs.hpp"
#include "store/database.hpp"
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
    if (isKnown() || !its.blobs.quarantine(folder, file, isKnown)) continue;
    observe::warning("file without a video moved to lost+found", {{"file", file}});
    ++counts.done;
  }
  return counts;
}

// Each folder below blobs/ is one item, and derived/ is one.
schedule::Task make(const Surroundings& its) {
  return {"orphan-sweep", 16, 1, [&its] {
            const std::vector<std::string> folders = its.blobs.listFolders();
            return [&its, left = std::deque<std::string>(folders.begin(), folders.end()),
                    isFirst = true](std::size_t batch) mutable {
              std::vector<schedule::Item> items;
              if (std::exchange(isFirst, false))
                items.push_back([&its] { return its.renditions.sweep(its.clock.now() - youngest); });
              for (; items.size() < batch && !left.empty(); left.pop_front())
                items.push_back([&its, folder = left.front()] { return sweep(its, folder); });
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
