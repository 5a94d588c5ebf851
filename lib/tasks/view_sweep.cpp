#include <atomic>

#include "access/access.hpp"
#include "tasks/task_list.hpp"
#include "views/rows.hpp"

namespace video::tasks {
namespace {

constexpr std::int64_t step = 500;
constexpr std::chrono::hours countedFor{24};
constexpr std::chrono::hours historyFor{24 * 400};

schedule::Task make(const Surroundings& its) {
  return {"view-sweep", 1, 1, [&its] {
            const auto more = std::make_shared<std::atomic<bool>>(true);
            return [&its, more](std::size_t) -> std::vector<schedule::Item> {
              const Time now = its.access.now();
              const auto isDue = [&](store::Reader& reader) {
                return rows::hasOldViews(reader, now - countedFor) || rows::hasOldHistory(reader, now - historyFor);
              };
              if (!more->exchange(false) || !its.database.read(isDue)) return {};
              return {[&its, more, now] {
                const auto sweep = [&](store::Transaction& transaction) {
                  const std::int64_t views = rows::removeOldViews(transaction, now - countedFor, step);
                  return views + rows::removeOldHistory(transaction, now - historyFor, step - views);
                };
                const std::int64_t removed = its.database.write(store::Purpose::keep, sweep);
                *more = removed == step;
                return schedule::Counts{static_cast<std::size_t>(removed), 0};
              }};
            };
          }};
}

}  // namespace

TaskKind viewSweep() {
  TaskKind kind{.name = "view-sweep"};
  kind.timing.every = std::chrono::minutes{10};
  kind.timing.jitter = std::chrono::seconds{30};
  kind.make = make;
  return kind;
}

}  // namespace video::tasks
