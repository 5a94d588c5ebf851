#include <atomic>

#include "access/access.hpp"
#include "tasks/task_list.hpp"
#include "views/rows.hpp"

namespace video::tasks {
namespace {

constexpr std::int64_t step = 500;
constexpr std::chrono::hours countedFor{24};

schedule::Task make(const Surroundings& its) {
  return {"view-sweep", 1, 1, [&its] {
            const auto more = std::make_shared<std::atomic<bool>>(true);
            return [&its, more](std::size_t) -> std::vector<schedule::Item> {
              const Time until = its.access.now() - countedFor;
              const auto isDue = [&](store::Reader& reader) { return rows::hasOldViews(reader, until); };
              if (!more->exchange(false) || !its.database.read(isDue)) return {};
              return {[&its, more, until] {
                const auto sweep = [&](store::Transaction& transaction) {
                  return rows::removeOldViews(transaction, until, step);
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
